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


def test_the_newest_of_a_type_is_found_first() -> None:
    glue, expired = rrset("ns.example. 60 A 192.0.2.2"), rrset("ns.example. 60 A 192.0.2.1")
    assert Node(glue.owner, (glue, expired)).find(A) is glue
