"""Is there memory left for what nobody can guard? A reserve, given back to the host when there is not.

A MemoryError in a connection ends the connection; one within trio's own few lines ends the process. So before trio has its turns
there must be as much as it may take in them. What is found out is whether the host refuses address space (`ulimit -v`, strict
overcommit); where a cgroup has the bound nothing is refused, and the process ends.
"""

import mmap
from collections.abc import Callable
from typing import Final

RESERVE: Final = 16 << 20  # octets, never written to, and so of the address space only
MARGIN: Final = (
    4 << 20
)  # octets that trio and its tasks may take in 8 turns: as many connections read a long query in each


class Reserve:
    """Memory that nobody uses. shed: gives up what is remembered and can be had again; set by who has it."""

    def __init__(self, octets: int = RESERVE, margin: int = MARGIN) -> None:
        self.shed: Callable[[], None] = _nothing
        self._octets = octets
        self._margin = margin
        self._held: mmap.mmap | None = None

    @property
    def is_held(self) -> bool:
        """False while the host has no more than that."""
        return self._held is not None

    def look(self) -> None:
        """Give it back, and what is remembered, if the host has less than the margin; have it again once there is enough."""
        if _is_there(self._margin):
            if self._held is None:
                self._hold()
            return
        self._let_go()
        self.shed()

    def _hold(self) -> None:
        self._held = _mapped(self._octets)
        if not _is_there(self._margin):
            self._let_go()

    def _let_go(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None


def _is_there(octets: int) -> bool:
    found = _mapped(octets)
    if found is None:
        return False
    found.close()
    return True


def _mapped(octets: int) -> mmap.mmap | None:
    """So many octets of a process's own; None: the host has not as many. (Two system calls, with `close`.)"""
    try:
        return mmap.mmap(-1, octets, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except (OSError, MemoryError):
        return None


def _nothing() -> None:
    """Nobody remembers anything yet."""
