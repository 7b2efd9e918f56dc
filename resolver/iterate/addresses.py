"""At which addresses can the name servers of a delegation be asked?

What is in hand (glue, cache, configuration) comes first. The rest is looked up name by name, in a bounded number, and the
first address that can be used ends the wait (NXNSAttack, CVE-2020-8616). Where there are more than one question tries, it is a
random choice that it tries, so that the next one comes to others.
"""

import ipaddress
from collections.abc import Callable, Iterable
from typing import Final

from cache.names import WireName
from cache.rrtypes import AAAA, A
from cache.store import RRsetCache
from resolver.env import Address, Rng
from resolver.iterate.counts import IterateCounts
from resolver.iterate.delegation import Delegation, known_addresses
from resolver.iterate.options import RecursionOptions
from resolver.iterate.scrub import MAX_GLUE_PER_NAME, MAX_NAME_SERVERS
from resolver.wire.message import RawRRset

MAX_KNOWN_RDATAS: Final = 16384  # addresses whose text is kept ready; when full, all are forgotten and made anew
# of the name servers that a question tries, if there are more; the others are any, whose addresses may have to be looked up
MAX_WITH_ADDRESS: Final = 12
OCTETS: Final = {A: 4, AAAA: 16}

Take = Callable[[list[Address]], None]
Block = tuple[int, int, int]  # octets of an address, mask, network: a prefix


