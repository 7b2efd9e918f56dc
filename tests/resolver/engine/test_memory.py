"""What is remembered, whatever is configured."""

from cache.chain import Alias, Several, alias_of
from cache.failures import Failures, ServerFailures
from cache.names import from_text
from cache.options import CacheOptions
from cache.rrset import Denial
from cache.store import RRsetCache
from resolver.engine import Memory
from resolver.engine.memory import DOUBTED_OCTETS, MAX_WAITS, SLOW, Doubted, Wait, Waits
from tests.build import denial, question, replace, rrset
from tests.resolver.engine.fake_network import SERVER, FakeEnv
from tests.resolver.engine.turned import Turned, means_of, play


def test_what_is_known_of_servers_is_so_to_whatever_asks_them_next() -> None:
    """As after a reload, which makes all anew that goes by options."""

    async def main() -> None:
        env, memory = FakeEnv({}), Memory(RRsetCache(CacheOptions()), Failures(), ServerFailures())
        before, after = (means_of(Turned(env), env, memory=memory) for _ in range(2))
        before.typical.note(0.1)
        before.families.note_heard(SERVER, 1.0)
        before.state_of(SERVER).srtt = 0.1
        assert (after.typical, after.families, after.waits) == (before.typical, before.families, before.waits)
        assert after.state_of(SERVER).srtt == 0.1

    play(main)


ZONE = from_text("example.")


def test_what_was_slow_or_failed_is_kept_and_the_last_comes_first() -> None:
    waits = Waits()
    waits.note(ZONE, 10.0, 10.0 + SLOW / 2, failed=False)
    waits.note(ZONE, 10.0, 10.0, failed=True)
    waits.note(ZONE, 10.0, 12.0, failed=False)
    assert list(waits.since(0.0)) == [Wait(ZONE, 12.0, 2.0, False), Wait(ZONE, 10.0, 0.0, True)]


def test_what_ended_before_is_not_of_this_time() -> None:
    waits = Waits()
    for now in (11.0, 12.0, 13.0):
        waits.note(ZONE, 10.0, now, failed=False)
    assert [wait.ended for wait in waits.since(11.0)] == [13.0, 12.0]


def test_only_the_last_ones_are_kept() -> None:
    waits = Waits()
    for number in range(MAX_WAITS + 5):
        waits.note(ZONE, 0.0, 1.0 + number, failed=False)
    found = list(waits.since(0.0))
    assert (len(found), found[-1].ended) == (MAX_WAITS, 6.0)


def test_more_may_come_while_somebody_looks() -> None:
    waits = Waits()
    waits.note(ZONE, 0.0, 1.0, failed=False)
    looking = waits.since(0.0)
    waits.note(ZONE, 0.0, 1.0, failed=False)
    next(looking)
    waits.note(ZONE, 0.0, 2.0, failed=False)
    assert len(list(looking)) == 1


WWW = question("www.example. A")
SAID = rrset("www.example. 60 A 192.0.2.1", 100.0)


def test_what_would_have_ended_is_good_for_once() -> None:
    """It is bounded by its failure: TTL 0 is no reason to ask again and again."""
    doubted = Doubted()
    doubted.note(WWW, SAID)
    assert doubted.find(WWW, 159.0) is SAID
    assert doubted.find(WWW, 160.0) == replace(SAID, ttl=0)
    assert doubted.find(question("www.example. AAAA"), 100.0) is None


def test_so_is_an_alias_and_so_is_a_denial_with_all_that_is_beside_it() -> None:
    doubted = Doubted()
    alias = alias_of(rrset("www.example. 60 CNAME other.example.", 100.0), WWW.qname)
    doubted.note(WWW, alias)
    assert doubted.find(WWW, 159.0) is alias
    assert doubted.find(WWW, 160.0) == Alias(tuple(replace(one, ttl=0) for one in alias.shown), alias.target)
    no = replace(denial("www.example. A", 100.0), proof=(SAID,))
    doubted.note(WWW, no)
    found = doubted.find(WWW, no.expires)
    assert isinstance(found, Denial)
    assert {found.ttl, found.soa.ttl, *(one.ttl for one in found.proof)} == {0}


def test_so_is_all_that_was_said_of_a_name() -> None:
    doubted, asked = Doubted(), question("www.example. ANY")
    several = Several((SAID, rrset("www.example. 600 TXT hello", 100.0)))
    doubted.note(asked, several)
    assert doubted.find(asked, 159.0) is several
    assert doubted.find(asked, 160.0) == Several(tuple(replace(one, ttl=0) for one in several.rrsets))


def test_a_later_failure_takes_its_place() -> None:
    doubted = Doubted()
    doubted.note(WWW, SAID)
    doubted.note(WWW, None)
    assert doubted.find(WWW, 100.0) is None


def test_it_is_bounded_in_octets() -> None:
    doubted = Doubted()
    for number in range(100):
        doubted.note(question(f"w{number}.example. A"), replace(SAID, rrsigs=(bytes(60_000),)))
    held = [number for number in range(100) if doubted.find(question(f"w{number}.example. A"), 100.0) is not None]
    assert held == list(range(100 - DOUBTED_OCTETS // 61_500, 100))
    doubted.note(WWW, replace(SAID, rrsigs=(bytes(DOUBTED_OCTETS),)))
    assert doubted.find(WWW, 100.0) is None
