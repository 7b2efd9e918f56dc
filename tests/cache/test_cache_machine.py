"""The cache against the naive model: any order of puts, forgets, questions, restarts and time."""

from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from cache.answer import Answer
from cache.chain import first_of
from cache.lookup import find, find_last_good
from cache.names import from_text, is_below
from cache.octets import NODE_OCTETS, octets_of_all
from cache.options import CacheOptions, StaleOptions
from cache.ranking import STANDS_BESIDE_CNAME
from cache.rrset import Entry, Rank, RRset, Security
from cache.rrtypes import AAAA, CNAME, DNAME, DS, NOERROR, NS, NXDOMAIN, A
from cache.snapshot import restored, saved
from cache.store import RRsetCache
from cache.ttl import shown_ttl
from tests.build import FOREVER, denial, replace, rrset
from tests.cache.model import Model
from tests.cache.snapshot.made import terms

OWNERS = ("example.", "a.example.", "b.example.", "x.a.example.", "y.b.example.")
TEXTS = {
    A: ("A 192.0.2.1", "A 192.0.2.2"),
    AAAA: ("AAAA 2001:db8::1", "AAAA 2001:db8::2"),
    CNAME: tuple(f"CNAME {owner}" for owner in OWNERS),
    DNAME: ("DNAME b.example.", "DNAME a.example."),
    NS: ("NS a.example.", "NS b.example."),
    DS: ("DS 1 13 2 " + "00" * 32,),
}
ANSWERING = (Rank.ANSWER, Rank.ANSWER_AA)
SMALL = 4 * (NODE_OCTETS + 400)  # octets: about four of the five owners
STALE = StaleOptions(max_stale=20)
WALL = float(1 << 20)  # what wall time is ahead of monotonic time: no octet of a time is lost on the way

owners = st.sampled_from(OWNERS)
qtypes = st.sampled_from(tuple(TEXTS))
securities = st.sampled_from((Security.UNCHECKED, Security.UNCHECKED, Security.SECURE, Security.BOGUS))
ttls = st.sampled_from((0, 1, 5, 20))


