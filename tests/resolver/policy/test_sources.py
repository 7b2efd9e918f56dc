"""Which source answers what, over the real public resolver and cache with nothing upstream."""

import ipaddress
from collections.abc import Awaitable, Callable

import pytest
import trio
import trio.testing

from cache.answer import Answer, Question
from cache.failures import Failures
from cache.options import CacheOptions, StaleOptions
from cache.rrtypes import AAAA, ANY, AXFR, CHAOS, IN, NOERROR, NXDOMAIN, OPT, REFUSED, A
from cache.store import RRsetCache
from internal_zones import InternalZones, StateOptions, is_ours
from resolver.errors import NotRecursive, NotServed, NotSupported, Prohibited, ResolutionFailure
from resolver.iterate import Budget, Iteration
from resolver.policy.options import Rebind
from resolver.policy.sources import HINFO, Sources
from resolver.policy.special_use import SpecialUse
from resolver.policy.views import View, views
from resolver.resolve import Flights, PublicResolver, ResolveCounts
from resolver.wire.message import RD, Query
from tests.build import question, rrset

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
    async def fly(asked: Question, budget: Budget) -> Iteration | ResolutionFailure:
        raise AssertionError(f"{asked} was taken upstream")

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            cache = RRsetCache(CacheOptions())
            counts = ResolveCounts()
            flights = Flights(nursery, trio.current_time, fly, lambda asked, fault: None, counts)
            public = PublicResolver(
                trio.current_time,
                cache,
                Failures(),
                flights,
                StaleOptions(),
                counts,
                is_local=is_ours,
                note_due=lambda asked: None,
            )
            internal = None
            if database:
                internal = InternalZones(StateOptions(database=database), now=trio.current_time, rng=_NoRandomness())
            sources = Sources(SpecialUse(), internal, public, lambda: Budget(10), views({}), rebind=rebind)
            await test(sources, cache)
            nursery.cancel_scope.cancel()

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


class _NoRandomness:
    def getrandbits(self, k: int, /) -> int:
        return 0


def answer_now(asked: Query, client: bytes = LOOPBACK, *held: str) -> Answer | None:
    """What the sources say at once when the cache holds `held`."""
    said: list[Answer | None] = []

    async def test(sources: Sources, cache: RRsetCache) -> None:
        for text in held:
            assert cache.put(rrset(text, trio.current_time()), trio.current_time())
        said.append(sources.answer_now(asked, view(client), trio.current_time()))

    with_sources(test)
    return said[0]


@pytest.mark.parametrize(
    ("asked", "client", "failure"),
    [
        pytest.param(query("www.example A"), STRANGER, Prohibited, id="a client of no network"),
        pytest.param(query("www.example A", qclass=CHAOS), LOOPBACK, NotSupported, id="another class"),
        pytest.param(query("www.example AXFR"), LOOPBACK, NotSupported, id="a zone transfer"),
        pytest.param(query("www.example OPT"), LOOPBACK, NotSupported, id="a type that is no data"),
        pytest.param(query("www.example A", flags=0), LOOPBACK, NotRecursive, id="RD=0 and not known"),
        pytest.param(query("web.internal AAAA"), MACHINE, NotServed, id="an internal name without a state database"),
    ],
)
def test_what_is_refused_and_why(asked: Query, client: bytes, failure: type[ResolutionFailure]) -> None:
    answer = answer_now(asked, client)
    assert answer is not None
    assert (answer.rcode, answer.errors[0].code) == (REFUSED, failure.info_code)
    assert {AXFR, OPT} == {252, 41}


def test_a_loopback_client_without_a_network_sees_no_internal_names() -> None:
    async def test(sources: Sources, cache: RRsetCache) -> None:
        answer = sources.answer_now(query("web.internal AAAA"), view(LOOPBACK), 0.0)
        assert answer is not None
        assert (answer.rcode, answer.errors[0].code) == (REFUSED, Prohibited.info_code)

    with_sources(test, database="/nonexistent/state.db")


def test_an_internal_name_is_never_looked_up_in_the_cache() -> None:
    async def test(sources: Sources, cache: RRsetCache) -> None:
        assert cache.put(rrset("web.internal. 60 A 192.0.2.1"), 0.0)
        assert sources.answer_now(query("web.internal A"), view(MACHINE), 0.0) is None

    with_sources(test, database="/nonexistent/state.db")


def test_special_use_names_need_no_network() -> None:
    answer = answer_now(query("www.invalid A"))
    assert answer is not None
    assert answer.rcode == NXDOMAIN


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


def test_public_names_may_lead_into_the_platform_where_an_operator_says_so() -> None:
    async def test(sources: Sources, cache: RRsetCache) -> None:
        now = trio.current_time()
        cache.put(rrset("good.example. 60 AAAA fdaa:0:18::2", now), now)
        cache.put(rrset("alias.example. 60 CNAME web.internal.", now), now)
        answer = sources.answer_now(query("good.example AAAA"), view(), now)
        assert answer is not None
        assert answer.rcode == NOERROR
        asked = query("alias.example AAAA")
        assert sources.answer_now(asked, view(MACHINE), now) is None
        with pytest.raises(NotServed):  # internal names have no other source here either
            await sources.answer(asked, view(MACHINE))

    with_sources(test, rebind="resolve")


def test_what_is_not_known_has_to_be_awaited() -> None:
    assert answer_now(query("www.example A")) is None
