"""What the operator's own records say."""

import pytest

from cache.names import from_text
from cache.rrset import Security
from cache.rrtypes import AAAA, ANY, MX, NOERROR, NS, NXDOMAIN, PTR, SOA, TXT, A
from resolver.policy.local import NEGATIVE_TTL, NO_LOCAL, Local
from resolver.policy.local_records import read_local
from resolver.policy.options import LocalOptions

LOCAL: Local = read_local(
    LocalOptions(
        records=(
            "printer.corp. 300 A 192.0.2.7",
            "printer.corp. 200 A 192.0.2.8",
            "printer.corp. 300 A 192.0.2.7",
            "Printer.corp. TXT up",
            "db.lab.test. 60 AAAA 2001:db8::1",
            "x.open.lab.test. 60 A 192.0.2.9",
            "7.0.0.10.in-addr.arpa. PTR printer.corp.",
        ),
        zones=("lab.test", "deep.down.lab.test", "zone.example"),
    ),
    frozenset({from_text("open.lab.test"), from_text("printer.corp")}),
)


@pytest.mark.parametrize(
    ("name", "qtype", "rdatas", "ttl"),
    [
        pytest.param("printer.corp", A, [bytes((192, 0, 2, 7)), bytes((192, 0, 2, 8))], 200, id="one RRset, each once"),
        pytest.param("printer.corp", TXT, [b"\2up"], 3600, id="another type of it, without a TTL"),
        pytest.param("printer.corp", ANY, [bytes((192, 0, 2, 7)), bytes((192, 0, 2, 8))], 200, id="RFC 8482 4.1"),
        pytest.param("7.0.0.10.in-addr.arpa", PTR, [from_text("printer.corp")], 3600, id="below a special-use name"),
        pytest.param("x.open.lab.test", A, [bytes((192, 0, 2, 9))], 60, id="a record in a zone that is asked"),
        pytest.param("lab.test", NS, [from_text("lab.test")], NEGATIVE_TTL, id="a zone serves itself"),
    ],
)
def test_a_record_is_the_answer(name: str, qtype: int, rdatas: list[bytes], ttl: int) -> None:
    answer = LOCAL.find(from_text(name), qtype)
    assert answer is not None
    [rrset] = answer.answer
    assert (rrset.owner, list(rrset.rdatas), rrset.ttl) == (from_text(name), rdatas, ttl)
    assert (answer.rcode, answer.authoritative, answer.security) == (NOERROR, True, Security.UNCHECKED)


@pytest.mark.parametrize(
    ("name", "qtype", "rcode", "zone"),
    [
        pytest.param("printer.corp", AAAA, NOERROR, "printer.corp", id="a type that the name has not is NODATA"),
        pytest.param("printer.corp", SOA, NOERROR, "printer.corp", id="a name in no zone is no apex"),
        pytest.param("db.lab.test", MX, NOERROR, "lab.test", id="NODATA in a zone"),
        pytest.param("lab.test", A, NOERROR, "lab.test", id="an apex exists"),
        pytest.param("other.lab.test", A, NXDOMAIN, "lab.test", id="a zone has no other names"),
        pytest.param("below.db.lab.test", A, NXDOMAIN, "lab.test", id="nor below those that it has"),
        pytest.param("down.lab.test", A, NOERROR, "lab.test", id="an empty non-terminal above a zone"),
        pytest.param("www.deep.down.lab.test", A, NXDOMAIN, "deep.down.lab.test", id="the closest zone denies"),
        pytest.param("a.zone.example", ANY, NXDOMAIN, "zone.example", id="an empty zone"),
    ],
)
def test_what_there_is_not_is_denied_with_an_soa(name: str, qtype: int, rcode: int, zone: str) -> None:
    answer = LOCAL.find(from_text(name), qtype)
    assert answer is not None
    assert (answer.rcode, answer.answer, answer.authoritative) == (rcode, (), True)
    [soa] = answer.authority
    assert (soa.owner, soa.rtype, soa.ttl) == (from_text(zone), SOA, NEGATIVE_TTL)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("corp", id="above a record"),
        pytest.param("below.printer.corp", id="below a record"),
        pytest.param("scanner.corp", id="beside a record"),
        pytest.param("y.open.lab.test", id="in a forward or stub zone below a zone"),
        pytest.param("test", id="above a zone"),
        pytest.param("notlab.test", id="beside a zone"),
        pytest.param("www.example", id="elsewhere"),
    ],
)
def test_all_other_names_are_ordinary_ones(name: str) -> None:
    assert LOCAL.find(from_text(name), A) is None
    assert NO_LOCAL.find(from_text(name), A) is None


def test_the_loopback_name_stays_what_it_is_in_a_zone_of_all_names() -> None:
    everything = Local((), (from_text("."),))
    denied = everything.find(from_text("www.example"), A)
    assert denied is not None
    assert denied.rcode == NXDOMAIN
    assert everything.find(from_text("localhost"), A) is None


def test_it_says_by_which_option() -> None:
    assert LOCAL.option_of(from_text("db.lab.test")) == "local.records"
    assert LOCAL.option_of(from_text("other.lab.test")) == "local.zones"
