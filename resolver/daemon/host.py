"""Does this host keep us from asking servers? Noticed beside everything else: told once a minute, and shown while it lasts."""

from collections.abc import Callable, Mapping
from typing import Final

import structlog

TOLD_EVERY: Final = 60.0  # s
SHOWN_FOR: Final = 60.0  # s after the last time

log = structlog.get_logger()


class HostTroubles:
    """errors: by name, how many queries this host could not send."""

    def __init__(self, errors: Mapping[str, int], now: Callable[[], float]) -> None:
        self._errors = errors
        self._now = now
        self._seen: dict[str, int] = {}
        self._met: dict[str, int] = {}  # since it was last told
        self._last_at = self._told_at = float("-inf")

    def look(self) -> None:
        """Notice what is new, and tell it if that is due."""
        now = self._now()
        for name, count in self._errors.items():
            more = count - self._seen.get(name, 0)
            if more:
                self._seen[name] = count
                self._met[name] = self._met.get(name, 0) + more
                self._last_at = now
        if self._met and now >= self._told_at + TOLD_EVERY:
            log.warning("host_cannot_send", unsent=sum(self._met.values()), errors=dict(self._met))
            self._told_at = now
            self._met = {}

    def remarks(self) -> tuple[str, ...]:
        """What an operator should mend, while it is so."""
        if self._now() >= self._last_at + SHOWN_FOR:
            return ()
        return (f"this host: queries to servers cannot be sent ({', '.join(sorted(self._seen))}): see its limits",)
