"""How much memory does an entry take? An estimate of what CPython allocates, tested against a process' memory.

Counted are the objects that an entry has to itself. Rank, Security and small numbers are shared by all, a `source` by all
that this server said, a lease by all that came under one delegation, and the owner's name by all entries of a node.
`received` is shared by the entries of one response; most responses leave one or two, and so it counts for each.
"""

import sys
from typing import Final

from cache.form import IS_COMPILED
from cache.names import ROOT
from cache.node import Node
from cache.rrset import Denial, Entry, Rank, RRset, Security
from cache.rrtypes import SOA

ALIGNMENT: Final = 16  # CPython's allocator hands out multiples of it
BYTES_OBJECT: Final = sys.getsizeof(b"")
TUPLE_OBJECT: Final = sys.getsizeof(())
POINTER: Final = 8
# A float (24) or an int beyond the small ones (28), aligned; a compiled object has its numbers in itself
NUMBER_OBJECT: Final = 0 if IS_COMPILED else 32
MAP_PLACE: Final = 56  # in the owners' dict: hash, key, value and index, over its load on average (1/6 to 2/3)
RING_PLACE: Final = 17  # a pointer in the ring, with the list's spare room, and one among the newcomers


def _aligned(octets: int) -> int:
    return -(-octets // ALIGNMENT) * ALIGNMENT


def _object_octets(sample: object) -> int:
    """What an object of its class takes without what it points to; getsizeof knows of the collector's share, if it has one."""
    return _aligned(sys.getsizeof(sample))


_RRSET: Final = RRset(
    owner=ROOT, rtype=SOA, rdatas=(), ttl=0, received=0.0, expires=0.0, rank=Rank.LOCAL, security=Security.UNCHECKED
)
_DENIAL: Final = Denial(owner=ROOT, rtype=None, soa=_RRSET, ttl=0, received=0.0, expires=0.0, rank=Rank.LOCAL)
SOA_OBJECT: Final = _object_octets(_RRSET)  # its times and its TTL are its denial's
RRSET_OBJECT: Final = SOA_OBJECT + 3 * NUMBER_OBJECT  # received, expires, ttl
DENIAL_OBJECT: Final = _object_octets(_DENIAL) + 3 * NUMBER_OBJECT
NODE_OBJECT: Final = _object_octets(Node(ROOT)) + 2 * NUMBER_OBJECT  # its place and its octets are numbers of its own
NODE_OCTETS: Final = NODE_OBJECT + MAP_PLACE + RING_PLACE


def octets_of_all(entries: tuple[Entry, ...]) -> int:
    """The memory that an owner with these entries takes, one at least: they share its name."""
    octets = NODE_OCTETS + octets_of(entries[0])
    if len(entries) == 1:
        return octets
    shared = _bytes_octets(entries[0].owner)
    for entry in entries[1:]:
        octets += octets_of(entry) - shared
    return octets + _aligned(TUPLE_OBJECT + POINTER * len(entries))


def octets_of(entry: Entry) -> int:
    """The memory that `entry` takes, its owner's name included, without its owner's node (NODE_OCTETS)."""
    if isinstance(entry, RRset):
        return RRSET_OBJECT + _records_octets(entry) + _proof_octets(entry.proof)
    return DENIAL_OBJECT + _denial_octets(entry)


def _records_octets(rrset: RRset) -> int:
    octets = _bytes_octets(rrset.owner) + _tuple_octets(rrset.rdatas)
    if rrset.rrsigs:
        octets += _tuple_octets(rrset.rrsigs)
    if rrset.alias_target is not None and rrset.alias_target is not rrset.rdatas[0]:
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
    octets = _aligned(TUPLE_OBJECT + POINTER * len(items))
    for item in items:
        octets += _bytes_octets(item)
    return octets


def _bytes_octets(data: bytes) -> int:
    return _aligned(BYTES_OBJECT + len(data))