class AddressBook:
    """Turns names of name servers into addresses that may be asked."""

    def __init__(
        self,
        cache: RRsetCache,
        options: RecursionOptions,
        counts: IterateCounts,
        rng: Rng,
        named: Iterable[Address] = (),
    ) -> None:
        """named: the servers of the configuration and of the root hints, which are asked whoever refers to them."""
        self._cache = cache
        self._counts = counts
        self._rng = rng
        self._port = options.port
        self._barred: tuple[Block, ...] = tuple(map(_block_of, options.do_not_query))
        self._named = frozenset(named)
        self.rtypes = tuple(rtype for rtype, wanted in ((A, options.ipv4), (AAAA, options.ipv6)) if wanted)
        self._by_rdata: dict[bytes, Address | None] = {}
        self._sought: dict[WireName, list[Take]] = {}  # by whom name servers are looked up just now

    def choose(self, delegation: Delegation, now: float) -> Delegation:
        """It with no more name servers than one question tries: most of them such whose addresses are known."""
        if len(delegation.name_servers) <= MAX_NAME_SERVERS:
            return delegation
        names = list(delegation.name_servers)
        self._rng.shuffle(names)  # type: ignore[arg-type]  # a list is invariant; shuffling puts nothing in
        known = [name for name in names if self.known(name, now) or self.addresses_in(delegation.glue, name)]
        known, more = known[:MAX_WITH_ADDRESS], known[MAX_WITH_ADDRESS:]
        others = [name for name in names if name not in known and name not in more]
        return delegation.with_name_servers((*known, *others, *more)[:MAX_NAME_SERVERS])

    def in_hand(self, delegation: Delegation, now: float) -> tuple[list[Address], list[WireName]]:
        """The addresses known without a look-up, some perhaps twice, and the name servers of which none is known."""
        if delegation.servers:
            return self._of_own_families(delegation.servers), []
        found: list[Address] = []
        missing = []
        for name in delegation.name_servers:
            before = len(found)
            found += self.known(name, now)
            if delegation.glue:
                found += self.addresses_in(delegation.glue, name)
            if len(found) == before:
                missing.append(name)
        return found, missing

    def last_resort(self, delegation: Delegation) -> list[Address]:
        """What the referring server said of names it has no say about; good for this delegation of its own only."""
        return [address for name in delegation.name_servers for address in self.addresses_in(delegation.far_glue, name)]

    def known(self, name: WireName, now: float) -> list[Address]:
        """The addresses of one name server that the cache holds."""
        found: list[Address] = []
        for rrset in known_addresses(self._cache, name, now):
            if rrset.rtype in self.rtypes:
                found += self.usable(rrset.rdatas, rrset.rtype)
        return found

    def seek(self, name: WireName, take: Take) -> None:
        """From now on `take` gets the addresses of this name server that a referral tells beside something else."""
        self._sought.setdefault(name, []).append(take)

    def leave(self, name: WireName, take: Take) -> None:
        """It wants no more of them."""
        takers = self._sought[name]
        takers.remove(take)
        if not takers:
            del self._sought[name]

    def note_glue(self, names: Iterable[WireName], now: float) -> None:
        """A referral has told, perhaps, the addresses of these name servers: whoever looks for one need not wait."""
        if not self._sought:
            return
        for name in names:
            takers = self._sought.get(name)
            found = self.known(name, now) if takers else []
            if takers and found:
                for take in takers:
                    take(found)

    def usable(self, rdatas: tuple[bytes, ...], rtype: int) -> list[Address]:
        """The addresses among these rdatas that may be asked, at most MAX_GLUE_PER_NAME."""
        found: list[Address] = []
        if len(rdatas) > MAX_GLUE_PER_NAME:
            rdatas = self._in_any_order(rdatas)
        for rdata in rdatas:
            try:
                address = self._by_rdata[rdata]
            except KeyError:
                address = self._remember(rdata, rtype)
            if address is not None:
                found.append(address)
                if len(found) == MAX_GLUE_PER_NAME:
                    break
        return found

    def addresses_in(self, glue: tuple[RawRRset, ...], name: WireName) -> list[Address]:
        """The addresses of `name` among these RRsets that may be asked."""
        return [
            address
            for rrset in glue
            if rrset.owner == name and rrset.rtype in self.rtypes
            for address in self.usable(rrset.rdatas, rrset.rtype)
        ]

    def _in_any_order(self, rdatas: tuple[bytes, ...]) -> tuple[bytes, ...]:
        mixed = list(rdatas)
        self._rng.shuffle(mixed)  # type: ignore[arg-type]  # see above
        return tuple(mixed)

    def _of_own_families(self, servers: tuple[Address, ...]) -> list[Address]:
        return [server for server in servers if (AAAA if ":" in server.host else A) in self.rtypes]

    def _remember(self, rdata: bytes, rtype: int) -> Address | None:
        if len(self._by_rdata) >= MAX_KNOWN_RDATAS:
            self._by_rdata.clear()
        address = None
        if len(rdata) == OCTETS[rtype]:
            address = Address(presented(rdata), self._port)
            if address not in self._named and self._is_barred(rdata):
                self._counts.addresses_refused += 1
                address = None
        self._by_rdata[rdata] = address
        return address

    def _is_barred(self, rdata: bytes) -> bool:
        value, octets = int.from_bytes(rdata, "big"), len(rdata)
        for size, mask, network in self._barred:  # noqa: SIM110  # any() of a generator takes a frame for each address
            if size == octets and value & mask == network:
                return True
        return False


def presented(rdata: bytes) -> str:
    """The IPv4 or IPv6 address of 4 or 16 octets as canonical text (RFC 5952), as ipaddress has it at a tenth of its price.

    An IPv4 address within an IPv6 one is not told apart: nobody is asked there.
    """
    if len(rdata) == OCTETS[A]:
        return f"{rdata[0]}.{rdata[1]}.{rdata[2]}.{rdata[3]}"
    groups = [rdata[at] << 8 | rdata[at + 1] for at in range(0, OCTETS[AAAA], 2)]
    zeros_at, zeros, since = 0, 1, 0  # RFC 5952 §4.2: the first of the longest runs of at least two
    for place, group in enumerate(groups):
        if group:
            since = place + 1
        elif place + 1 - since > zeros:
            zeros_at, zeros = since, place + 1 - since
    words = [f"{group:x}" for group in groups]
    if zeros == 1:
        return ":".join(words)
    return ":".join(words[:zeros_at]) + "::" + ":".join(words[zeros_at + zeros :])


def _block_of(prefix: str) -> Block:
    network = ipaddress.ip_network(prefix)
    return network.max_prefixlen // 8, int(network.netmask), int(network.network_address)