class CacheMachine(RuleBasedStateMachine):
    """One store with room for all, compared with the model; one without, to see that its bound holds."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.store = RRsetCache(CacheOptions())
        self.small = RRsetCache(CacheOptions(max_octets=SMALL))
        self.model = Model()

    @rule(
        owner=owners,
        text=st.sampled_from(tuple(TEXTS.values())).flatmap(st.sampled_from),
        ttl=ttls,
        rank=st.sampled_from((Rank.ADDITIONAL, *ANSWERING)),
        security=securities,
        age=st.sampled_from((0.0, 0.0, 2.0)),
    )
    def put_rrset(self, owner: str, text: str, ttl: int, rank: Rank, security: Security, age: float) -> None:
        self.put(rrset(f"{owner} {ttl} {text}", self.now - age, rank=rank, security=security))

    @rule(
        owner=owners,
        what=st.sampled_from(("NXDOMAIN", "A", "AAAA", "CNAME", "DS", "NS")),
        ttl=ttls,
        rank=st.sampled_from((Rank.ANSWER, Rank.AUTHORITY_AA)),
        security=securities,
    )
    def put_denial(self, owner: str, what: str, ttl: int, rank: Rank, security: Security) -> None:
        soa = f"example. {ttl} SOA ns.example. admin.example. 1 2 3 4 {ttl}"
        self.put(denial(f"{owner} {what}", self.now, soa=soa, rank=rank, security=security))

    def put(self, entry: Entry) -> None:
        live = self.live_delegations()
        assert self.store.put(entry, self.now) == self.model.put(entry, self.now)
        self.small.put(entry, self.now)
        for (owner, rtype), expires in self.live_delegations().items():
            assert expires <= live.get((owner, rtype), expires), "a delegation was prolonged"

    def live_delegations(self) -> dict[tuple[bytes, int], float]:
        """When each live NS RRset and each live glue ends."""
        return {
            (one.owner, one.rtype): one.expires
            for one in self.store.walk()
            if isinstance(one, RRset)
            and one.expires > self.now
            and (one.rtype == NS or one.rank == Rank.ADDITIONAL)
            and one.security != Security.BOGUS
        }

    @rule(seconds=st.sampled_from((0.5, 1.0, 5.0, 30.0)))
    def advance(self, seconds: float) -> None:
        self.now += seconds

    @rule(owner=owners, rtype=st.none() | qtypes)
    def forget(self, owner: str, rtype: int | None) -> None:
        name = from_text(owner)
        assert self.store.forget(name, rtype) == self.model.forget(name, rtype)
        self.small.forget(name, rtype)

    @rule(owner=owners)
    def forget_subtree(self, owner: str) -> None:
        zone = from_text(owner)
        names = [name for name in {one.owner for one in self.model.entries} if name == zone or is_below(name, zone)]
        assert self.store.forget(zone, subtree=True) == sum(self.model.forget(name, None) for name in names)

    @rule(random=st.randoms(use_true_random=False))
    def restart(self, random: Random) -> None:
        """Everything leaves through rows of a snapshot, and comes back in any order."""
        live = self.live_delegations()
        rows = [saved(one, 0, WALL) for one in self.store.walk()]
        random.shuffle(rows)
        self.store = RRsetCache(CacheOptions())
        for row in rows:
            entry = restored(row, terms(self.now, -WALL, max_stale=FOREVER))
            assert entry is not None
            if not self.store.restore(entry, 0, self.now):
                # glue that was put late beside an answer that had expired only meanwhile: they have not met like this
                assert entry.rank == Rank.ADDITIONAL
                assert (
                    len([one for one in self.model.entries if (one.owner, one.rtype) == (entry.owner, entry.rtype)]) > 1
                )
        assert all(expires <= live[what] for what, expires in self.live_delegations().items())
        left = {replace(one, expires=0.0) for one in self.store.walk()}
        self.model.entries = [one for one in self.model.entries if replace(one, expires=0.0) in left]

    @rule(owner=st.sampled_from((*OWNERS, "z.x.a.example.")), qtype=qtypes)
    def ask(self, owner: str, qtype: int) -> None:
        qname = from_text(owner)
        expected = self.model.walk(qname, qtype, self.now)
        answer = find(self.store, qname, qtype, self.now)
        assert (answer is None) == (expected is None)
        if answer is not None and expected is not None:
            shown, denied = expected
            assert [(one.owner, one.rtype) for one in answer.answer] == shown
            assert answer.rcode == (NXDOMAIN if denied is not None and denied.is_nxdomain else NOERROR)
            assert answer.authority == (() if denied is None else (denied.soa,))
            self.check_closed(answer, qname, qtype)
        shadow = find(self.small, qname, qtype, self.now)
        if shadow is not None:
            self.check_closed(shadow, qname, qtype)

    def check_closed(self, answer: Answer, qname: bytes, qtype: int) -> None:
        """Each alias is owned by the target before it; the end is what was asked for, or a denial with its SOA."""
        assert not answer.is_stale
        name: bytes = qname
        aliases = answer.answer if answer.authority else answer.answer[:-1]
        for one in aliases:
            if one.rtype == CNAME:
                assert one.owner == name
                name = one.rdatas[0]
            else:
                assert one.rtype == DNAME
        if not answer.authority:
            assert (answer.answer[-1].owner, answer.answer[-1].rtype) == (name, qtype)
        assert all(0 <= shown_ttl(one, self.now, 999) <= one.ttl for one in (*answer.answer, *answer.authority))

    @rule(owner=owners, qtype=qtypes)
    def ask_when_nothing_else_helps(self, owner: str, qtype: int) -> None:
        link = find_last_good(self.store, from_text(owner), qtype, self.now, STALE)
        if link is not None:
            entry = first_of(link)
            assert entry.expires + STALE.max_stale > self.now
            assert entry.rank > Rank.ADDITIONAL
            assert entry.security != Security.BOGUS

    @invariant()
    def the_store_holds_what_the_model_holds(self) -> None:
        def key(one: Entry) -> tuple[bytes, int, int, str]:
            return one.owner, one.rtype or 0, one.rank, repr(replace(one, expires=0.0))

        assert sorted(map(key, self.store.walk())) == sorted(map(key, self.model.entries))

    @invariant()
    def octets_are_the_sum_and_within_their_bound(self) -> None:
        for store in (self.store, self.small):
            entries = list(store.walk())
            assert store.octets == sum(octets_of_all(node.entries) for node in store.walk_nodes())
            assert len({one.owner for one in entries}) == len(store)
        assert self.small.octets <= SMALL or len(self.small) == 1

    @invariant()
    def nothing_outlives_its_ttl_or_its_lease(self) -> None:
        for one in self.store.walk():
            assert one.expires <= min(one.received + one.ttl, one.lease)

    @invariant()
    def an_alias_is_alone(self) -> None:
        for store in (self.store, self.small):
            answering = [one for one in store.walk() if one.rank > Rank.ADDITIONAL]
            for alias in answering:
                if isinstance(alias, RRset) and alias.rtype == CNAME:
                    beside = {one.rtype for one in answering if one.owner == alias.owner}
                    assert beside <= STANDS_BESIDE_CNAME | {None}  # an unvalidated NXDOMAIN hides nothing fresh

    @precondition(lambda self: not self.model.entries)
    @invariant()
    def an_empty_store_takes_nothing(self) -> None:
        assert (len(self.store), self.store.octets, self.store.speaks_below) == (0, 0, 0)


TestCacheMachine = CacheMachine.TestCase
TestCacheMachine.settings = settings(max_examples=100, stateful_step_count=50)  # up to 5,000 steps
