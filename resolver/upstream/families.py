"""Do IPv4 and IPv6 work from here? A host without one of them finds out once, not with every question. Pure."""

from typing import Final

from resolver.env import Address

ABSENT_FOR: Final = 60.0  # s that a family is left alone before it is tried again
LATE_AT_FIRST: Final = 3  # late replies in a row of a family of which nobody was ever heard
LATE_IN_A_ROW: Final = 16  # the same of a family that did work once; some zones have dead servers only
NEVER: Final = float("-inf")
NONE: Final[frozenset[bool]] = frozenset()


class Families:
    """What is known of both; the key is always: is it IPv6?

    A family that does not work is left alone only while the other one does. Otherwise the whole network is away, and the
    moment in which it comes back must not be missed.
    """

    __slots__ = ("_absent_until", "_heard_at", "_late", "closed")

    def __init__(self) -> None:
        self.closed = NONE  # families whose servers are asked only when nobody else is left, or beside others
        self._heard_at = {True: NEVER, False: NEVER}
        self._late = {True: 0, False: 0}
        self._absent_until = {True: NEVER, False: NEVER}

    def note_heard(self, server: Address, now: float) -> None:
        """The server's family works."""
        is_ipv6 = ":" in server.host
        self._heard_at[is_ipv6] = now
        self._late[is_ipv6] = 0
        if is_ipv6 in self.closed:
            self.closed -= {is_ipv6}

    def note_no_route(self, server: Address, now: float) -> bool:
        """This host has no route for the server's family; is that family left alone from now on?"""
        return self._close(":" in server.host, now)

    def note_late(self, server: Address, now: float) -> bool:
        """The server's reply is late; is its family left alone from now on?"""
        is_ipv6 = ":" in server.host
        self._late[is_ipv6] += 1
        enough = LATE_IN_A_ROW if self._heard_at[is_ipv6] > NEVER else LATE_AT_FIRST
        return self._late[is_ipv6] >= enough and self._close(is_ipv6, now)

    def may_be_tried(self, server: Address, now: float) -> bool:
        """Does the server's family work, or is it time to see, beside a server of the other one, whether it does again?"""
        return (
            not self.closed or (is_ipv6 := ":" in server.host) not in self.closed or now >= self._absent_until[is_ipv6]
        )

    def note_tried(self, server: Address, now: float) -> None:
        """One server is asked to see whether its family works again."""
        is_ipv6 = ":" in server.host
        if is_ipv6 in self.closed:
            self._absent_until[is_ipv6] = now + ABSENT_FOR

    def _close(self, is_ipv6: bool, now: float) -> bool:
        if now - self._heard_at[not is_ipv6] >= ABSENT_FOR:
            self.closed -= {is_ipv6}
            return False
        self._absent_until[is_ipv6] = now + ABSENT_FOR
        self.closed |= {is_ipv6}
        return True
