"""Which source answers what, over the real public resolver and cache with nothing upstream."""

import ipaddress
from collections.abc import Awaitable, Callable

import pytest
import trio

from cache.answer import Answer, Question
from cache.failures import Failures, ServerFailures
from cache.names import from_text
from cache.options import CacheOptions, StaleOptions
from cache.rrtypes import AAAA, ANY, AXFR, CHAOS, HINFO, IN, NOERROR, NXDOMAIN, OPT, REFUSED, SERVFAIL, A
from cache.store import RRsetCache
from internal_zones import InternalZones, StateOptions, is_ours
from resolver.engine import Flights, Landing, Memory, PublicResolver, ResolveCounts
from resolver.errors import (
    OTHER,
    NoQuestion,
    NoReachableAuthority,
    NotRecursive,
    NotServed,
    NotSupported,
    Prohibited,
    ResolutionFailure,
)
from resolver.iterate import Budget, Iteration
from resolver.policy.local import Local
from resolver.policy.options import Rebind
from resolver.policy.rebinding import Guard
from resolver.policy.sources import Sources
from resolver.policy.special_use import SpecialUse
from resolver.policy.tally import Tally
from resolver.policy.views import View, views
from resolver.wire.message import RD, Query
from tests.build import question, rrset
from tests.resolver.engine.turned import Turned, play

LOOPBACK = ipaddress.ip_address("127.0.0.1").packed
MACHINE = ipaddress.ip_address("fdaa:0:18::2").packed
STRANGER = ipaddress.ip_address("198.51.100.1").packed


def query(text: str, *, flags: int = RD, qclass: int = IN) -> Query:
    asked = question(text)
    return Query(1, flags, b"", asked.qname, asked.qtype, qclass, None)


def view(client: bytes = LOOPBACK) -> View:
    return views({})(client, LOOPBACK)


def with_sources(
    test: Callable[[Sources, RRsetCache], Awaitable[None]], database: str = "", rebind: Rebind = "refuse"
) -> None:
    async def main() -> None:
        turned, cache = Turned(), RRsetCache(CacheOptions())
        await test(sources_of(turned, cache, database, rebind), cache)

    play(main)


Fly = Callable[[Question, Budget, Landing], Awaitable[Iteration | ResolutionFailure]]


async def nowhere(asked: Question, budget: Budget, flight: Landing) -> Iteration | ResolutionFailure:
    raise AssertionError(f"{asked} was taken upstream")


LOCAL_RECORDS = (
    "own.example. 60 A 192.0.2.7",
    "1.0.0.10.in-addr.arpa. 60 PTR own.example.",
    "web.internal. 60 A 192.0.2.7",
)


def sources_of(
    turned: Turned,
    cache: RRsetCache,
    database: str = "",
    rebind: Rebind = "refuse",
    fly: Fly = nowhere,
) -> Sources:
    counts = ResolveCounts()
    public = PublicResolver(
        turned.mesh,
        Memory(cache, Failures(), ServerFailures()),
        Flights(turned.mesh, fly, counts),
        StaleOptions(),
        counts,
        is_local=is_ours,
        note_due=lambda asked: None,
    )
    internal = None
    if database:
        internal = InternalZones(
            StateOptions(database=database), now=trio.current_time, turns=turned.turns, rng=_NoRandomness()
        )
    return Sources(
        SpecialUse(),
        internal,
        public,
        lambda: Budget(trio.current_time() + 10),
        views({}),
        turned.mesh,
        guard=Guard(rebind),
        local=Local(
            [rrset(text) for text in LOCAL_RECORDS],
            [from_text("corp.test"), from_text("alt")],
            [from_text("lab.corp.test")],
        ),
    )


class _NoRandomness:
    def getrandbits(self, k: int, /) -> int:
        return 0


def answer_now(asked: Query, client: bytes = LOOPBACK, *held: str) -> Answer | None:
    """What the sources say at once when the cache holds `held`."""
    said: list[Answer | None] = []

    async def test(sources: Sources, cache: RRsetCache) -> None:
        for text in held:
            assert cache.put(rrset(text, trio.current_time()), trio.current_time())
        said.append(sources.answer_now(asked, view(client), trio.current_time(), Tally()))

    with_sources(test)
    return said[0]


