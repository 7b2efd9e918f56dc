"""A response as dig would print it, and as JSON."""

import msgspec

from cache.names import from_text
from cache.rrtypes import AAAA, CNAME, A
from resolver.cli.dig_text import dig_json, dig_text
from resolver.cli.exchange import Reply
from resolver.env import Address
from resolver.wire.message import AA, AD, QR, RA, RD, RawRRset, Response, ResponseEdns
from tests.build import replace

WWW = from_text("www.example.")
WEB = from_text("web.example.")


def reply(response: Response) -> Reply:
    return Reply(response, Address("127.0.0.1", 5300), is_tcp=False, took=0.0034, octets=84)


ALIAS = Response(
    id=4711,
    flags=QR | RD | RA | AD,
    rcode=0,
    asked=b"\3WWW\7example\0" + AAAA.to_bytes(2, "big") + b"\0\1",
    answer=(
        RawRRset(WWW, CNAME, 300, (WEB,)),
        RawRRset(
            WEB, AAAA, 30, (bytes.fromhex("20010db8" + "00" * 11 + "50"), bytes.fromhex("20010db8" + "00" * 11 + "51"))
        ),
    ),
    authority=(),
    additional=(),
    edns=ResponseEdns(1232, 0, True, None, ((3, "no server answers"), (65000, ""))),
)
PRINTED = """\
;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 4711
;; flags: qr rd ra ad; QUERY: 1, ANSWER: 3, AUTHORITY: 0, ADDITIONAL: 1

;; OPT PSEUDOSECTION:
; EDNS: version: 0, flags: do; udp: 1232
; EDE: 3 (Stale answer): (no server answers)
; EDE: 65000
;; QUESTION SECTION:
;WWW.example.\t\tIN\tAAAA

;; ANSWER SECTION:
www.example.\t300\tIN\tCNAME\tweb.example.
web.example.\t30\tIN\tAAAA\t2001:db8::50
web.example.\t30\tIN\tAAAA\t2001:db8::51

;; Query time: 3 msec
;; SERVER: 127.0.0.1#5300 (UDP)
;; MSG SIZE  rcvd: 84"""


def test_people_see_what_they_know_from_dig() -> None:
    assert dig_text(reply(ALIAS)) == PRINTED


def test_a_reply_without_edns_question_or_records_is_printed_too() -> None:
    refused = Response(
        id=1, flags=QR | AA | 0x2800, rcode=5, asked=b"", answer=(), authority=(), additional=(), edns=None
    )
    assert dig_text(reply(refused)).splitlines()[:3] == [
        ";; ->>HEADER<<- opcode: UPDATE, status: REFUSED, id: 1",
        ";; flags: qr aa; QUERY: 0, ANSWER: 0, AUTHORITY: 0, ADDITIONAL: 0",
        "",
    ]


def test_programs_see_the_same() -> None:
    shown = msgspec.to_builtins(dig_json(reply(ALIAS)))
    assert shown["rcode"] == "NOERROR"
    assert shown["took_ms"] == 3.4
    assert shown["flags"] == ("qr", "rd", "ra", "ad")
    assert (shown["owner"], shown["type"]) == ("WWW.example.", "AAAA")
    assert shown["answer"][0] == {"owner": "www.example.", "ttl": 300, "type": "CNAME", "rdata": "web.example."}
    assert shown["errors"][0] == {"code": 3, "meaning": "Stale answer", "text": "no server answers"}


def test_signatures_are_records_of_their_own() -> None:
    rrsig = bytes.fromhex("00010802000000786500000064000000 1234".replace(" ", "")) + from_text("example.") + b"sig"
    signed = replace(ALIAS, answer=(RawRRset(WEB, A, 60, (b"\xc0\0\2P",), (rrsig,)),))
    assert [record.type for record in dig_json(reply(signed)).answer] == ["A", "RRSIG"]
