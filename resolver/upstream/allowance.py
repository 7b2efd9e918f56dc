"""How many packets may be sent beyond those that a network without loss would need? A bucket that every question fills."""

from typing import Final

SHARE: Final = 0.05  # of a packet that each question to a zone's servers adds: one in twenty is extra
# packets that may be saved up, as many as one client question may take. A daemon that has just started has that many servers
# to get to know: its slowest answers are those of the first seconds, when of each zone one server is asked that nobody knows
MOST: Final = 200.0
RESERVED: Final = 16.0  # packets kept for replies that are late; what merely teaches something does without


class Allowance:
    """The packets that may still be spent."""

    __slots__ = ("packets",)

    def __init__(self) -> None:
        self.packets = MOST

    def earn(self) -> None:
        """A question is put to a zone's servers."""
        if self.packets < MOST:
            self.packets += SHARE

    def may_explore(self) -> bool:
        """Is there enough to ask a server only to get to know it?"""
        return self.packets > RESERVED

    def may_hedge(self) -> bool:
        """Is there enough to ask another server while a late one is listened to?"""
        return self.packets >= 1

    def spend(self) -> None:
        """One packet more than necessary."""
        self.packets = max(0.0, self.packets - 1)

    def give_back(self) -> None:
        """That packet was necessary after all: the reply that was late never came."""
        self.packets = min(MOST, self.packets + 1)
