"""The walk along the links, against scripted flights: each test is a row of the scenario list, named by its rule."""

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
import trio

from cache.answer import Answer, Question
from cache.failures import Failures, ServerFailures
from cache.lookup import Alias, Link
from cache.names import WireName, from_text
from cache.options import CacheOptions, StaleOptions
from cache.rrset import Denial, Entry, Rank, RRset
from cache.rrtypes import AAAA, CNAME, NOERROR, NXDOMAIN, SERVFAIL, SOA, YXDOMAIN, A
from cache.store import RRsetCache
from internal_zones import is_ours
from resolver.engine import Flights, Landing, Memory, PublicResolver, ResolveCounts
from resolver.errors import (
    CACHED_ERROR,
    STALE_ANSWER,
    STALE_NXDOMAIN,
    AliasChainTooLong,
    CachedFailure,
    DeadlinePassed,
    LocalTarget,
    NoReachableAuthority,
    ResolutionFailure,
)
from resolver.iterate import Budget, Iteration
from tests.build import rrset
from tests.resolver.engine.turned import Turned, codes, play

ALIAS = from_text("alias.src.test")
TARGET = from_text("www.dst.test")
OLD = b"\x0a\0\0\1"
NEW = b"\x0a\0\0\2"


INSIDE = from_text("web.internal")


def address(owner: WireName, rdata: bytes, ttl: int) -> RRset:
    now = trio.current_time()
    return RRset(owner=owner, rtype=A, rdatas=(rdata,), ttl=ttl, received=now, expires=now + ttl, rank=Rank.ANSWER_AA)


def alias(owner: WireName, target: WireName, ttl: int) -> RRset:
    now = trio.current_time()
    return RRset(
        owner=owner,
        rtype=CNAME,
        rdatas=(bytes(target),),
        ttl=ttl,
        received=now,
        expires=now + ttl,
        rank=Rank.ANSWER_AA,
        alias_target=target,
    )


def nxdomain(owner: WireName, ttl: int) -> Denial:
    now = trio.current_time()
    soa = RRset(
        owner=from_text("dst.test"),
        rtype=SOA,
        rdatas=(b"\0\0" + bytes(20),),
        ttl=ttl,
        received=now,
        expires=now + ttl,
        rank=Rank.AUTHORITY_AA,
    )
    return Denial(owner=owner, rtype=None, soa=soa, ttl=ttl, received=now, expires=now + ttl, rank=Rank.AUTHORITY_AA)


@dataclass
class World:
    """A resolver whose upstream is a script: question -> what a flight brings, after how many seconds."""

    turned: Turned
    upstream: dict[Question, Callable[[], Entry | ResolutionFailure]] = field(default_factory=dict)
    delays: dict[WireName, float] = field(default_factory=dict)
    asked: list[Question] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cache = RRsetCache(CacheOptions())
        self.failures = Failures()
        self.counts = ResolveCounts()
        self.due: list[Question] = []
        flights = Flights(self.turned.mesh, self._fly, self.counts)
        self.public = PublicResolver(
            self.turned.mesh,
            Memory(self.cache, self.failures, ServerFailures()),
            flights,
            StaleOptions(),
            self.counts,
            is_local=is_ours,
            note_due=self.due.append,
        )

    def holds(self, *entries: Entry) -> None:
        for entry in entries:
            assert self.cache.put(entry, trio.current_time())

    def says(self, name: WireName, entry: Callable[[], Entry], qtype: int = A, delay: float = 0.1) -> None:
        self.upstream[Question(name, qtype)] = entry
        self.delays[name] = delay

    def fails(self, name: WireName, delay: float = 0.1) -> None:
        self.upstream[Question(name, A)] = lambda: NoReachableAuthority("all servers silent")
        self.delays[name] = delay

    async def resolve(self, name: WireName = ALIAS, qtype: int = A) -> Answer:
        return await self.turned.run(self.public.resolve(Question(name, qtype), Budget(trio.current_time() + 10)))

    async def look_up(self, name: WireName = TARGET) -> Link:
        """As iteration does, for the address of a name server."""
        budget = Budget(trio.current_time() + 10)
        return await self.turned.run(self.public.lookup(Question(name, A), budget, Landing()))

    async def _fly(self, question: Question, budget: Budget, flight: Landing) -> Iteration | ResolutionFailure:
        self.asked.append(question)
        left, delay = budget.deadline - trio.current_time(), self.delays.get(question.qname, 0.1)
        await self.turned.mesh.sleep(min(left, delay))
        outcome = self.upstream[question]() if delay <= left else DeadlinePassed("no answer in time")
        if isinstance(outcome, ResolutionFailure):
            self.failures.remember(question, outcome.info_code, str(outcome), trio.current_time())
            return outcome
        if outcome.ttl:
            self.cache.put(outcome, trio.current_time())
        link: Link = outcome
        if isinstance(outcome, RRset) and outcome.alias_target is not None:
            link = Alias((outcome,), outcome.alias_target)
        return Iteration(link, (outcome,) if outcome.ttl else ())


