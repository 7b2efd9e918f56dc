"""Who writes to a file? The kernel tells (inotify(7)), so that nobody has to look again and again.

The file's folder is watched, not the file: what matters is who stands at its path, and a writer of a SQLite file in WAL mode
writes to the file beside it.
"""

import ctypes
import errno
import os
import struct
from pathlib import Path
from typing import Final

import trio

IN_MODIFY: Final = 0x2  # of linux/inotify.h
IN_ATTRIB: Final = 0x4
IN_MOVED: Final = 0xC0
IN_CREATE: Final = 0x100
IN_DELETE: Final = 0x200
IN_ONLYDIR: Final = 0x01000000
IN_ENDED: Final = 0x2000 | 0x8000  # unmounted; the watch was removed, as with its folder
OVERFLOWN: Final = 0x4000  # notices were lost: something has happened
HEADER: Final = struct.Struct("iIII")  # watch, mask, cookie, octets of the name that follows
READ_OCTETS: Final = 65536
MOUNTS: Final = Path("/proc/self/mountinfo")
ENDINGS: Final = (
    "",
    "-wal",
    "-journal",
)  # of the files that a commit is written to; -shm is mapped, and tells nothing
# Where others than this kernel write: it tells of our own writes only.
REMOTE: Final = ("nfs", "cifs", "smb", "9p", "ceph", "glusterfs", "lustre", "fuse.sshfs")


class RealFileNotices:
    """Notices of one SQLite file (resolver.env.FileNotices)."""

    def __init__(self, path: str) -> None:
        """Raises OSError where the kernel cannot tell."""
        real = os.path.realpath(path)
        self._names = frozenset(os.fsencode(os.path.basename(real) + ending) for ending in ENDINGS)
        folder = os.path.dirname(real)
        kind = file_system_of(folder)
        if kind.startswith(REMOTE):
            raise OSError(errno.ENOTSUP, f"others may write to it ({kind})", folder)
        libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = _checked(libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC), folder)
        wanted = IN_MODIFY | IN_ATTRIB | IN_MOVED | IN_CREATE | IN_DELETE | IN_ONLYDIR
        try:
            _checked(libc.inotify_add_watch(self._descriptor, os.fsencode(folder), wanted), folder)
        except OSError:
            os.close(self._descriptor)
            raise

    async def wait(self) -> None:
        """Return when something has happened to the file since the last call; raises OSError when nobody tells any more."""
        while True:
            await trio.lowlevel.wait_readable(self._descriptor)
            try:
                octets = os.read(self._descriptor, READ_OCTETS)
            except BlockingIOError:
                continue
            if concerns(octets, self._names):
                return

    def close(self) -> None:
        trio.lowlevel.notify_closing(self._descriptor)
        os.close(self._descriptor)


def concerns(octets: bytes, names: frozenset[bytes]) -> bool:
    """Does any of the events that were read concern a file of these names? Raises OSError when the watch has ended."""
    at, found = 0, False
    while at + HEADER.size <= len(octets):
        _, mask, _, length = HEADER.unpack_from(octets, at)
        at += HEADER.size
        if mask & IN_ENDED:
            raise OSError(errno.ENOENT, "its folder is gone")
        found = found or bool(mask & OVERFLOWN) or octets[at : at + length].rstrip(b"\0") in names
        at += length
    return found


def file_system_of(folder: str) -> str:
    """The type of the file system that the folder is on; "": not known."""
    try:
        lines = MOUNTS.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    kinds = {}
    for line in lines:  # mounts that come later cover those before
        before, _, after = line.partition(" - ")
        kinds[before.split()[4]] = after.split()[0]
    here = Path(folder)
    return next((kinds[str(place)] for place in (here, *here.parents) if str(place) in kinds), "")


def _checked(result: int, name: str) -> int:
    """What a function of libc returned; raises OSError for -1."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), name)
    return result
