"""How is one DNS message told in dnstap, and a row of them in Frame Streams? Octets only.

dnstap (dnstap.info) is a protobuf message that holds a DNS message as it was on the wire, who sent it to whom, and when.
Frame Streams put a length before each, and control frames, which have the length 0, around all of them.
"""

from enum import IntEnum
from typing import Final, NamedTuple

CONTENT_TYPE: Final = b"protobuf:dnstap.Dnstap"
LENGTH_OCTETS: Final = 4
MAX_CONTROL_OCTETS: Final = 512  # of a control frame, as the protocol's authors bound it

# protobuf's wire types
VARINT: Final = 0
OCTETS: Final = 2
FIXED32: Final = 5

# the fields of Dnstap, and of Message in it (dnstap.proto)
IDENTITY, VERSION, MESSAGE, TYPE = 1, 2, 14, 15
TYPE_MESSAGE: Final = 1
KIND, FAMILY, PROTOCOL, QUERY_ADDRESS, RESPONSE_ADDRESS, QUERY_PORT, RESPONSE_PORT = range(1, 8)
QUERY_SECONDS, QUERY_NANOSECONDS, QUERY_MESSAGE = 8, 9, 10
RESPONSE_SECONDS, RESPONSE_NANOSECONDS, RESPONSE_MESSAGE = 12, 13, 14
INET, INET6 = 1, 2
UDP, TCP = 1, 2
IPV4_OCTETS: Final = 4
NANO: Final = 1_000_000_000


class Kind(IntEnum):
    """Whose message it is (Message.Type)."""

    RESOLVER_QUERY = 3
    RESOLVER_RESPONSE = 4
    CLIENT_QUERY = 5
    CLIENT_RESPONSE = 6
    FORWARDER_QUERY = 7
    FORWARDER_RESPONSE = 8

    @property
    def is_response(self) -> bool:
        return self % 2 == 0


class Control(IntEnum):
    """Control frames."""

    ACCEPT = 1
    START = 2
    STOP = 3
    READY = 4
    FINISH = 5


class Heard(NamedTuple):
    """One DNS message. asking, asked: packed addresses of who asks and who answers; b"": not known, as is port 0.

    asked_at, answered_at: seconds since the Unix epoch; 0.0: not known.
    """

    kind: Kind
    is_tcp: bool
    asking: bytes
    asking_port: int
    asked: bytes
    asked_port: int
    asked_at: float
    answered_at: float
    message: bytes


class Speaker(NamedTuple):
    """Who tells: the name of this server and the version of this program."""

    identity: bytes
    version: bytes


def encode(heard: Heard, speaker: Speaker) -> bytes:
    """One data frame's content."""
    message = _of_message(heard)
    head = _octets(IDENTITY, speaker.identity) + _octets(VERSION, speaker.version)
    return head + _octets(MESSAGE, message) + _number(TYPE, TYPE_MESSAGE)


def data_frame(content: bytes) -> bytes:
    """A frame of data, its length before it."""
    return len(content).to_bytes(LENGTH_OCTETS, "big") + content


def control_frame(control: Control) -> bytes:
    """A control frame, with the content type where one belongs."""
    content = control.to_bytes(LENGTH_OCTETS, "big")
    if control in (Control.READY, Control.ACCEPT, Control.START):
        content += (1).to_bytes(LENGTH_OCTETS, "big") + data_frame(CONTENT_TYPE)
    return bytes(LENGTH_OCTETS) + data_frame(content)


def _of_message(heard: Heard) -> bytes:
    address = heard.asking or heard.asked
    parts = [
        _number(KIND, heard.kind),
        _number(FAMILY, INET if len(address) == IPV4_OCTETS else INET6),
        _number(PROTOCOL, TCP if heard.is_tcp else UDP),
        _octets(QUERY_ADDRESS, heard.asking),
        _octets(RESPONSE_ADDRESS, heard.asked),
        _number(QUERY_PORT, heard.asking_port),
        _number(RESPONSE_PORT, heard.asked_port),
        _moment(QUERY_SECONDS, QUERY_NANOSECONDS, heard.asked_at),
    ]
    if heard.kind.is_response:
        parts.append(_moment(RESPONSE_SECONDS, RESPONSE_NANOSECONDS, heard.answered_at))
        parts.append(_octets(RESPONSE_MESSAGE, heard.message))
    else:
        parts.append(_octets(QUERY_MESSAGE, heard.message))
    return b"".join(parts)


def _moment(seconds: int, nanoseconds: int, at: float) -> bytes:
    if not at:
        return b""
    whole = int(at)
    key = _varint(nanoseconds << 3 | FIXED32)
    return _number(seconds, whole) + key + int((at - whole) * NANO).to_bytes(4, "little")


def _number(field: int, value: int) -> bytes:
    """A field that holds a number; none for 0, which is no kind, family, protocol or port."""
    return _varint(field << 3 | VARINT) + _varint(value) if value else b""


def _octets(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | OCTETS) + _varint(len(value)) + value if value else b""


def _varint(value: int) -> bytes:
    octets = bytearray()
    while value > 0x7F:
        octets.append(value & 0x7F | 0x80)
        value >>= 7
    octets.append(value)
    return bytes(octets)