def simulate(test: Callable[[World], Awaitable[None]]) -> None:
    play(lambda: test(World(Turned())))


def test_a_failed_target_keeps_the_alias_and_is_no_answer() -> None:
    """Scenarios 1 and 2: the incident."""

    async def test(world: World) -> None:
        world.says(ALIAS, lambda: alias(ALIAS, TARGET, 86400))
        world.fails(TARGET)
        with pytest.raises(NoReachableAuthority):
            await world.resolve()
        world.says(TARGET, lambda: address(TARGET, NEW, 60))
        await trio.sleep(6)
        answer = await world.resolve()
        assert [rrset.rdatas for rrset in answer.answer] == [(bytes(TARGET),), (NEW,)]
        assert world.asked == [Question(ALIAS, A), Question(TARGET, A), Question(TARGET, A)]

    simulate(test)


def test_a_remembered_failure_is_told_without_asking_again() -> None:
    """Scenario 3."""

    async def test(world: World) -> None:
        world.holds(alias(ALIAS, TARGET, 86400))
        world.fails(TARGET)
        for expected in (NoReachableAuthority, CachedFailure, CachedFailure):
            with pytest.raises(expected):
                await world.resolve()
        assert world.asked == [Question(TARGET, A)]
        assert CachedFailure.info_code == CACHED_ERROR

    simulate(test)


def test_a_silent_target_fails_at_the_deadline() -> None:
    """Scenario 4."""

    async def test(world: World) -> None:
        world.holds(alias(ALIAS, TARGET, 86400))
        world.fails(TARGET, delay=60)
        began = trio.current_time()
        with pytest.raises(DeadlinePassed):
            await world.resolve()
        assert trio.current_time() - began == 10

    simulate(test)


def test_a_flight_that_may_last_longer_than_the_question_is_left_at_the_deadline() -> None:
    async def test(world: World) -> None:
        world.says(TARGET, lambda: address(TARGET, NEW, 60), delay=9)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(world.resolve, TARGET)
            await trio.sleep(1)
            began = trio.current_time()
            with pytest.raises(DeadlinePassed):
                await world.turned.run(world.public.resolve(Question(TARGET, A), Budget(began + 2)))
            assert trio.current_time() - began == 2
        assert world.cache.get(TARGET, A) is not None, "the flight went on"

    simulate(test)


def test_an_expired_target_is_served_stale_within_the_client_timeout() -> None:
    """Scenario 5: the alias keeps its own, true TTL."""

    async def test(world: World) -> None:
        world.holds(alias(ALIAS, TARGET, 86400), address(TARGET, OLD, 60))
        world.fails(TARGET, delay=60)
        await trio.sleep(100)
        began = trio.current_time()
        answer = await world.resolve()
        assert trio.current_time() - began == pytest.approx(1.8)
        assert [rrset.rdatas for rrset in answer.answer] == [(bytes(TARGET),), (OLD,)]
        assert answer.is_stale
        assert codes(answer)[0] == STALE_ANSWER

    simulate(test)


def test_a_failed_refresh_is_served_stale_at_once() -> None:
    async def test(world: World) -> None:
        world.holds(address(TARGET, OLD, 60))
        world.fails(TARGET, delay=0.1)
        await trio.sleep(100)
        began = trio.current_time()
        answer = await world.resolve(TARGET)
        assert trio.current_time() - began == pytest.approx(0.1)
        assert codes(answer) == [STALE_ANSWER, NoReachableAuthority.info_code]

    simulate(test)


def test_an_expired_dname_that_leads_to_no_name_is_nothing_to_serve() -> None:
    """What it gave, YXDOMAIN, has no mark that it is stale."""
    below = from_text("c" * 20 + ".src.test")

    async def test(world: World) -> None:
        long = ".".join(["a" * 63] * 3 + ["b" * 50, "test."])
        world.holds(rrset(f"src.test. 60 DNAME {long}", trio.current_time()))
        world.fails(below)
        assert (await world.resolve(below)).rcode == YXDOMAIN
        await trio.sleep(100)
        with pytest.raises(NoReachableAuthority):
            await world.resolve(below)

    simulate(test)


