"""How much memory does an entry take? An estimate of what CPython allocates, tested against a process' memory.

Counted are the objects that an entry has to itself. Trust, Security and small numbers are shared by all, a `source` by all
that this server said, a lease by all that came under one delegation, and the owner's name of an entry is its node's, too.
`received` is shared by the entries of one response; most responses leave one or two, and so it counts for each.
"""

import sys
from typing import Final

from cache.rrset import Denial, Entry, RRset

ALIGNMENT: Final = 16  # CPython's allocator hands out multiples of it
BYTES_OBJECT: Final = sys.getsizeof(b"")
TUPLE_OBJECT: Final = sys.getsizeof(())
POINTER: Final = 8
NUMBER_OBJECT: Final = 32  # a float (24) or an int beyond the small ones (28), aligned
MAP_PLACE: Final = 56  # in the owners' dict: hash, key, value and index, over its load on average (1/6 to 2/3)
RING_PLACE: Final = 17  # a pointer in the ring, with the list's spare room, and one among the newcomers
NODE_OBJECT: Final = 64 + 2 * NUMBER_OBJECT  # its place and its octets are numbers of its own
SOA_OBJECT: Final = 128  # its times and its TTL are its denial's
RRSET_OBJECT: Final = 128 + 3 * NUMBER_OBJECT  # received, expires, ttl
DENIAL_OBJECT: Final = 112 + 3 * NUMBER_OBJECT
NODE_OCTETS: Final = NODE_OBJECT + MAP_PLACE + RING_PLACE + 48  # a tuple of one; further entries bring a pointer each


def octets_of(entry: Entry) -> int:
    """The memory that `entry` takes, without its owner's node (NODE_OCTETS)."""
    if isinstance(entry, RRset):
        return RRSET_OBJECT + POINTER + _records_octets(entry) + _proof_octets(entry.proof)
    return DENIAL_OBJECT + POINTER + _denial_octets(entry)


def _records_octets(rrset: RRset) -> int:
    octets = _bytes_octets(rrset.owner) + _tuple_octets(rrset.rdatas)
    if rrset.rrsigs:
        octets += _tuple_octets(rrset.rrsigs)
    if rrset.alias_target is not None:
        octets += _bytes_octets(rrset.alias_target)
    return octets


def _denial_octets(denial: Denial) -> int:
    octets = _bytes_octets(denial.owner) + SOA_OBJECT + _records_octets(denial.soa)
    return octets + _proof_octets(denial.proof)


def _proof_octets(proof: tuple[RRset, ...]) -> int:
    if not proof:
        return 0
    return TUPLE_OBJECT + sum(RRSET_OBJECT + POINTER + _records_octets(rrset) for rrset in proof)


def _tuple_octets(items: tuple[bytes, ...]) -> int:
    return _aligned(TUPLE_OBJECT + POINTER * len(items)) + sum(map(_bytes_octets, items))


def _bytes_octets(data: bytes) -> int:
    return _aligned(BYTES_OBJECT + len(data))


def _aligned(octets: int) -> int:
    return -(-octets // ALIGNMENT) * ALIGNMENT
