"""Saves a snapshot in a process of its own: `python -m tests.cache.snapshot.saving FILE [SLICES]`, a line for each slice.

Exits with 3 when it could not be saved.
"""

import sys
from typing import Final

from cache.snapshot import NotSaved, SnapshotWriter, saved
from tests.cache.snapshot.made import SAVED_AT, SHIFT, many

SLICES: Final = 60
ROWS: Final = 500
NOT_SAVED: Final = 3


def main() -> int:
    path, slices = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else SLICES
    try:
        with SnapshotWriter(path, SAVED_AT) as writer:
            for part in range(slices):
                writer.write(saved(entry, 0, SHIFT) for entry in many(part * ROWS, ROWS))
                print(part, flush=True)
            writer.finish()
    except NotSaved as problem:
        print("not saved:", problem, file=sys.stderr)
        return NOT_SAVED
    return 0


if __name__ == "__main__":
    sys.exit(main())