def test_a_stale_alias_leads_to_the_fresh_target() -> None:
    """Scenario 6."""

    async def test(world: World) -> None:
        world.holds(alias(ALIAS, TARGET, 60), address(TARGET, OLD, 60))
        world.fails(ALIAS)
        world.says(TARGET, lambda: address(TARGET, NEW, 60))
        await trio.sleep(100)
        answer = await world.resolve()
        assert answer.answer[1].rdatas == (NEW,)

    simulate(test)


def test_a_stale_alias_to_a_cached_target_asks_the_target_nothing() -> None:
    """Scenario 7."""

    async def test(world: World) -> None:
        world.holds(alias(ALIAS, TARGET, 60), address(TARGET, OLD, 600))
        world.fails(ALIAS)
        await trio.sleep(100)
        await world.resolve()
        assert world.asked == [Question(ALIAS, A)]

    simulate(test)


def test_a_stale_alias_to_a_target_that_is_gone_is_nxdomain() -> None:
    """Scenario 8."""

    async def test(world: World) -> None:
        world.holds(alias(ALIAS, TARGET, 60))
        world.fails(ALIAS)
        world.says(TARGET, lambda: nxdomain(TARGET, 60))
        await trio.sleep(100)
        answer = await world.resolve()
        assert answer.rcode == NXDOMAIN
        assert [rrset.rtype for rrset in answer.answer] == [CNAME]
        assert answer.authority[0].rtype == SOA

    simulate(test)


def test_a_chain_whose_last_link_fails_is_a_failure() -> None:
    """Scenario 17."""

    async def test(world: World) -> None:
        middle = from_text("middle.test")
        world.says(ALIAS, lambda: alias(ALIAS, middle, 60))
        world.says(middle, lambda: alias(middle, TARGET, 60))
        world.fails(TARGET)
        with pytest.raises(NoReachableAuthority):
            await world.resolve()

    simulate(test)


@pytest.mark.parametrize("length", [11, 12])
def test_eleven_aliases_resolve_and_twelve_do_not(length: int) -> None:
    """Scenario 18, cold and cached alike."""

    async def test(world: World) -> None:
        names = [from_text(f"c{n}.test") for n in range(length + 1)]
        for name, target in itertools.pairwise(names):
            world.says(name, lambda name=name, target=target: alias(name, target, 60))  # type: ignore[misc]  # defaults bind now
        world.says(names[-1], lambda: address(names[-1], NEW, 60))
        for _ in ("cold", "cached"):
            if length == 12:
                with pytest.raises(AliasChainTooLong):
                    await world.resolve(names[0])
            else:
                assert len((await world.resolve(names[0])).answer) == 12

    simulate(test)


def test_an_alias_to_itself_fails_after_one_query() -> None:
    """Scenario 19."""

    async def test(world: World) -> None:
        world.says(ALIAS, lambda: alias(ALIAS, ALIAS, 60))
        for _ in ("cold", "cached"):
            with pytest.raises(AliasChainTooLong):
                await world.resolve()
        assert len(world.asked) == 1

    simulate(test)


def test_a_record_of_ttl_0_is_shared_by_those_who_wait_and_by_nobody_later() -> None:
    """Scenario 28."""

    async def test(world: World) -> None:
        world.says(TARGET, lambda: address(TARGET, NEW, 0))
        answers: list[Answer] = []

        async def ask() -> None:
            answers.append(await world.resolve(TARGET))

        async with trio.open_nursery() as clients:
            for _ in range(5):
                clients.start_soon(ask)
        assert len(answers) == 5
        assert len(world.asked) == 1
        world.fails(TARGET)
        with pytest.raises(NoReachableAuthority):
            await world.resolve(TARGET)

    simulate(test)


@pytest.mark.parametrize(
    ("delay", "rdata"),
    [pytest.param(1.79, NEW, id="in time: fresh"), pytest.param(1.81, OLD, id="late: stale")],
)
def test_the_client_timeout_decides_and_a_late_answer_is_kept(delay: float, rdata: bytes) -> None:
    """Scenario 34."""

    async def test(world: World) -> None:
        world.holds(address(TARGET, OLD, 60))
        world.says(TARGET, lambda: address(TARGET, NEW, 60), delay=delay)
        await trio.sleep(100)
        assert (await world.resolve(TARGET)).answer[0].rdatas == (rdata,)
        await trio.sleep(1)
        assert (await world.resolve(TARGET)).answer[0].rdatas == (NEW,)
        assert len(world.asked) == 1

    simulate(test)


