"""Has this client lately brought more questions that take work than is its share? The bound on a second's work.

Questions in flight say nothing of how fast they come and go: where servers are near, a few hundred at a time are thousands a
second, and more than one process can do. Each client's share is a rate, with a second's worth of it in reserve.
"""

from typing import Final

RESERVE: Final = 1.0  # s: what a client that was quiet may ask for at once, in seconds of its rate
MAX_CLIENTS: Final = 16384  # that have used some of their reserve; when full, those that have it all back are forgotten


class Pace:
    """Who has used how much of its share: for each client the moment at which its reserve is whole again.

    Clients are told apart by what the caller gives, each with the same rate a second.
    """

    def __init__(self, rate: float) -> None:
        self._interval = 1.0 / rate
        self._whole_at: dict[bytes | str, float] = {}

    def has_left(self, client: bytes | str, now: float) -> bool:
        """May one question more of this client be worked at?"""
        return self._whole_at.get(client, now) - now < RESERVE

    def take(self, client: bytes | str, now: float, cost: int = 1) -> None:
        """One question more is, and counts as `cost`."""
        if len(self._whole_at) >= MAX_CLIENTS:
            self._forget_quiet(now)
        self._whole_at[client] = max(self._whole_at.get(client, now), now) + cost * self._interval

    def __len__(self) -> int:
        return len(self._whole_at)

    def _forget_quiet(self, now: float) -> None:
        self._whole_at = {client: at for client, at in self._whole_at.items() if at > now}
        if len(self._whole_at) >= MAX_CLIENTS:  # addresses are being made up: nobody's share can be told any more
            self._whole_at.clear()
