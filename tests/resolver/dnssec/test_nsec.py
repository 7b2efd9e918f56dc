"""NSEC records: which are read, and the order of names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.names import from_text, is_at_or_below
from resolver.dnssec import nsec
from tests.build import replace, rrset
from tests.resolver.dnssec.denying import SMALL, nsec_chain
from tests.resolver.dnssec.signing import ZONE


def test_each_record_of_a_chain_is_read() -> None:
    assert all(nsec.read(one, ZONE) for one in nsec_chain(SMALL))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("www.example. 60 NSEC www.test. A", id="a next name out of the zone"),
        pytest.param("www.test. 60 NSEC example. A", id="an owner out of the zone"),
        pytest.param("www.example. 60 NSEC a.example. A", id="back to a name that is not the apex"),
        pytest.param("www.example. 60 NSEC www.example. A", id="to itself, not the apex"),
        pytest.param("www.example. 60 NSEC z.example. A\nwww.example. 60 NSEC y.example. A", id="two at one name"),
    ],
)
def test_a_record_that_has_no_say_is_not_read(text: str) -> None:
    assert nsec.read(rrset(text), ZONE) is None


def test_names_stand_in_the_canonical_order_of_rfc_4034() -> None:
    names = ["example.", "a.example.", "yljkjljk.a.example.", "z.a.example.", "zabc.a.example.", "z.example."]
    wire = [from_text(name) for name in (*names, r"\001.z.example.", "*.z.example.", r"\200.z.example.")]
    assert sorted(wire, key=nsec.sort_key_of) == wire


@given(st.binary(max_size=80))
def test_garbage_never_raises_nor_reaches_out_of_the_zone(rdata: bytes) -> None:
    for junk in (rdata, b"\x01z\x07example\x00" + rdata):
        found = nsec.read(replace(rrset("www.example. 60 A 192.0.2.1"), rtype=47, rdatas=(junk,)), ZONE)
        assert found is None or is_at_or_below(found.next, ZONE)
