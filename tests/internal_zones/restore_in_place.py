"""Overwrites a database as `corrosion restore` does, as a process of its own: python -m … SOURCE TARGET.

The inode stays; every lock of SQLite is taken first, on the file and on its shared memory (byte ranges of os_unix.c); whoever
holds a read transaction makes it time out. See sqlite3-restore in Corrosion's source.
"""

import fcntl
import os
import sys
import time
from pathlib import Path
from typing import BinaryIO

PENDING, SHARED = 0x40000000, 0x40000002
SHM_WRITE, SHM_READ_0, SHM_DMS = 120, 123, 128
SHM_HEADER_OCTETS = 136
TIMEOUT = 30.0


def lock(file: BinaryIO, kind: int, start: int, length: int = 1) -> None:
    """Take a POSIX lock on the range, waiting for at most TIMEOUT."""
    deadline = time.monotonic() + TIMEOUT
    while True:
        try:
            fcntl.lockf(file, kind | fcntl.LOCK_NB, length, start)
        except OSError:
            if time.monotonic() > deadline:
                sys.exit("acquiring lock timed out")
            time.sleep(0.001)
        else:
            return


def restore(source: Path, target: Path) -> None:
    with target.open("r+b") as file, Path(f"{target}-shm").open("r+b") as memory:
        lock(file, fcntl.LOCK_SH, PENDING)
        lock(file, fcntl.LOCK_SH, SHARED, 510)
        lock(memory, fcntl.LOCK_SH, SHM_DMS)
        for byte in range(SHM_WRITE, SHM_READ_0 + 5):
            lock(memory, fcntl.LOCK_EX, byte)
        os.truncate(f"{target}-wal", 0)
        octets = source.read_bytes()
        file.write(octets)
        file.truncate(len(octets))
        os.fsync(file.fileno())
        memory.write(bytes(SHM_HEADER_OCTETS))


if __name__ == "__main__":
    restore(Path(sys.argv[1]), Path(sys.argv[2]))