@pytest.mark.parametrize(
    ("asked", "client", "failure"),
    [
        pytest.param(query("www.example A"), STRANGER, Prohibited, id="a client of no network"),
        pytest.param(query("www.example A", qclass=CHAOS), LOOPBACK, NotSupported, id="class CHAOS"),
        pytest.param(query("version.bind TXT", qclass=CHAOS), LOOPBACK, NotSupported, id="no version to be said"),
        pytest.param(query("version.bind TXT", qclass=CHAOS), STRANGER, Prohibited, id="a stranger's CHAOS"),
        pytest.param(query("www.example A", qclass=4), LOOPBACK, NotSupported, id="class HESIOD"),
        pytest.param(query("www.example AXFR"), LOOPBACK, NotSupported, id="a zone transfer"),
        *(
            pytest.param(query(f"www.example {rtype}"), LOOPBACK, NoQuestion, id=f"{rtype}, which is no data")
            for rtype in ("OPT", "TYPE0", "TYPE128", "TYPE200", "TKEY", "TSIG", "MAILB", "MAILA")
        ),
        pytest.param(query("www.example A", flags=0), LOOPBACK, NotRecursive, id="RD=0 and not known"),
        pytest.param(query("web.internal AAAA"), MACHINE, NotServed, id="an internal name without a state database"),
    ],
)
def test_what_is_refused_and_why(asked: Query, client: bytes, failure: type[ResolutionFailure]) -> None:
    answer = answer_now(asked, client)
    assert answer is not None
    assert (answer.rcode, answer.errors[0].code) == (failure.rcode, failure.info_code)
    assert {AXFR, OPT} == {252, 41}


def test_a_loopback_client_without_a_network_sees_no_internal_names() -> None:
    async def test(sources: Sources, cache: RRsetCache) -> None:
        answer = sources.answer_now(query("web.internal AAAA"), view(LOOPBACK), 0.0, Tally())
        assert answer is not None
        assert (answer.rcode, answer.errors[0].code) == (REFUSED, Prohibited.info_code)

    with_sources(test, database="/nonexistent/state.db")


def test_an_internal_name_is_never_looked_up_in_the_cache() -> None:
    async def test(sources: Sources, cache: RRsetCache) -> None:
        assert cache.put(rrset("web.internal. 60 A 192.0.2.1"), 0.0)
        assert sources.answer_now(query("web.internal A"), view(MACHINE), 0.0, Tally()) is None

    with_sources(test, database="/nonexistent/state.db")


def test_special_use_names_need_no_network() -> None:
    answer = answer_now(query("www.invalid A"))
    assert answer is not None
    assert answer.rcode == NXDOMAIN


@pytest.mark.parametrize(
    ("asked", "client", "rcode"),
    [
        pytest.param("own.example A", LOOPBACK, NOERROR, id="before the cache"),
        pytest.param("own.example AAAA", LOOPBACK, NOERROR, id="a type that it has not"),
        pytest.param("own.example ANY", LOOPBACK, NOERROR, id="ANY"),
        pytest.param("www.corp.test A", LOOPBACK, NXDOMAIN, id="in a zone of the operator's"),
        pytest.param("1.0.0.10.in-addr.arpa PTR", LOOPBACK, NOERROR, id="before special-use names"),
        pytest.param("alt NS", LOOPBACK, NOERROR, id="a zone before that of special use"),
        pytest.param("own.example A", STRANGER, REFUSED, id="a client of no network"),
    ],
)
def test_local_data_is_the_operators_own_word(asked: str, client: bytes, rcode: int) -> None:
    held = "own.example. 60 A 192.0.2.99", "www.corp.test. 60 A 192.0.2.99", "own.example. 60 AAAA 2001:db8::99"
    for flags in (RD, 0):
        answer = answer_now(query(asked, flags=flags), client, *held)
        assert answer is not None
        assert answer.rcode == rcode
        assert answer.authoritative == (client == LOOPBACK)
        assert not any(rdata.endswith(b"\x99") for one in answer.answer for rdata in one.rdatas)


def test_internal_names_are_not_the_operators_to_change() -> None:
    answer = answer_now(query("web.internal A"), MACHINE)
    assert answer is not None
    assert answer.rcode == NotServed.rcode


def test_answers_of_local_data_are_counted_as_such() -> None:
    async def main() -> None:
        turned, tally = Turned(), Tally()
        sources = sources_of(turned, RRsetCache(CacheOptions()))
        for asked in ("own.example A", "www.corp.test A", "www.invalid A"):
            assert sources.answer_now(query(asked), view(), 0.0, tally) is not None
        assert (tally.composed["local"], tally.composed["special"]) == (2, 1)

    play(main)


def test_a_cached_answer_is_given_with_rd_and_without() -> None:
    for flags in (RD, 0):
        answer = answer_now(query("www.example A", flags=flags), LOOPBACK, "www.example. 60 A 192.0.2.1")
        assert answer is not None
        assert (answer.rcode, answer.answer[0].rtype) == (NOERROR, A)


def test_any_is_answered_with_one_hinfo() -> None:
    """RFC 8482 §4.2."""
    answer = answer_now(query("www.example ANY"), LOOPBACK, "www.example. 60 A 192.0.2.1")
    assert answer is not None
    assert [one.rtype for one in answer.answer] == [HINFO]
    assert ANY == 255


