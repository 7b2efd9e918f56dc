"""The file around the rows: how it is told that it is ours, whole and unchanged, before SQLite sees any of it.

A snapshot is an SQLite database and, behind its last page, a seal: a mark and the BLAKE2b digest of all octets before it.
SQLite passes over what stands behind its last page, so sqlite3 opens the file as it is; whoever writes to it breaks the seal.
"""

import errno
import hashlib
import os
import stat
from contextlib import suppress
from enum import StrEnum
from struct import Struct
from typing import BinaryIO, Final

APPLICATION_ID: Final = int.from_bytes(b"CSTN", "big")  # SQLite's application_id: whose file it is
# SQLite's user_version: of schema.py, rows.py and the seal. Files of version 1 have no row "proven"; in those of 1 and 2
# `rank` is called `trust`.
VERSION: Final = 3

SQLITE_MAGIC: Final = b"SQLite format 3\0"
HEADER_OCTETS: Final = 100
USER_VERSION_AT: Final = 60  # in SQLite's header
APPLICATION_ID_AT: Final = 68
SEAL: Final = Struct("!16s32s")
SEAL_MARK: Final = b"cistern snapshot"
DIGEST_OCTETS: Final = 32
CHUNK: Final = 1 << 20  # octets read at once
MAX_ASIDE: Final = 3  # refused files kept; the next one takes the place of the oldest
FILE_MODE: Final = 0o600  # what was asked on this host is nobody else's business


class Defect(StrEnum):
    """Why a file is not loaded."""

    FOREIGN = "foreign"
    LATER_VERSION = "later version"
    DAMAGED = "damaged"
    BAD_ROW = "bad row"


class Unloadable(Exception):
    """The file is none that can be loaded; the text says what is wrong with it, and where."""

    def __init__(self, defect: Defect, text: str) -> None:
        super().__init__(text)
        self.defect = defect


def seal(file: BinaryIO) -> int:
    """Put the seal behind what stands in `file`, and have it on the disk; the octets of the file. Raises OSError."""
    file.seek(0)
    digest = _digest(file, os.fstat(file.fileno()).st_size)
    file.seek(0, os.SEEK_END)
    file.write(SEAL.pack(SEAL_MARK, digest))
    file.flush()
    os.fsync(file.fileno())
    return file.tell()


def check(path: str) -> None:
    """See that the file at `path` is a whole snapshot that we can read. Raises Unloadable, and OSError if it cannot be read."""
    # O_NONBLOCK: a FIFO in its place must not hold us up
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Unloadable(Defect.FOREIGN, "no regular file")
        header = file.read(HEADER_OCTETS)
        _check_header(header)
        file.seek(0)
        pages = status.st_size - SEAL.size
        if pages < HEADER_OCTETS:
            raise Unloadable(Defect.DAMAGED, f"{status.st_size} octets are too few")
        digest = _digest(file, pages)
        mark, sealed = SEAL.unpack(file.read(SEAL.size).ljust(SEAL.size))
        if mark != SEAL_MARK:
            raise Unloadable(Defect.DAMAGED, "no seal at its end: cut off, or written to since it was saved")
        if sealed != digest:
            raise Unloadable(Defect.DAMAGED, "its checksum is another: changed since it was saved")


def set_aside(path: str) -> str:
    """Rename the file at `path` so that it is not loaded again, and kept for whoever wants to know; its new name.

    At most MAX_ASIDE are kept. Raises OSError.
    """
    keep_what_is_no_file(path)
    names = [f"{path}.refused-{number}" for number in range(1, MAX_ASIDE + 1)]
    free = [name for name in names if not os.path.lexists(name)]
    aside = free[0] if free else min(names, key=lambda name: os.lstat(name).st_mtime)
    os.replace(path, aside)
    return aside


def keep_what_is_no_file(path: str) -> None:
    """Raises OSError if a device or anything else but a file, or a link, is at `path`: no file of ours takes its place."""
    with suppress(FileNotFoundError):
        mode = os.lstat(path).st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISLNK(mode):
            raise OSError(errno.EEXIST, "no regular file", path)


def _check_header(header: bytes) -> None:
    if not header:
        raise Unloadable(Defect.DAMAGED, "an empty file")
    if header[: len(SQLITE_MAGIC)] != SQLITE_MAGIC[: len(header)]:
        raise Unloadable(Defect.FOREIGN, "no SQLite file")
    if len(header) < HEADER_OCTETS:
        raise Unloadable(Defect.DAMAGED, f"{len(header)} octets are too few")
    if _number(header, APPLICATION_ID_AT) != APPLICATION_ID:
        raise Unloadable(Defect.FOREIGN, "an SQLite file, and not of this program")
    version = _number(header, USER_VERSION_AT)
    if version > VERSION:
        raise Unloadable(Defect.LATER_VERSION, f"version {version}; this program knows up to {VERSION}")
    if version < 1:
        raise Unloadable(Defect.DAMAGED, f"version {version} has never been")


def _number(header: bytes, at: int) -> int:
    return int.from_bytes(header[at : at + 4], "big")


def _digest(file: BinaryIO, octets: int) -> bytes:
    """Of the next so many octets of the file, or of fewer where it ends before."""
    digest = hashlib.blake2b(digest_size=DIGEST_OCTETS)
    while octets > 0:
        chunk = file.read(min(CHUNK, octets))
        if not chunk:
            break
        digest.update(chunk)
        octets -= len(chunk)
    return digest.digest()
