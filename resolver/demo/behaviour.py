"""What can be wrong with a server, or with the way to it? Each behaviour is a value that alters what a query leads to."""

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple, assert_never

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import msgspec
from dns.message import Message
from dns.rcode import Rcode
from dns.rdatatype import RdataType

from resolver.demo.authority import HEADER_OCTETS, TCP_OCTETS, Transport, question_end
from resolver.demo.zone import parse_record
from resolver.env import Rng

DUPLICATE_DELAY: Final = 0.02  # s between a datagram and its double
FORGERS_LEAD: Final = 0.5  # of the true reply's delay: a forger is nearer than the server
ID_LIMIT: Final = 1 << 16


class Delivery(NamedTuple):
    """Octets that leave a server, and how many seconds after the query came."""

    after: float
    message: bytes


class Asking(NamedTuple):
    """What a server was asked, and over what."""

    query: bytes
    transport: Transport
    rng: Rng


class Delays(msgspec.Struct, frozen=True, tag="delays"):
    """Answers later than usual, by so many seconds and at most `jitter` more."""

    seconds: float
    jitter: float = 0.0


class Loses(msgspec.Struct, frozen=True, tag="loses"):
    """Datagrams get lost."""

    chance: float


class Duplicates(msgspec.Struct, frozen=True, tag="duplicates"):
    """Datagrams come twice."""

    chance: float = 1.0


class Silent(msgspec.Struct, frozen=True, tag="silent"):
    """Takes everything and never says anything."""


class Fails(msgspec.Struct, frozen=True, tag="fails"):
    """Answers every question with an error."""

    rcode: str = "SERVFAIL"


class Lame(msgspec.Struct, frozen=True, tag="lame"):
    """Does not know the zone: refers upwards, to the root, without AA."""


class Truncates(msgspec.Struct, frozen=True, tag="truncates"):
    """Says over UDP only that there is more over TCP."""


class NoEdns(msgspec.Struct, frozen=True, tag="no-edns"):
    """Cannot read an OPT RR: FORMERR, as before RFC 6891."""


class BreaksCase(msgspec.Struct, frozen=True, tag="breaks-case"):
    """Gives back the question in lower case."""


class Lies(msgspec.Struct, frozen=True, tag="lies"):
    """Adds these records to every response, whoever's they are, to all sections; asked for one, it claims to know it."""

    records: tuple[str, ...]


class Forges(msgspec.Struct, frozen=True, tag="forges"):
    """Somebody who does not see the query sends such records first, with a guessed ID, to another question too."""

    records: tuple[str, ...]


class Garbles(msgspec.Struct, frozen=True, tag="garbles"):
    """Datagrams are cut short somewhere."""

    chance: float = 1.0


Behaviour = (
    Delays | Loses | Duplicates | Silent | Fails | Lame | Truncates | NoEdns | BreaksCase | Lies | Forges | Garbles
)


def altered(said: Iterable[Delivery], behaviours: Iterable[Behaviour], asking: Asking) -> list[Delivery]:
    """What becomes of `said` under these behaviours, applied one after the other."""
    deliveries = list(said)
    for behaviour in behaviours:
        deliveries = [altered_one for one in deliveries for altered_one in _alter(one, behaviour, asking)]
    return deliveries


