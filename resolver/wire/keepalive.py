"""How long may a client's TCP connection be silent? It is told if it asks (RFC 7828), and never over UDP.

The replies that are kept ready say nothing of connections; so this is put into one that is made already.
"""

from struct import Struct
from typing import Final

from resolver.wire.layout import ASKED_TYPE, HEADER, HEADER_OCTETS, RECORD
from resolver.wire.names import end_of_name
from resolver.wire.query import find_opts

KEEPALIVE: Final = 11  # RFC 7828 §3.1
ASKED: Final = KEEPALIVE.to_bytes(2) + bytes(2)  # as clients send it: without a value
OPTION: Final = Struct("!HHH")  # OPTION-CODE, OPTION-LENGTH, TIMEOUT
TENTH: Final = 0.1  # s: the unit of TIMEOUT
MAX_OCTETS: Final = 65535
# of a query that are looked at: to search 60 kB of zeros for two octets among zeros takes 44 µs
MOST_LOOKED_AT: Final = 1024
LENGTH_AT: Final = RECORD.size - 2  # of a record, from its type: the octets that follow


def asks_keepalive(query: bytes) -> bool:
    """Does this query ask for it? Yes as well for another one with these octets in it: who has an OPT RR may be told unasked.

    No if it says so behind all that honest queries hold: nobody has to be told.
    """
    return query.find(ASKED, 0, MOST_LOOKED_AT) >= 0


def with_keepalive(reply: bytes, seconds: float) -> bytes:
    """The reply of ours with that option; as it is if it has no OPT RR, or is too long."""
    if len(reply) + OPTION.size > MAX_OCTETS:
        return reply
    at = _find_opt(reply)
    if at is None:
        return reply
    option = OPTION.pack(KEEPALIVE, 2, max(1, int(seconds / TENTH)))
    place = at + LENGTH_AT
    length = int.from_bytes(reply[place : place + 2]) + len(option)
    end = place + length - len(option) + 2
    return reply[:place] + length.to_bytes(2) + reply[place + 2 : end] + option + reply[end:]


def _find_opt(reply: bytes) -> int | None:
    """Where the type of its OPT RR stands; None: it has none."""
    _, _, questions, answers, authorities, additionals = HEADER.unpack_from(reply)
    at = end_of_name(reply, HEADER_OCTETS) + ASKED_TYPE.size if questions else HEADER_OCTETS
    opts, _ = find_opts(reply, at, answers + authorities, additionals)
    return opts[0] if opts else None
