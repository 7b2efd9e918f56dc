"""Zones that an operator has left unchecked for a while: negative trust anchors that end by themselves (RFC 7646)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from cache.names import WireName

MAX_SECONDS: Final = 7 * 86400  # RFC 7646 §2: as short as can be; a zone that is broken for a week is for the config
MAX_EXEMPTIONS: Final = 100  # an outage of a registry concerns a handful
PROBE_EVERY: Final = 300.0  # s between two looks if the zone validates again


@dataclass(frozen=True, slots=True)
class Exemption:
    """Signatures at and below `zone` are not checked. since, until: wall seconds. why: the operator's words.

    is_probed: it ends as soon as the zone validates again.
    """

    zone: WireName
    since: float
    until: float
    why: str
    is_probed: bool = True


def over(exemptions: Iterable[Exemption], now: float) -> list[Exemption]:
    """Those that have ended, and those that would last for longer than any may: the clock was set back."""
    return [one for one in exemptions if not now < one.until <= now + MAX_SECONDS]
