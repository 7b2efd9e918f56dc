"""Which zone does a name belong to, and with which keys does it sign? The chain of trust from an anchor down.

The closest trust anchor vouches for its zone's DNSKEYs; then, name by name, a DS RRset vouches for the keys of the zone
that begins there, or its denial proves that none does, or that the zone is not signed (RFC 4035 §5.2).
"""

from collections.abc import Awaitable, Callable, Mapping
from collections.abc import Set as AbstractSet
from itertools import takewhile
from typing import Final

from cache.answer import Question
from cache.chain import Alias, Link
from cache.names import WireName, ancestors, to_text
from cache.rrset import Denial, RRset, Security
from cache.rrtypes import DNSKEY, DS
from resolver.dnssec.anchors import Anchor
from resolver.dnssec.denial import Proof, proves_no_ds
from resolver.dnssec.keys import is_supported, of_algorithms, unsupported, usable_keys
from resolver.dnssec.numbers import SUPPORTED
from resolver.dnssec.standing import Signed, Standing, Standings, Uncut, Unsigned
from resolver.dnssec.work import Work
from resolver.errors import DnskeyMissing, Indeterminate

FOREVER: Final = float("inf")

Fetch = Callable[[Question], Awaitable[Link]]  # the validated first link of a question; raises ResolutionFailure


class ChainOfTrust:
    """Finds the zones and keys that names belong to."""

    def __init__(
        self,
        now: Callable[[], float],
        anchors: Mapping[WireName, Anchor],
        unchecked: AbstractSet[WireName],
        standings: Standings,
        algorithms: AbstractSet[int] = SUPPORTED,
    ) -> None:
        """algorithms: by which signatures are checked; a zone that signs by none of them counts as unsigned.

        unchecked: negative trust anchors (RFC 7646): at and below them nothing has to be signed."""
        self._now = now
        self._anchors = anchors
        self._unchecked = unchecked
        self._standings = standings
        self.algorithms = algorithms

    def anchor_of(self, name: WireName) -> Anchor | None:
        """The trust anchor of the zone that begins at `name`; None: there is none, or it must not be used."""
        return None if name in self._unchecked else self._anchors.get(name)

    def is_checked(self, name: WireName) -> bool:
        """Is there a trust anchor at or above `name`, and no negative one in between?"""
        return self.start_of(name) is not None

    async def zone_of(self, name: WireName, fetch: Fetch, work: Work) -> Signed | Unsigned:
        """The zone that `name` is in, an apex in its own; raises ResolutionFailure."""
        start = self.start_of(name)
        if start is None:
            return Unsigned(FOREVER)
        at = self._known(start, work)
        if not isinstance(at, Signed):
            at = await self._keys(start, FOREVER, fetch, work)
            self._note(start, at, work)
        for below in reversed(list(takewhile(lambda one: one != start, ancestors(name)))):
            standing = self._known(below, work)
            if standing is None:
                standing = await self._look(below, at.zone, fetch, work)
                self._note(below, standing, work)
            if isinstance(standing, Unsigned):
                return standing
            if isinstance(standing, Signed):
                at = standing
        return at

    def _known(self, name: WireName, work: Work) -> Standing | None:
        """What is remembered, or this question has learned: with TTL 0 that would be asked for again at each of its aliases."""
        return self._standings.find(name, self._now()) or work.learned.get(name)

    def _note(self, name: WireName, standing: Standing, work: Work) -> None:
        self._standings.note(name, standing)
        work.learned[name] = standing

    async def vouchers(self, name: WireName, zone: WireName, fetch: Fetch, work: Work) -> RRset | Unsigned | Uncut:
        """The DS RRset at `name`, which is below the apex of the signed `zone`; or what its absence proves."""
        link = await fetch(Question(name, DS))
        if isinstance(link, Alias):  # no zone begins at an alias (RFC 2181 §10.1), nor below a DNAME (RFC 6672 §2.4)
            alias = link.shown[0]
            return Uncut(alias.expires) if alias.security is Security.SECURE else Unsigned(alias.expires)
        assert isinstance(link, RRset | Denial), "several are an answer to ANY only"
        _require_fresh(link, work)
        if link.security is not Security.SECURE:
            return Unsigned(link.expires)
        if isinstance(link, RRset):
            if is_supported(link.rdatas, self.algorithms):
                return link
            return Unsigned(link.expires, unsupported(link.rdatas, self.algorithms))
        proof = proves_no_ds(name, zone, link.proof, work)
        is_cut = link.rtype is not None and proof in (Proof.PROVEN, Proof.OPTED_OUT)
        return Unsigned(link.expires) if is_cut else Uncut(link.expires)

    async def _look(self, name: WireName, zone: WireName, fetch: Fetch, work: Work) -> Standing:
        found = await self.vouchers(name, zone, fetch, work)
        if isinstance(found, RRset):
            return await self._keys(name, found.expires, fetch, work)
        return found

    async def _keys(self, zone: WireName, until: float, fetch: Fetch, work: Work) -> Signed:
        """The keys of a zone that must have some; what fetched them has checked them (validate.py)."""
        link = await fetch(Question(zone, DNSKEY))
        if not isinstance(link, RRset) or link.security is not Security.SECURE:
            raise DnskeyMissing(f"no keys of {to_text(zone)}")
        _require_fresh(link, work)
        return Signed(zone, usable_keys(of_algorithms(link.rdatas, self.algorithms)), min(until, link.expires))

    def start_of(self, name: WireName) -> WireName | None:
        """The zone of the closest trust anchor at or above `name`; None: there is none, or a negative one is closer."""
        for zone in ancestors(name):
            if zone in self._unchecked:
                return None
            if zone in self._anchors:
                return zone
        return None


def _require_fresh(link: RRset | Denial, work: Work) -> None:
    """Raise Indeterminate if it was over when the question began: stale data proves nothing.

    What ends meanwhile serves it to its end, and so does what has TTL 0.
    """
    if link.expires <= work.began and link.ttl:
        raise Indeterminate(f"what vouches for {to_text(link.owner)} is over")
