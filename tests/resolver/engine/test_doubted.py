"""What failed in validation is kept for a while, and bounded."""

from cache.chain import Alias, alias_of
from cache.rrset import Denial
from resolver.engine.doubted import MAX_OCTETS, Doubted
from tests.build import denial, question, replace, rrset

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
    assert held == list(range(100 - MAX_OCTETS // 61_500, 100))
    doubted.note(WWW, replace(SAID, rrsigs=(bytes(MAX_OCTETS),)))
    assert doubted.find(WWW, 100.0) is None