def _alter(one: Delivery, behaviour: Behaviour, asking: Asking) -> list[Delivery]:
    over_udp = asking.transport is Transport.UDP
    match behaviour:
        case Delays(seconds, jitter):
            return [one._replace(after=one.after + seconds + jitter * asking.rng.random())]
        case Loses(chance):
            return [] if over_udp and asking.rng.random() < chance else [one]
        case Duplicates(chance):
            is_doubled = over_udp and asking.rng.random() < chance
            return [one, one._replace(after=one.after + DUPLICATE_DELAY)] if is_doubled else [one]
        case Silent():
            return []
        case Fails(rcode):
            return [one._replace(message=_error(asking.query, dns.rcode.from_text(rcode)))]
        case Lame():
            return [one._replace(message=_upward_referral(asking.query))]
        case Truncates():
            return [one._replace(message=_rewritten(one.message, _truncate))] if over_udp else [one]
        case NoEdns():
            has_opt = dns.message.from_wire(asking.query).edns >= 0
            return [one._replace(message=_without_edns(asking.query))] if has_opt else [one]
        case BreaksCase():
            return [one._replace(message=_with_folded_question(one.message))]
        case Lies(records):
            return [one._replace(message=_rewritten(one.message, lambda message: _add(message, records)))]
        case Forges(records):
            forged = one.after * FORGERS_LEAD
            return [*(Delivery(forged, message) for message in _forged(one.message, records, asking.rng)), one]
        case Garbles(chance):
            is_cut = over_udp and asking.rng.random() < chance
            return [one._replace(message=one.message[: asking.rng.randrange(0, len(one.message))])] if is_cut else [one]
        case _:
            assert_never(behaviour)


def _error(query: bytes, rcode: Rcode) -> bytes:
    response = dns.message.make_response(dns.message.from_wire(query))
    response.set_rcode(rcode)
    return response.to_wire()


def _upward_referral(query: bytes) -> bytes:
    response = dns.message.make_response(dns.message.from_wire(query))
    response.authority.append(dns.rrset.from_text(".", 518400, "IN", "NS", "a.root.test.", "b.root.test."))
    return response.to_wire(want_shuffle=False)


def _without_edns(query: bytes) -> bytes:
    response = dns.message.make_response(dns.message.from_wire(query))
    response.use_edns(False)
    response.set_rcode(Rcode.FORMERR)
    return response.to_wire()


def _with_folded_question(message: bytes) -> bytes:
    end = question_end(message)
    return message[:HEADER_OCTETS] + message[HEADER_OCTETS:end].lower() + message[end:]


def _rewritten(message: bytes, edit: Callable[[Message], None]) -> bytes:
    parsed = dns.message.from_wire(message)
    edit(parsed)
    return parsed.to_wire(max_size=TCP_OCTETS, want_shuffle=False)


def _truncate(message: Message) -> None:
    for section in (message.answer, message.authority, message.additional):
        section.clear()
    message.flags |= dns.flags.TC


def _add(message: Message, records: tuple[str, ...]) -> None:
    for rrset in map(parse_record, records):
        if any(rrset.name == asked.name and rrset.rdtype == asked.rdtype for asked in message.question):
            message.answer[:] = [rrset]
            message.authority.clear()
            message.set_rcode(Rcode.NOERROR)
            message.flags |= dns.flags.AA
            return
        if rrset.rdtype != RdataType.NS:
            message.answer.append(rrset)
            message.additional.append(rrset)
        else:
            message.authority.append(rrset)


def _forged(message: bytes, records: tuple[str, ...], rng: Rng) -> Iterable[bytes]:
    """The true response with other records: once under a wrong ID, once under the right one as the answer to another question."""
    true_id = int.from_bytes(message[:2], "big")

    def put_false_records(response: Message) -> None:
        qname = response.question[0].name if response.question else dns.name.root
        response.answer[:] = [
            dns.rrset.from_rdata_list(qname, rrset.ttl, list(rrset)) for rrset in map(parse_record, records)
        ]
        response.set_rcode(Rcode.NOERROR)

    def guess_id(response: Message) -> None:
        put_false_records(response)
        response.id = (true_id + rng.randrange(1, ID_LIMIT)) % ID_LIMIT

    def ask_something_else(response: Message) -> None:
        put_false_records(response)
        response.question[:] = [
            dns.rrset.RRset(rrset.name, rrset.rdclass, rrset.rdtype) for rrset in response.answer[:1]
        ]
        response.question[0].name = dns.name.from_text("another.question.test.")

    return [_rewritten(message, guess_id), _rewritten(message, ask_something_else)]
