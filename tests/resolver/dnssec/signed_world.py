"""A root and two zones below it, `example.` signed and `open.` not, and a validator that trusts the root."""

from collections.abc import Awaitable, Callable, Iterable
from functools import partial

import trio

from cache.answer import Question
from cache.chain import Link, alias_of
from cache.names import from_text
from cache.options import CacheOptions
from cache.rrset import Denial, RRset
from resolver.dnssec.anchors import read
from resolver.dnssec.counts import DnssecCounts
from resolver.dnssec.gaps import Gaps
from resolver.dnssec.standing import Standings
from resolver.dnssec.trust import ChainOfTrust
from resolver.dnssec.validate import Validator
from resolver.dnssec.work import Work
from resolver.errors import InvalidData, NoReachableAuthority
from tests.build import denial, question, replace, rrset
from tests.signing import WALL, SignedZone

NOW = 1000.0
ROOT_SOA = ". 3600 SOA a.root. admin.root. 1 7200 900 1209600 3600"
EXAMPLE_SOA = "example. 3600 SOA ns.example. admin.example. 1 7200 900 1209600 3600"


class SignedWorld:
    """said: what servers say, unvalidated. asked: of whom a look-up was made. wall: seconds since the epoch."""

    def __init__(self, *unchecked: str, islands: Iterable[SignedZone] = ()) -> None:
        """unchecked: negative trust anchors. islands: further zones with trust anchors of their own."""
        self.now = NOW
        self.wall = WALL
        self.root, self.example = SignedZone("."), SignedZone("example.")
        self.said: dict[Question, RRset | Denial | InvalidData] = {}
        self.asked: list[Question] = []
        self.counts = DnssecCounts()
        self.standings = Standings(self.counts)
        islands = tuple(islands)
        anchors = read("\n".join(zone.anchor for zone in (self.root, *islands)))
        self.trust = ChainOfTrust(lambda: self.now, anchors, frozenset(map(from_text, unchecked)), self.standings)
        self.gaps = Gaps(CacheOptions(), self.counts)
        self.validator = Validator(self.trust, self.gaps, lambda: self.now, lambda: self.wall, self.counts)
        self.says(self.root.keys)
        self.says(self.root.sign(rrset(self.example.anchor)))
        self.says(self.example.keys)
        for zone in islands:
            self.says(zone.keys)
        self.said[question("open. DS")] = self.denied(
            self.root, "open. DS", ROOT_SOA, "open. 3600 NSEC org. NS RRSIG NSEC"
        )

    def says(self, entry: RRset) -> None:
        self.said[Question(entry.owner, entry.rtype)] = entry

    def denied(self, zone: SignedZone, text: str, soa: str, *proof: str) -> Denial:
        """The denial of `text` by a zone, with its proof."""
        made = denial(text, NOW, soa=soa)
        signed = tuple(zone.sign(rrset(one, NOW)) for one in proof)
        ttl = made.soa.ttl
        original = zone.sign(replace(made.soa, ttl=3600))
        return replace(made, soa=replace(original, ttl=ttl), proof=signed)

    async def fetch(self, asked: Question, work: Work) -> Link:
        """What a flight would bring: validated."""
        self.asked.append(asked)
        if asked not in self.said:
            raise NoReachableAuthority("silent")
        said = self.said[asked]
        if isinstance(said, InvalidData):
            raise said
        entry = await self.judge(said, asked.qtype, work=work)
        if isinstance(entry, RRset) and entry.alias_target is not None and entry.rtype != asked.qtype:
            return alias_of(entry, asked.qname)
        return entry

    async def judge(
        self, entry: RRset | Denial, qtype: int = 0, *, proof: tuple[RRset, ...] = (), work: Work | None = None
    ) -> RRset | Denial:
        work = work or self.validator.new_work()
        fetch = partial(self.fetch, work=work)
        if isinstance(entry, Denial):
            return await self.validator.validate_denial(entry, qtype, fetch, work)
        return await self.validator.validate_rrset(replace(entry, proof=proof or entry.proof), fetch, work)


def play(main: Callable[[], Awaitable[None]]) -> None:
    trio.run(main)