def test_whoever_joins_a_late_flight_does_not_wait_the_client_timeout_again() -> None:
    async def test(world: World) -> None:
        world.holds(address(TARGET, OLD, 60))
        world.fails(TARGET, delay=8)
        await trio.sleep(100)
        await world.resolve(TARGET)
        began = trio.current_time()
        await world.resolve(TARGET)
        assert trio.current_time() == began

    simulate(test)


def test_stale_denials_are_marked_as_such() -> None:
    async def test(world: World) -> None:
        world.holds(nxdomain(TARGET, 60))
        world.fails(TARGET)
        await trio.sleep(100)
        answer = await world.resolve(TARGET)
        assert (answer.rcode, codes(answer)[0]) == (NXDOMAIN, STALE_NXDOMAIN)

    simulate(test)


def test_a_public_alias_into_our_own_zones_is_refused() -> None:
    async def test(world: World) -> None:
        world.says(ALIAS, lambda: alias(ALIAS, from_text("web.internal"), 60))
        with pytest.raises(LocalTarget):
            await world.resolve()

    simulate(test)


@pytest.mark.parametrize(
    ("said", "rcode", "shown"),
    [
        pytest.param(lambda: Answer(answer=(address(INSIDE, NEW, 5),)), NOERROR, [ALIAS, INSIDE], id="its addresses"),
        pytest.param(lambda: Answer(authority=(nxdomain(INSIDE, 5).soa,)), NOERROR, [ALIAS], id="NODATA"),
        pytest.param(
            lambda: Answer(rcode=NXDOMAIN, authority=(nxdomain(INSIDE, 5).soa,)), NXDOMAIN, [ALIAS], id="NXDOMAIN"
        ),
        pytest.param(lambda: Answer(rcode=SERVFAIL), SERVFAIL, [], id="a failure shows no open chain"),
    ],
)
def test_a_public_alias_into_our_own_zones_ends_in_what_we_say_ourselves(
    said: Callable[[], Answer], rcode: int, shown: list[WireName]
) -> None:
    async def test(world: World) -> None:
        async def at_home(question: Question) -> Answer:
            assert question == Question(INSIDE, A)
            return said()

        world.says(ALIAS, lambda: alias(ALIAS, INSIDE, 60))
        budget = Budget(trio.current_time() + 10)
        answer = await world.turned.run(world.public.resolve(Question(ALIAS, A), budget, at_home))
        assert (answer.rcode, [rrset.owner for rrset in answer.answer]) == (rcode, shown)
        assert not answer.authoritative

    simulate(test)


def test_only_a_link_that_is_about_to_expire_is_noted_for_refresh() -> None:
    """Scenario 42."""

    async def test(world: World) -> None:
        world.holds(alias(ALIAS, TARGET, 300), address(TARGET, OLD, 20))
        await trio.sleep(18.5)
        answer = world.public.find(Question(ALIAS, A), trio.current_time())
        assert answer is not None
        assert answer.rcode == NOERROR
        assert world.due == [Question(TARGET, A)]

    simulate(test)


def test_another_type_of_a_known_alias_asks_the_target_only() -> None:
    async def test(world: World) -> None:
        world.holds(alias(ALIAS, TARGET, 300))
        world.says(TARGET, lambda: nxdomain(TARGET, 60), qtype=AAAA)
        assert (await world.resolve(qtype=AAAA)).rcode == NXDOMAIN
        assert world.asked == [Question(TARGET, AAAA)]

    simulate(test)


def test_iteration_gets_the_last_address_of_a_name_server_that_cannot_be_looked_up() -> None:
    """Else an outage of the zone that has the names of name servers would be one of every zone that these serve."""

    async def test(world: World) -> None:
        world.holds(address(TARGET, OLD, 60))
        world.fails(TARGET)
        await trio.sleep(61)
        for _ in range(2):
            link = await world.look_up()
            assert isinstance(link, RRset)
            assert link.rdatas == (OLD,)
        assert world.asked == [Question(TARGET, A)]
        world.says(TARGET, lambda: address(TARGET, NEW, 60))
        await trio.sleep(301)
        link = await world.look_up()
        assert isinstance(link, RRset)
        assert link.rdatas == (NEW,)

    simulate(test)


def test_a_name_server_of_which_nothing_is_known_is_looked_up_in_vain() -> None:
    async def test(world: World) -> None:
        world.fails(TARGET)
        with pytest.raises(NoReachableAuthority):
            await world.look_up()

    simulate(test)
