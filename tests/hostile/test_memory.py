"""Whatever strangers do, no table takes more than docs/memory.md says of it."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.hostile.worst_case import CACHE_OCTETS, TABLES

ROOT: Final = Path(__file__).parents[2]
MIB: Final = 1 << 20
ROOM: Final = 1.1  # what the allocator keeps to itself
LAST: Final = re.compile(r"(\d+) MiB \|$|= (\d+) \|$")


def promised() -> dict[str, int]:
    """What docs/memory.md says that each of these tables takes, in octets."""
    said = {"cache.store:RRsetCache._nodes": CACHE_OCTETS}  # as the operator says
    for line in (ROOT / "docs" / "memory.md").read_text().splitlines():
        found = LAST.search(line)
        if found is not None:
            octets = int(found[1]) * MIB if found[1] else int(found[2])
            said |= {name: octets for name in TABLES if f"`{name}`" in line}
    return said


def test_the_longest_things_fill_no_table_past_its_bound() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.hostile.worst_case"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    grown = json.loads(run.stdout)
    bounds = promised()
    assert set(grown) == set(bounds) == set(TABLES)
    too_much = {name: octets for name, octets in grown.items() if octets > bounds[name] * ROOM + MIB}
    assert not too_much
    assert all(octets > MIB // 2 for octets in grown.values()), "something was filled"
