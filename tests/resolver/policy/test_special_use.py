import pytest

from cache.names import from_text
from cache.rrtypes import AAAA, MX, NOERROR, NS, NXDOMAIN, PTR, SOA, A
from resolver.policy.special_use import LOCALHOST, SpecialUse


@pytest.mark.parametrize(
    ("name", "qtype", "rcode", "rdatas"),
    [
        pytest.param("localhost", A, NOERROR, [b"\x7f\0\0\1"], id="RFC 6761 6.3: localhost is the loopback address"),
        pytest.param("www.localhost", AAAA, NOERROR, [bytes(15) + b"\1"], id="and so is every name below it"),
        pytest.param("localhost", MX, NOERROR, [], id="other types of localhost are NODATA"),
        pytest.param("www.invalid", A, NXDOMAIN, [], id="RFC 6761 6.4"),
        pytest.param("abc.onion", A, NXDOMAIN, [], id="RFC 7686 2"),
        pytest.param("nas.home.arpa", A, NXDOMAIN, [], id="RFC 8375 4"),
        pytest.param("_dns.resolver.arpa", 64, NXDOMAIN, [], id="RFC 9462 8.4"),
        pytest.param("1.0.0.10.in-addr.arpa", PTR, NXDOMAIN, [], id="RFC 6303 4.1"),
        pytest.param("1.0.16.172.in-addr.arpa", PTR, NXDOMAIN, [], id="172.16/12 begins"),
        pytest.param("1.0.31.172.in-addr.arpa", PTR, NXDOMAIN, [], id="172.16/12 ends"),
        pytest.param("1.0.0.127.in-addr.arpa", PTR, NOERROR, [LOCALHOST], id="the loopback address has a name"),
        pytest.param("0.0.127.in-addr.arpa", PTR, NOERROR, [], id="an empty non-terminal above it is NODATA"),
        pytest.param(
            "10.in-addr.arpa", NS, NOERROR, [from_text("10.in-addr.arpa")], id="RFC 6303 3: the zone serves itself"
        ),
    ],
)
def test_special_use_names_are_answered_here(name: str, qtype: int, rcode: int, rdatas: list[bytes]) -> None:
    answer = SpecialUse().find(from_text(name), qtype)
    assert answer is not None
    assert answer.rcode == rcode
    assert [rdata for rrset in answer.answer for rdata in rrset.rdatas] == rdatas
    assert rdatas or [rrset.rtype for rrset in answer.authority] == [SOA]


@pytest.mark.parametrize(
    "name", ["www.example", "localhost.example", "1.2.0.192.example", "0.32.172.in-addr.arpa", "test"]
)
def test_ordinary_names_are_left_alone(name: str) -> None:
    assert SpecialUse().find(from_text(name), A) is None


def test_a_zone_that_the_operator_configured_is_asked_there() -> None:
    special = SpecialUse([from_text("2.10.in-addr.arpa")])
    assert special.find(from_text("1.1.2.10.in-addr.arpa"), PTR) is None
    assert special.find(from_text("1.1.3.10.in-addr.arpa"), PTR) is not None
