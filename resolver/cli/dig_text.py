"""A DNS response as people know it from dig, and as one JSON object for programs."""

from collections.abc import Iterator
from typing import Final

import dns.edns
import msgspec

from cache.names import to_text
from cache.rrtypes import RRSIG
from resolver.cli.exchange import Reply
from resolver.wire.message import AA, AD, CD, OPCODE_MASK, QR, RA, RD, TC, RawRRset, Response
from resolver.wire.text import rcode_to_text, rdata_to_text, type_to_text

FLAGS: Final = {"qr": QR, "aa": AA, "tc": TC, "rd": RD, "ra": RA, "ad": AD, "cd": CD}
OPCODES: Final = {0: "QUERY", 4: "NOTIFY", 5: "UPDATE"}


class RecordJson(msgspec.Struct, frozen=True):
    """One record of a section."""

    owner: str
    ttl: int
    type: str
    rdata: str


class ErrorJson(msgspec.Struct, frozen=True):
    """An Extended DNS Error (RFC 8914). meaning: of the code; "" for one that is not known here."""

    code: int
    meaning: str
    text: str


class ReplyJson(msgspec.Struct, frozen=True):
    """took_ms: milliseconds from the question to the reply."""

    server: str
    transport: str
    took_ms: float
    octets: int
    id: int
    rcode: str
    flags: tuple[str, ...]
    owner: str
    type: str
    answer: tuple[RecordJson, ...]
    authority: tuple[RecordJson, ...]
    additional: tuple[RecordJson, ...]
    errors: tuple[ErrorJson, ...]


def dig_json(reply: Reply) -> ReplyJson:
    """`reply` for programs."""
    response = reply.response
    qname, qtype = _question(response)
    return ReplyJson(
        server=str(reply.server),
        transport="tcp" if reply.is_tcp else "udp",
        took_ms=round(reply.took * 1000, 3),
        octets=reply.octets,
        id=response.id,
        rcode=rcode_to_text(response.rcode),
        flags=_flags(response),
        owner=qname,
        type=qtype,
        answer=tuple(_records(response.answer)),
        authority=tuple(_records(response.authority)),
        additional=tuple(_records(response.additional)),
        errors=tuple(_errors(response)),
    )


def dig_text(reply: Reply) -> str:
    """`reply` for people."""
    response = reply.response
    return "\n".join(
        (
            *_header(response),
            *_edns(response),
            *_question_section(response),
            *_section("ANSWER", response.answer),
            *_section("AUTHORITY", response.authority),
            *_section("ADDITIONAL", response.additional),
            f";; Query time: {reply.took * 1000:.0f} msec",
            f";; SERVER: {reply.server.host}#{reply.server.port} ({'TCP' if reply.is_tcp else 'UDP'})",
            f";; MSG SIZE  rcvd: {reply.octets}",
        )
    )


def short_text(reply: Reply) -> str:
    """The data of the answer alone, one record a line; "" when there is none."""
    return "".join(f"{record.rdata}\n" for record in _records(reply.response.answer))


def _header(response: Response) -> Iterator[str]:
    opcode = (response.flags & OPCODE_MASK) >> 11
    opcode_text = OPCODES.get(opcode, f"OPCODE{opcode}")
    yield f";; ->>HEADER<<- opcode: {opcode_text}, status: {rcode_to_text(response.rcode)}, id: {response.id}"
    counts = {
        "QUERY": 1 if response.asked else 0,
        "ANSWER": _count(response.answer),
        "AUTHORITY": _count(response.authority),
        "ADDITIONAL": _count(response.additional) + (response.edns is not None),
    }
    yield f";; flags: {' '.join(_flags(response))}; " + ", ".join(f"{word}: {n}" for word, n in counts.items())
    yield ""


def _edns(response: Response) -> Iterator[str]:
    if response.edns is None:
        return
    yield ";; OPT PSEUDOSECTION:"
    flags = " do" if response.edns.do else ""
    yield f"; EDNS: version: {response.edns.version}, flags:{flags}; udp: {response.edns.payload}"
    for error in _errors(response):
        meaning = f" ({error.meaning})" if error.meaning else ""
        yield f"; EDE: {error.code}{meaning}" + (f": ({error.text})" if error.text else "")


def _question_section(response: Response) -> Iterator[str]:
    if response.asked:
        qname, qtype = _question(response)
        yield from (";; QUESTION SECTION:", f";{qname}\t\tIN\t{qtype}", "")


def _section(title: str, rrsets: tuple[RawRRset, ...]) -> Iterator[str]:
    if not rrsets:
        return
    yield f";; {title} SECTION:"
    for record in _records(rrsets):
        yield f"{record.owner}\t{record.ttl}\tIN\t{record.type}\t{record.rdata}"
    yield ""


def _records(rrsets: tuple[RawRRset, ...]) -> Iterator[RecordJson]:
    for rrset in rrsets:
        owner = to_text(rrset.owner)
        for rdata in rrset.rdatas:
            yield RecordJson(owner, rrset.ttl, type_to_text(rrset.rtype), rdata_to_text(rrset.rtype, rdata))
        for rdata in rrset.rrsigs:
            yield RecordJson(owner, rrset.ttl, type_to_text(RRSIG), rdata_to_text(RRSIG, rdata))


def _count(rrsets: tuple[RawRRset, ...]) -> int:
    return sum(len(rrset.rdatas) + len(rrset.rrsigs) for rrset in rrsets)


def _flags(response: Response) -> tuple[str, ...]:
    return tuple(word for word, bit in FLAGS.items() if response.flags & bit)


def _question(response: Response) -> tuple[str, str]:
    """The question as it was echoed; ("", "") when it was not."""
    if not response.asked:
        return "", ""
    return to_text(response.asked[:-4]), type_to_text(int.from_bytes(response.asked[-4:-2], "big"))


def _errors(response: Response) -> Iterator[ErrorJson]:
    for code, text in response.edns.errors if response.edns else ():
        name = dns.edns.EDECode(code).name
        meaning = "" if name.isdigit() else name.replace("_", " ").capitalize()  # a number: not assigned (yet)
        yield ErrorJson(code, meaning, text)
