"""How many answers came from where, over which transport? Two small tables, one to be counted in for each transport."""

from typing import Final, final

ORIGINS: Final = ("special", "local", "internal", "cache", "stale", "upstream", "failed", "refused")


@final
class Tally:
    """The answers over one transport.

    composed: by origin, those whose reply was composed. kept, kept_at_home: those of the cache, and of internal zones, that were
    given with a reply which had been composed before; numbers by themselves, for nothing is given more often.
    """

    __slots__ = ("composed", "kept", "kept_at_home")

    def __init__(self) -> None:
        self.composed: Final = dict.fromkeys(ORIGINS, 0)
        self.kept = 0
        self.kept_at_home = 0

    def by_origin(self) -> dict[str, int]:
        """All of them."""
        kept = {"cache": self.kept, "internal": self.kept_at_home}
        return {origin: count + kept.get(origin, 0) for origin, count in self.composed.items()}


@final
class Answers:
    """The answers over all transports."""

    __slots__ = ("tcp", "udp")

    def __init__(self) -> None:
        self.udp: Final = Tally()
        self.tcp: Final = Tally()


def by_labels(answers: Answers) -> dict[str, int]:
    """The answers by origin and transport, as `cache,udp`."""
    tallies = {"udp": answers.udp, "tcp": answers.tcp}
    return {
        f"{origin},{transport}": count
        for transport, tally in tallies.items()
        for origin, count in tally.by_origin().items()
    }
