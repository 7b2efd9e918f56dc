"""The program as an operator installs it: a wheel, in a virtual environment of its own, with no checkout in its reach."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Final

from tests.real.harness import ROOT

PIP: Final = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")


def build_wheel(folder: Path) -> Path:
    """A wheel in `folder`, without compiled modules, for compiling takes minutes. No index is asked."""
    build = [*PIP, "wheel", "--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, env={**os.environ, "HATCH_BUILD_NO_HOOKS": "true"})
    (wheel,) = folder.glob("*.whl")
    return wheel


def install(folder: Path) -> str:
    """Build the wheel, install it below `folder`, and give the path of its `cistern`.

    No index is asked: what the wheel depends on is taken of the environment that the tests run in, after what is installed
    here. The checkout is in that one's reach by a .pth file, and Python reads none of a folder that a .pth file itself names.
    """
    wheel = build_wheel(folder)
    home = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    python = home / "bin" / "python"
    subprocess.run([*PIP, "--python", str(python), "install", "--no-index", "--no-deps", str(wheel)], check=True)
    (site,) = home.glob("lib/python*/site-packages")
    (site / "of_the_tests.pth").write_text(sysconfig.get_path("purelib") + "\n")
    found = subprocess.run(
        [str(python), "-c", "import cache, internal_zones, resolver; print(cache, internal_zones, resolver)"],
        check=True,
        capture_output=True,
        text=True,
        cwd=folder,
    )
    assert found.stdout.count(str(site)) == 3, found.stdout
    return str(home / "bin" / "cistern")
