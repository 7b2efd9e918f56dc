"""A README's table of modules has each module of its package, and no other."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.source import ROOT

HEAD: Final = "| module | answers |\n| --- | --- |\n"
NAME: Final = re.compile(r"`(\w+)`")


def listed(readme: Path) -> set[str]:
    """What the table names, in its first column."""
    _, _, table = readme.read_text().partition(HEAD)
    rows = table.partition("\n\n")[0].splitlines()
    return {name for row in rows for name in NAME.findall(row.split("|")[1])}


def modules(package: Path) -> set[str]:
    """The modules and packages that stand in it."""
    inner = {one.parent.name for one in package.glob("*/__init__.py")}
    return inner | {one.stem for one in package.glob("*.py")} - {"__init__"}


@pytest.mark.parametrize(
    ("readme", "package"),
    [
        ("cache/README.md", "cache"),
        ("internal_zones/README.md", "internal_zones"),
        ("resolver/README.md", "resolver/daemon"),
    ],
)
def test_the_table_of_modules_is_whole(readme: str, package: str) -> None:
    assert listed(ROOT / readme) == modules(ROOT / package)
