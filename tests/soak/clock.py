"""A host whose wall clock is set while a program runs: `clock.py FILE SCRIPT ARGUMENT …` runs the script so.

FILE holds a double: seconds by which the clock is off. Monotonic time goes on as it does when somebody sets a real clock.
"""

import mmap
import runpy
import struct
import sys
import time
from pathlib import Path

OFFSET = struct.Struct("=d")


def set_clock(file: Path, ahead: float) -> None:
    """Have the clock of who reads this file be ahead by so many seconds; in place, as it is mapped there."""
    with file.open("r+b") as written:
        written.write(OFFSET.pack(ahead))


def main() -> None:
    file, script, *arguments = sys.argv[1:]
    with open(file, "r+b") as opened:
        offset = mmap.mmap(opened.fileno(), OFFSET.size)
    true_time = time.time
    time.time = lambda: true_time() + OFFSET.unpack(offset[: OFFSET.size])[0]
    sys.argv = [script, *arguments]
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main()
