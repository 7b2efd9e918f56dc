"""Where do the fixed parts of a message lie, and what is wrong with octets that do not lie so (RFC 1035 §4.1)?"""

from struct import Struct
from typing import Final

from mypy_extensions import i64

HEADER: Final = Struct("!6H")  # ID, flags, QDCOUNT, ANCOUNT, NSCOUNT, ARCOUNT
HEADER_OCTETS: Final = 12
ID_OCTETS: Final = 2
ASKED_TYPE: Final = Struct("!HH")  # what stands behind a question's name: type, class
ASKED_TYPE_OCTETS: Final = 4
RECORD: Final = Struct("!HHIH")  # what stands behind a record's owner: type, class, TTL, RDLENGTH
RECORD_OCTETS: Final = 10
MAX_TARGET: Final = 0x3FFF  # how far a pointer reaches (§4.1.4)
POINTER_BITS: Final = 0xC000
RCODE_BITS: Final = 0x000F  # of the flags; the upper eight bits travel in the OPT RR
MAX_RDATA_OCTETS: Final = 0xFFFF  # what RDLENGTH can say


def number_at(data: bytes, at: i64) -> i64:
    """The 16-bit number that stands at `at`, all of it within the octets. Compiled, it costs a tenth of a Struct's."""
    high: i64 = data[at]
    low: i64 = data[at + 1]
    return high << 8 | low


def long_at(data: bytes, at: i64) -> i64:
    """The same of 32 bits."""
    return number_at(data, at) << 16 | number_at(data, at + 2)


class Garbled(Exception):
    """Octets that are not laid out as a message; says what is wrong and at which octet. Never leaves this package."""

    def __init__(self, what: str, at: int) -> None:
        super().__init__(f"{what} at octet {at}")
