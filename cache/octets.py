"""How much memory does an entry take? An estimate of what CPython allocates, tested against tracemalloc.

Counted are the objects that an entry has to itself. Trust, Security and small numbers are shared by all; `source` and the
times of one response are shared by its entries, but their number is not known here and so they count for each.
"""

import sys
from typing import Final

from cache.names import WireName
from cache.rrset import Denial, Entry, RRset

ALIGNMENT: Final = 16  # octets: CPython's allocator hands out multiples of it
BYTES_OBJECT: Final = sys.getsizeof(b"")
STR_OBJECT: Final = sys.getsizeof("")
TUPLE_OBJECT: Final = sys.getsizeof(()) + 16  # with its header for the garbage collector
POINTER: Final = 8
FLOAT_OBJECT: Final = 32  # 24, aligned
INT_OBJECT: Final = 32  # 28, aligned
MAP_PLACE: Final = 104  # one key of the owners' dict: hash, key, value and index, at its average load after growth
RING_PLACE: Final = 9  # one pointer of the ring, with the list's spare room
NODE_OBJECT: Final = 64 + 2 * INT_OBJECT  # its own place and its octets are numbers of its own
RRSET_OBJECT: Final = 112 + 3 * FLOAT_OBJECT + INT_OBJECT  # received, expires, lease; ttl
DENIAL_OBJECT: Final = 112 + 3 * FLOAT_OBJECT + INT_OBJECT


def octets_of(entry: Entry) -> int:
    """The memory that `entry` takes, without its owner's node."""
    if isinstance(entry, RRset):
        return _rrset_octets(entry)
    return _denial_octets(entry)


def node_octets(owner: WireName) -> int:
    """The memory that an owner takes before it has entries."""
    return NODE_OBJECT + TUPLE_OBJECT + MAP_PLACE + RING_PLACE + _bytes_octets(owner)


def _rrset_octets(rrset: RRset) -> int:
    total = (
        RRSET_OBJECT + POINTER + _bytes_octets(rrset.owner) + _tuple_octets(rrset.rdatas) + _str_octets(rrset.source)
    )
    if rrset.rrsigs:
        total += _tuple_octets(rrset.rrsigs)
    if rrset.alias_target is not None:
        total += _bytes_octets(rrset.alias_target)
    return total


def _denial_octets(denial: Denial) -> int:
    proof = sum(map(_rrset_octets, denial.proof)) + (TUPLE_OBJECT if denial.proof else 0)
    return (
        DENIAL_OBJECT
        + POINTER
        + _bytes_octets(denial.owner)
        + _rrset_octets(denial.soa)
        + proof
        + _str_octets(denial.source)
    )


def _tuple_octets(items: tuple[bytes, ...]) -> int:
    return TUPLE_OBJECT + POINTER * len(items) + sum(map(_bytes_octets, items))


def _bytes_octets(data: bytes) -> int:
    return -(-(BYTES_OBJECT + len(data)) // ALIGNMENT) * ALIGNMENT


def _str_octets(text: str) -> int:
    return -(-(STR_OBJECT + len(text)) // ALIGNMENT) * ALIGNMENT if text else 0
