"""How many instructions does an answer take? Counted by callgrind, and so the same on a busy machine and on a quiet one.

They are held against instructions.json, which has a figure for each interpreter and form that one was stored for:
`python -m tests.bench.bench_instructions` counts, and writes them anew. Without valgrind, or without a figure, nothing is
held, and the reason is told.
"""

import json
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cache.form import FORM
from tests.bench.callgrind import TOOLS, counted
from tests.bench.counted import MISS, PARTS, SIGNED_MISS
from tests.bench.measure import Row

FIGURES: Final = Path(__file__).with_name("instructions.json")
CALLS: Final = 1000
MARGIN: Final = 1.03  # over the stored figure
MACHINE: Final = f"{FORM}, CPython {platform.python_version()}, {platform.python_compiler()}, {platform.machine()}"


def rows() -> Iterator[Row]:
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        print(f"instructions are not counted: no {', '.join(missing)} here", file=sys.stderr)
        return
    wanted = json.loads(FIGURES.read_text()).get(MACHINE)
    if wanted is None:
        print(f"instructions are held against nothing: {FIGURES.name} has no figure for {MACHINE}", file=sys.stderr)
    for part in (*PARTS, MISS, SIGNED_MISS):
        ceiling = None if wanted is None or part not in wanted else wanted[part] * MARGIN
        yield Row(f"instructions (not µs) of {part}, {FORM}", instructions(part), ceiling=ceiling)


def instructions(part: str, calls: int = CALLS) -> float:
    """Instructions in user space that one call takes."""
    (total,) = counted("-m", "tests.bench.counted", part, str(calls))
    return total / calls


def store() -> None:
    """Write down what is counted now for this interpreter and form."""
    figures = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    figures[MACHINE] = {part: round(instructions(part)) for part in (*PARTS, MISS, SIGNED_MISS)}
    FIGURES.write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    store()
