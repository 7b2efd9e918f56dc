"""Text of local data: what is understood, and what is wrong."""

import pytest

from cache.names import from_text, to_text
from resolver.policy.local_records import BadRecord, faults_of_local, read_record
from resolver.policy.options import LocalOptions


@pytest.mark.parametrize(
    ("text", "owner", "rtype", "ttl", "rdata"),
    [
        pytest.param("printer.corp. 300 A 192.0.2.7", "printer.corp.", 1, 300, b"\xc0\0\2\7", id="all of it"),
        pytest.param("Printer.corp a 192.0.2.7", "printer.corp.", 1, 3600, b"\xc0\0\2\7", id="no TTL, no final dot"),
        pytest.param("x. IN 5 A 192.0.2.7", "x.", 1, 5, b"\xc0\0\2\7", id="class and TTL"),
        pytest.param("x.\t5 in\tA 192.0.2.7 ; why", "x.", 1, 5, b"\xc0\0\2\7", id="TTL and class, and a comment"),
        pytest.param('x. TXT "a b" c', "x.", 16, 3600, b"\3a b\1c", id="quotes"),
        pytest.param("x. MX 10 Mail", "x.", 15, 3600, b"\0\x0a\4Mail\0", id="names in rdata are absolute"),
        pytest.param("x. TYPE65280 \\# 1 00", "x.", 65280, 3600, b"\0", id="RFC 3597"),
        pytest.param("x. 0 HTTPS 1 . alpn=h2", "x.", 65, 0, b"\0\1\0\0\1\0\3\2h2", id="HTTPS"),
    ],
)
def test_a_record_is_read(text: str, owner: str, rtype: int, ttl: int, rdata: bytes) -> None:
    record = read_record(text)
    assert (to_text(record.owner), record.rtype, record.ttl, record.rdatas) == (owner, rtype, ttl, (rdata,))


BAD = {
    "": "expected a record of class IN",
    "x.": "expected a record of class IN",
    "x. 300": "expected a record of class IN",
    "x. CH TXT y": "expected a record of class IN",
    "x. 300 AA 192.0.2.7": "'AA' is no RR type",
    "x. A 192.0.2.700": "no data of type A",
    "x. A": "no data of type A",
    "x. A 192.0.2.7 192.0.2.8": "no data of type A",
    "x. A 192.0.2.7\ny. A 192.0.2.8": "one record on one line",
    "x..y. A 192.0.2.7": "empty label",
    "x. 2147483648 A 192.0.2.7": "expected a TTL of at most 2147483647 s",
    f"x. {'9' * 5000} A 192.0.2.7": "expected a TTL of at most 2147483647 s",
    "x. CNAME y.": "aliases are not followed from here: write the records of its target",
    "x. DNAME y.": "aliases are not followed",
    "x. NS y.": "[[stub]]",
    "x. SOA y. z. 1 2 3 4 5": "expected no SOA",
    "x. DS 1 13 2 00": "not signed",
    "x. RRSIG y": "not signed",
    "x. TYPE41 \\# 0": "expected no OPT: it is no type of data",
    "x. AXFR y": "no type of data",
}


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_record_says_what_was_expected(text: str) -> None:
    with pytest.raises(BadRecord) as caught:
        read_record(text)
    assert str(caught.value).startswith("expected ")
    assert BAD[text] in str(caught.value)


@pytest.mark.parametrize(
    ("record", "zone", "wrong"),
    [
        pytest.param("web.internal. A 192.0.2.7", "internal", "this platform's own", id="an internal name"),
        pytest.param("www.localhost. A 192.0.2.7", "localhost", "RFC 6761 §6.3", id="the loopback name"),
        pytest.param("*.corp. A 192.0.2.7", "*.corp", "no wildcards", id="a wildcard"),
        pytest.param("x. CNAME y.", "lab.example", "", id="a zone that is asked otherwise"),
    ],
)
def test_every_fault_has_its_index(record: str, zone: str, wrong: str) -> None:
    options = LocalOptions(records=("ok.corp. A 192.0.2.1", record), zones=("corp", "lab.test", zone))
    elsewhere = frozenset({from_text("lab.example"), from_text("ec2.internal")})
    of_zone, of_record = faults_of_local(options, elsewhere)
    assert of_zone[:2] == ("zones", 2)
    assert of_record[:2] == ("records", 1)
    assert record in of_record[2]
    assert wrong in of_record[2]
    assert (wrong or "lab.example already stands in [[forward]] or [[stub]]") in of_zone[2]


def test_a_name_in_a_zone_below_the_platforms_own_that_is_configured_is_no_fault() -> None:
    options = LocalOptions(records=("db.ec2.internal. A 192.0.2.1",))
    assert not list(faults_of_local(options, frozenset({from_text("ec2.internal")})))


def test_what_no_reply_could_hold_is_a_fault() -> None:
    records = tuple(f"x. A 10.0.{number >> 8}.{number & 255}" for number in range(5000))
    found = list(faults_of_local(LocalOptions(records=records), frozenset()))
    assert found[0][:2] == ("records", 65000 // 16)
    assert "no reply could hold them" in found[0][2]
    assert not list(faults_of_local(LocalOptions(records=records[:4000]), frozenset()))
