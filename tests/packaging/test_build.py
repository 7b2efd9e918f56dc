"""The modules are compiled by what was counted at their usual work: gcc does not say so when it finds no counts."""

import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

import hatch_build

CALLED_OFTEN = """
__attribute__((noinline)) int often(int n) { int sum = 0; for (int i = 0; i < n; i++) sum += i * n; return sum; }
int main(int n, char **words) { int sum = 0; for (int i = 0; i < 5000; i++) sum += often(i); return sum == 1; }
"""


@pytest.mark.skipif(not hatch_build._is_gcc(), reason="other compilers than gcc do not count")
def test_an_object_file_is_made_by_what_was_counted(tmp_path: Path) -> None:
    source, profile = tmp_path / "work.c", tmp_path / "profile"
    source.write_text(CALLED_OFTEN)
    extension = SimpleNamespace(depends=[], include_dirs=[])

    def sections_of(made: str) -> str:
        return subprocess.run(
            ["readelf", "--sections", "--wide", made], check=True, capture_output=True, text=True
        ).stdout

    counting = hatch_build._object_of(str(source), extension, tmp_path / "counting", None, hatch_build.COUNTING)
    subprocess.run(["gcc", *hatch_build.COUNTING, counting, "-o", tmp_path / "work"], check=True)
    subprocess.run([tmp_path / "work"], check=True)
    (counts,) = (tmp_path / "counting").rglob("*.gcda")
    profile.mkdir()
    shutil.copy(counts, profile)
    without = hatch_build._object_of(str(source), extension, tmp_path / "without", None, ())
    by_counts = hatch_build._object_of(str(source), extension, tmp_path / "objects", profile, ())
    assert ".text.hot" not in sections_of(without)
    assert ".text.hot" in sections_of(by_counts)
