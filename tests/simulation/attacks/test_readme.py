"""Every test that the README tells of an attack is there."""

import re
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
TOP: Final = HERE.parents[2]
CELL: Final = re.compile(r"^\| [^|`]+ \| ([^|]+) \|$", re.MULTILINE)  # of an attack, its tests
SAID: Final = re.compile(r"(?P<file>(?:tests/[\w/]+/)?test_\w+)|`(?P<test>\w+)")


def told() -> list[tuple[str, str]]:
    """Each test with the file that it is said to be in."""
    found = []
    for cell in CELL.findall((HERE / "README.md").read_text()):
        file = ""
        for said in SAID.finditer(cell):
            file = said["file"] or file
            if said["test"]:
                found.append((file, said["test"]))
    return found


def test_every_test_that_is_told_of_is_there() -> None:
    assert len(told()) > 60
    missing = []
    for file, test in told():
        near = [TOP / f"{file}.py"] if "/" in file else sorted((TOP / "tests").rglob(f"{file}.py"))
        if not any(f"def test_{test.rstrip('_')}" in path.read_text() for path in near if path.exists()):
            missing.append(f"{file}: {test}")
    assert missing == []
