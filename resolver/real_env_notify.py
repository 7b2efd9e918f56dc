"""Telling the service manager how we are, in the words of sd_notify(3); a process without one tells nobody."""

import contextlib
import os
import socket
from collections.abc import Callable, Mapping
from typing import Final

NON_BLOCKING: Final = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK


def notifier(environ: Mapping[str, str]) -> Callable[[str], None] | None:
    """What sends a state such as "READY=1" to the socket that NOTIFY_SOCKET names, without waiting; None: it names none."""
    path = environ.get("NOTIFY_SOCKET", "")
    if not path.startswith(("/", "@")):
        return None
    address = f"\0{path[1:]}" if path.startswith("@") else path

    def notify(state: str) -> None:
        # When the manager is gone or slow, it sees what becomes of us without being told.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, NON_BLOCKING) as sock:
            sock.sendto(state.encode(), address)

    return notify


def watchdog_seconds(environ: Mapping[str, str], pid: int) -> float | None:
    """Within how many seconds the service manager wants to hear from `pid`, again and again; None: it does not."""
    wanted = environ.get("WATCHDOG_USEC", "")
    if environ.get("WATCHDOG_PID", str(pid)) != str(pid) or not wanted.isdecimal() or not int(wanted):
        return None
    return int(wanted) / 1e6


def is_journal(environ: Mapping[str, str], fd: int) -> bool:
    """Does what is written to `fd` go to systemd's journal? JOURNAL_STREAM names its device and inode (systemd.exec(5))."""
    found = os.fstat(fd)
    return environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"
