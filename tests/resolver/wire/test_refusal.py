"""A refusal of what was not read is a reply to it all the same, and no amplifier."""

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.answer import Answer, ExtendedError
from cache.rrtypes import SERVFAIL
from resolver.wire.refusal import Refusal

REFUSAL = Refusal(Answer(rcode=SERVFAIL, errors=(ExtendedError(31),)))
EDE_OCTETS = 6  # an option of two octets, INFO-CODE alone (RFC 8914 §2)


def query(*, edns: bool, flags: int = dns.flags.RD) -> dns.message.Message:
    return dns.message.make_query("wWw.example.", "AAAA", id=7, flags=flags, use_edns=0 if edns else -1)


def reply_to(message: dns.message.Message) -> dns.message.Message:
    reply = REFUSAL.of(message.to_wire())
    assert reply is not None
    read = dns.message.from_wire(reply)
    assert message.is_response(read)
    assert read.rcode() == dns.rcode.SERVFAIL
    return read


def test_a_query_with_edns_is_told_why() -> None:
    reply = reply_to(query(edns=True))
    assert [option.code for option in reply.options if isinstance(option, dns.edns.EDEOption)] == [31]


def test_a_query_without_edns_gets_no_opt_rr() -> None:
    assert reply_to(query(edns=False)).edns == -1


@pytest.mark.parametrize("flags", [0, dns.flags.RD, dns.flags.RD | dns.flags.CD])
def test_flags_of_the_client_are_its_own(flags: int) -> None:
    reply = reply_to(query(edns=True, flags=flags))
    assert reply.flags & (dns.flags.RD | dns.flags.CD) == flags
    assert reply.flags & dns.flags.RA


@pytest.mark.parametrize("opcode", [dns.opcode.NOTIFY, dns.opcode.UPDATE, dns.opcode.STATUS])
def test_what_means_nothing_beside_another_opcode_is_not_said(opcode: dns.opcode.Opcode) -> None:
    asked = query(edns=True, flags=dns.flags.RD | dns.flags.CD)
    asked.set_opcode(opcode)
    octets = REFUSAL.of(asked.to_wire())
    assert octets is not None
    flags = int.from_bytes(octets[2:4])
    assert dns.opcode.from_flags(flags) == opcode
    assert flags & (dns.flags.QR | dns.flags.RD | dns.flags.RA | dns.flags.CD) == dns.flags.QR | dns.flags.RD


@pytest.mark.parametrize("edns", [True, False])
def test_it_is_hardly_longer_than_the_query(edns: bool) -> None:
    asked = query(edns=edns).to_wire()
    reply = REFUSAL.of(asked)
    assert reply is not None
    assert len(reply) <= len(asked) + EDE_OCTETS


WIRE = query(edns=True).to_wire()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(WIRE[:11], id="half a header"),
        pytest.param(WIRE[:2] + b"\x80" + WIRE[3:], id="a response"),
        pytest.param(WIRE[:4] + b"\0\0" + WIRE[6:], id="no question"),
        pytest.param(WIRE[:4] + b"\0\2" + WIRE[6:], id="two questions"),
        pytest.param(WIRE[:20], id="half a name"),
        pytest.param(WIRE[:26], id="a type cut short"),
        pytest.param(WIRE[:12] + b"\xc0\x0c\0\1\0\1", id="a pointer for a name"),
    ],
)
def test_what_asks_nothing_gets_nothing(data: bytes) -> None:
    assert REFUSAL.of(data) is None


@given(st.binary(max_size=60) | st.binary(max_size=40).map(lambda noise: WIRE[:12] + noise))
def test_no_octets_are_a_fault(data: bytes) -> None:
    reply = REFUSAL.of(data)
    assert reply is None or reply[:2] == data[:2]
