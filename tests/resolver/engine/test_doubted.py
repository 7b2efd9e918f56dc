"""What failed in validation is kept for a while, and bounded."""

from cache.chain import alias_of
from resolver.engine.doubted import MAX_OCTETS, Doubted
from tests.build import question, replace, rrset

WWW = question("www.example. A")
SAID = rrset("www.example. 60 A 192.0.2.1", 100.0)


def test_it_is_found_until_it_would_have_ended() -> None:
    doubted = Doubted()
    doubted.note(WWW, SAID)
    assert doubted.find(WWW, 159.0) is SAID
    assert doubted.find(WWW, 160.0) is None
    assert doubted.find(question("www.example. AAAA"), 100.0) is None


def test_an_alias_ends_with_its_record() -> None:
    doubted = Doubted()
    alias = alias_of(rrset("www.example. 60 CNAME other.example.", 100.0), WWW.qname)
    doubted.note(WWW, alias)
    assert doubted.find(WWW, 159.0) is alias
    assert doubted.find(WWW, 160.0) is None


def test_it_is_bounded_in_octets() -> None:
    doubted = Doubted()
    for number in range(100):
        doubted.note(question(f"w{number}.example. A"), replace(SAID, rrsigs=(bytes(60_000),)))
    held = [number for number in range(100) if doubted.find(question(f"w{number}.example. A"), 100.0) is not None]
    assert held == list(range(100 - MAX_OCTETS // 61_500, 100))
    doubted.note(WWW, replace(SAID, rrsigs=(bytes(MAX_OCTETS),)))
    assert doubted.find(WWW, 100.0) is None
