"""The estimate of memory, against what a process really takes."""

import pytest

from cache.octets import octets_of
from tests.build import denial, replace, rrset
from tests.cache.memory import KINDS, measure

COUNT = 50_000


@pytest.mark.parametrize("kind", KINDS)
def test_the_estimate_is_within_15_percent_of_the_memory_of_a_process(kind: str) -> None:
    estimate, grown = measure(kind, COUNT)
    assert estimate == pytest.approx(grown, rel=0.15)


def test_a_proof_takes_as_much_as_it_does_beside_a_denial() -> None:
    proof = (rrset("a.example. 60 NSEC z.example. A"), rrset("b.example. 60 NSEC z.example. A"))
    found, denied = rrset("www.example. 60 A 192.0.2.1"), denial("www.example. A")
    taken = octets_of(replace(found, proof=proof)) - octets_of(found)
    assert taken == octets_of(replace(denied, proof=proof)) - octets_of(denied) > sum(map(octets_of, proof))


def test_more_data_is_more_octets() -> None:
    one = rrset("www.example. 60 A 192.0.2.1")
    two = rrset("www.example. 60 A 192.0.2.1\nwww.example. 60 A 192.0.2.2")
    alias = rrset("www.example. 60 CNAME a.example.")
    assert octets_of(one) < octets_of(two)
    assert octets_of(one) < octets_of(alias)
    assert octets_of(rrset("a. 60 A 192.0.2.1")) < octets_of(rrset(f"{'a' * 30}. 60 A 192.0.2.1"))
    assert octets_of(denial("www.example. A")) < octets_of(denial("a-very-long-name-of-a-host.example. A"))