def test_a_public_name_with_an_address_of_the_platform_is_refused() -> None:
    answer = answer_now(query("evil.example AAAA"), LOOPBACK, "evil.example. 60 AAAA fdaa:0:18::2")
    assert answer is not None
    assert (answer.rcode, answer.answer) == (REFUSED, ())
    assert AAAA == 28


async def asked_of(sources: Sources, asked: Query, at: View, tally: Tally | None = None) -> Answer:
    """What is given, in the end."""
    answers: list[Answer] = []
    given = trio.Event()

    def give(answer: Answer) -> None:
        answers.append(answer)
        given.set()

    sources.ask(asked, at, give, tally or Tally())
    await given.wait()
    (answer,) = answers
    return answer


@pytest.mark.parametrize(
    ("outcome", "rcode", "code"),
    [
        pytest.param(NoReachableAuthority("silent"), SERVFAIL, NoReachableAuthority.info_code, id="a failure"),
        pytest.param(ZeroDivisionError(), SERVFAIL, OTHER, id="a fault of ours"),
    ],
)
def test_what_is_waited_for_is_given_whatever_becomes_of_it(outcome: Exception, rcode: int, code: int) -> None:
    async def fly(asked: Question, budget: Budget, flight: Landing) -> Iteration | ResolutionFailure:
        await turned_of[0].mesh.sleep(1)
        if isinstance(outcome, ResolutionFailure):
            return outcome
        raise outcome

    turned_of: list[Turned] = []

    async def main() -> None:
        turned = Turned()
        turned_of.append(turned)
        reported: list[Exception] = []
        turned.mesh.report = lambda doing, fault: reported.append(fault)
        sources, tally = sources_of(turned, RRsetCache(CacheOptions()), fly=fly), Tally()
        answer = await asked_of(sources, query("www.example A"), view(), tally)
        assert (answer.rcode, [one.code for one in answer.errors]) == (rcode, [code])
        assert (tally.composed["failed"], sum(tally.composed.values())) == (1, 1)
        assert trio.current_time() == 1
        assert reported == ([] if isinstance(outcome, ResolutionFailure) else [outcome])

    play(main)


def test_a_fault_of_ours_outside_of_flights_is_told_and_reported_too() -> None:
    async def main() -> None:
        turned = Turned()
        reported: list[str] = []
        turned.mesh.report = lambda doing, fault: reported.append(doing)
        sources = sources_of(turned, RRsetCache(CacheOptions()))
        sources._budget = lambda: Budget(1 / 0)
        answer = await asked_of(sources, query("www.example A"), view())
        assert (answer.rcode, [one.code for one in answer.errors]) == (SERVFAIL, [OTHER])
        assert reported == [f"question {from_text('www.example')!r}"]

    play(main)


def test_public_names_may_lead_into_the_platform_where_an_operator_says_so() -> None:
    async def test(sources: Sources, cache: RRsetCache) -> None:
        now = trio.current_time()
        cache.put(rrset("good.example. 60 AAAA fdaa:0:18::2", now), now)
        cache.put(rrset("alias.example. 60 CNAME web.internal.", now), now)
        answer = sources.answer_now(query("good.example AAAA"), view(), now, Tally())
        assert answer is not None
        assert answer.rcode == NOERROR
        asked = query("alias.example AAAA")
        assert sources.answer_now(asked, view(MACHINE), now, Tally()) is None
        answer = await asked_of(sources, asked, view(MACHINE))
        # internal names have no other source here either
        assert (answer.rcode, [one.code for one in answer.errors]) == (REFUSED, [NotServed.info_code])

    with_sources(test, rebind="resolve")


def test_each_answer_is_counted_by_where_it_comes_from() -> None:
    async def test(sources: Sources, cache: RRsetCache) -> None:
        now, tally = trio.current_time(), Tally()
        cache.put(rrset("www.example. 60 A 192.0.2.1", now), now)
        for text in ("localhost A", "www.example A", "www.example A", "www.example AXFR"):
            assert sources.answer_now(query(text), view(), now, tally) is not None
        assert sources.answer_now(query("new.example A"), view(), now, tally) is None
        counted = {"special": 1, "local": 0, "internal": 0, "cache": 2, "stale": 0, "upstream": 0}
        assert tally.composed == counted | {"failed": 0, "refused": 1}

    with_sources(test)


def test_what_is_not_known_has_to_be_awaited() -> None:
    assert answer_now(query("www.example A")) is None


def test_class_any_has_what_class_in_has() -> None:
    """Java's JNDI asks so."""
    answer = answer_now(query("www.example A", qclass=255), LOOPBACK, "www.example. 60 A 192.0.2.1")
    assert answer is not None
    assert (answer.rcode, len(answer.answer)) == (0, 1)
