"""What is known of one owner."""

from cache.node import Node
from cache.rrtypes import AAAA, MX, A
from tests.build import denial, rrset


def test_an_entry_is_found_by_its_type_and_the_nxdomain_by_none() -> None:
    address, nodata = rrset("www.example. 60 A 192.0.2.1"), denial("www.example. AAAA")
    node = Node(address.owner, (address, nodata))
    assert node.find(A) is address
    assert node.find(AAAA) is nodata
    assert node.find(MX) is None
    assert node.find(None) is None
    gone = denial("x.example. NXDOMAIN")
    assert Node(gone.owner, (gone,)).find(None) is gone


def test_all_entries_have_one_object_for_their_owners_name() -> None:
    first, second = rrset("www.example. 60 A 192.0.2.1"), denial("www.example. AAAA")
    assert first.owner is not second.owner
    node = Node(first.owner, (first, second))
    assert second.owner is first.owner is node.owner
    assert second == denial("www.example. AAAA")


def test_the_entries_are_those_that_were_given_in_their_order() -> None:
    first, second = rrset("www.example. 60 A 192.0.2.1"), denial("www.example. AAAA")
    node = Node(first.owner)
    assert not node.entries
    assert not node.begins_with(first)
    for entries in ((first,), (second, first), (first, second), ()):
        node.hold(entries)
        assert node.entries == entries
        assert [node.begins_with(one) for one in (first, second)] == [entries[:1] == (one,) for one in (first, second)]


def test_the_newest_of_a_type_is_found_first() -> None:
    glue, expired = rrset("ns.example. 60 A 192.0.2.2"), rrset("ns.example. 60 A 192.0.2.1")
    assert Node(glue.owner, (glue, expired)).find(A) is glue
