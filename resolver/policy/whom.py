"""Whom would the resolution ask now, and what? The beginning of an iteration, told instead of done: nothing is marked as used."""

from collections.abc import Iterator, Mapping

import msgspec

from cache.names import WireName, to_text
from cache.peeking import Readable
from cache.rrtypes import AAAA, A
from cache.servers import Servers
from resolver.env import Address
from resolver.iterate.delegation import Delegation, closest_to
from resolver.iterate.options import RecursionOptions
from resolver.wire.text import rdata_to_text


class Known(msgspec.Struct, frozen=True):
    """What decides whom to ask. zones: forward and stub zones; hints: where recursion begins when nothing else is known."""

    cache: Readable
    servers: Servers
    zones: Mapping[WireName, Delegation]
    hints: Delegation
    options: RecursionOptions

    def closest(self, name: WireName, now: float) -> Delegation:
        """The closest delegation at or above `name`."""
        return closest_to(name, self.cache, self.zones, now, ()) or self.hints


def servers_of(delegation: Delegation, known: Known, now: float) -> Iterator[tuple[str, list[Address]]]:
    """Each name server and its addresses known here; "" is the name of addresses that come from configuration or hints."""
    if delegation.servers:
        yield "", list(delegation.servers)
    for name in delegation.name_servers:
        yield to_text(name), list(_addresses(name, known, now))


def _addresses(name: WireName, known: Known, now: float) -> Iterator[Address]:
    for rtype, wanted in ((A, known.options.ipv4), (AAAA, known.options.ipv6)):
        rrset = known.cache.get(name, rtype) if wanted else None
        if rrset is not None and now < rrset.expires:
            for rdata in rrset.rdatas:
                yield Address(rdata_to_text(rtype, rdata), known.options.port)
