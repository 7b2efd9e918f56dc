import pytest

from cache.names import from_text
from cache.rrtypes import AAAA, MX, NOERROR, NS, NXDOMAIN, PTR, SOA, A
from internal_zones import is_ours
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
    "name",
    [
        *("www.example", "localhost.example", "1.2.0.192.example", "test", "printer.local"),
        *("0.32.172.in-addr.arpa", "63.100.in-addr.arpa", "128.100.in-addr.arpa"),
    ],
)
def test_ordinary_names_are_left_alone(name: str) -> None:
    assert SpecialUse().find(from_text(name), A) is None


def test_a_zone_that_the_operator_configured_is_asked_there() -> None:
    special = SpecialUse([from_text("2.10.in-addr.arpa")])
    assert special.find(from_text("1.1.2.10.in-addr.arpa"), PTR) is None
    assert special.find(from_text("1.1.3.10.in-addr.arpa"), PTR) is not None


def test_a_name_above_one_that_is_configured_is_not_denied() -> None:
    """RFC 8020: who hears that 0.10.in-addr.arpa is not there need not ask for what is below it."""
    special = SpecialUse(named=frozenset({from_text("0.10.in-addr.arpa")}))
    for name, rcode in (("0.10.in-addr.arpa", NOERROR), ("1.10.in-addr.arpa", NXDOMAIN)):
        answer = special.find(from_text(name), PTR)
        assert answer is not None
        assert (answer.rcode, answer.answer) == (rcode, ())


IP6_ZEROS = "0." * 31
RESERVED = {
    "RFC 6303 §4.1": (
        *(
            "10.in-addr.arpa",
            "16.172.in-addr.arpa",
            "17.172.in-addr.arpa",
            "18.172.in-addr.arpa",
            "19.172.in-addr.arpa",
        ),
        *("20.172.in-addr.arpa", "21.172.in-addr.arpa", "22.172.in-addr.arpa", "23.172.in-addr.arpa"),
        *("24.172.in-addr.arpa", "25.172.in-addr.arpa", "26.172.in-addr.arpa", "27.172.in-addr.arpa"),
        *("28.172.in-addr.arpa", "29.172.in-addr.arpa", "30.172.in-addr.arpa", "31.172.in-addr.arpa"),
        "168.192.in-addr.arpa",
    ),
    "RFC 6303 §4.2": (
        *("0.in-addr.arpa", "127.in-addr.arpa", "254.169.in-addr.arpa", "2.0.192.in-addr.arpa"),
        *("100.51.198.in-addr.arpa", "113.0.203.in-addr.arpa", "255.255.255.255.in-addr.arpa"),
    ),
    "RFC 6303 §4.3": (f"{IP6_ZEROS}0.ip6.arpa", f"{IP6_ZEROS}1.ip6.arpa"),
    "RFC 6303 §4.4": ("d.f.ip6.arpa",),
    "RFC 6303 §4.5": ("8.e.f.ip6.arpa", "9.e.f.ip6.arpa", "a.e.f.ip6.arpa", "b.e.f.ip6.arpa"),
    "RFC 6303 §4.6": ("8.b.d.0.1.0.0.2.ip6.arpa",),
    "RFC 6761 §6.4": ("invalid",),
    "RFC 7686 §2": ("onion",),
    "RFC 8375 §4": ("home.arpa",),
    "RFC 9462 §8": ("resolver.arpa",),
    "RFC 7793 §3": tuple(f"{number}.100.in-addr.arpa" for number in range(64, 128)),
    "RFC 9476 §2": ("alt",),
}


@pytest.mark.parametrize(
    "zone", [pytest.param(zone, id=f"{source} {zone[-24:]}") for source, zones in RESERVED.items() for zone in zones]
)
def test_every_reserved_zone_is_empty_at_its_apex_and_has_nothing_below(zone: str) -> None:
    """RFC 6303 §3: an SOA and an NS RRset at the apex; and, as no query may leave for it, a negative answer to all else."""
    special = SpecialUse()
    for qtype in (SOA, NS):
        apex = special.find(from_text(zone), qtype)
        assert apex is not None
        assert [(rrset.owner, rrset.rtype) for rrset in apex.answer] == [(from_text(zone), qtype)]
    below = special.find(from_text(f"nobody.{zone}"), A)
    assert below is not None
    assert (below.rcode, below.answer) == (NXDOMAIN, ())
    assert [(rrset.owner, rrset.rtype) for rrset in below.authority] == [(from_text(zone), SOA)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("web.internal.", True, id="an internal name"),
        pytest.param("ec2.internal.", False, id="a zone below that is configured"),
        pytest.param("ip-10-0-0-1.ec2.internal.", False, id="a name in it"),
        pytest.param("notec2.internal.", True, id="a name beside it"),
        pytest.param("x.app.flycast.", False, id="below flycast"),
        pytest.param("app2.flycast.", True, id="beside that"),
        pytest.param("5.0.0.0.a.a.d.f.ip6.arpa.", False, id="below the 6PN reverse zone"),
        pytest.param("6.0.0.0.a.a.d.f.ip6.arpa.", True, id="beside that"),
        pytest.param("www.example.", False, id="a public name"),
    ],
)
def test_the_most_specific_zone_says_whose_a_name_is(name: str, expected: bool) -> None:
    """A forward zone below `.internal` passed `cistern check`, and was never used."""
    zones = frozenset(map(from_text, ("ec2.internal.", "app.flycast.", "5.0.0.0.a.a.d.f.ip6.arpa.", "corp.example.")))
    assert SpecialUse(zones).is_ours(from_text(name)) is expected
    assert SpecialUse().is_ours(from_text(name)) is is_ours(from_text(name))
