"""What NSEC and NSEC3 records may prove of a name, and the parts that both kinds of them share (RFC 4034 §4.1.2)."""

from enum import Enum
from typing import Final, final

from cache.rrtypes import ANY, CNAME, DNAME, DS, NS, NSEC, RRSIG, SOA

_WINDOW_HEAD: Final = 2
_MAX_BITMAP: Final = 32
_FIRST_META_TYPE: Final = 128  # RFC 6895 §3.1: 128 to 255 are no data, but questions
_LAST_META_TYPE: Final = 255
_NXNAME: Final = 128  # no data either: of a record that says that its owner is not there (RFC 9824 §2)
_OF_A_DENIAL: Final = (RRSIG, NSEC, _NXNAME)  # what the name of an NSEC record has since the record has it


class Proof(Enum):
    """How far a denial is proven."""

    PROVEN = "proven"
    OPTED_OUT = "opted out"  # but for delegations to unsigned zones, which may be there (RFC 5155 §6)
    TOO_MANY_ITERATIONS = "too many iterations"  # not looked at: the zone counts as unsigned (RFC 9276 §3.2)
    NOT_PROVEN = "not proven"


@final
class Types:
    """Those in a bitmap, looked up one by one: 8 kB of it hold all 65,536, and to list them takes as long as 100 signatures."""

    __slots__ = ("_windows",)

    def __init__(self, windows: dict[int, bytes]) -> None:
        """windows: the octets of each, by its number."""
        self._windows: Final = windows

    def __contains__(self, rtype: int) -> bool:
        bits, at = self._windows.get(rtype >> 8, b""), rtype & 255
        return at >> 3 < len(bits) and bool(bits[at >> 3] & (0x80 >> (at & 7)))

    def are_only(self, rtypes: tuple[int, ...]) -> bool:
        """Are there none but these?"""
        held = sum(int.from_bytes(bits).bit_count() for bits in self._windows.values())
        return held == sum(one in self for one in rtypes)


def read_types(bitmap: bytes) -> Types | None:
    """The types in a type bitmap; None if it is malformed."""
    windows: dict[int, bytes] = {}
    at, last = 0, -1
    while at < len(bitmap):
        window = bitmap[at]
        octets = bitmap[at + 1] if at + 1 < len(bitmap) else 0
        bits = bitmap[at + _WINDOW_HEAD : at + _WINDOW_HEAD + octets]
        if window <= last or not 0 < octets <= _MAX_BITMAP or len(bits) < octets:
            return None
        windows[window] = bits
        at, last = at + _WINDOW_HEAD + octets, window
    return Types(windows)


def is_delegation(types: Types) -> bool:
    """Do these types stand at the parent's side of a zone cut?"""
    return NS in types and SOA not in types


def hides_names_below(types: Types) -> bool:
    """Below a delegation or a DNAME the record says nothing (RFC 6840 §4.1)."""
    return is_delegation(types) or DNAME in types


def lacks(types: Types, rtype: int, *, at_apex: bool) -> bool:
    """Do the types at a name show that `rtype` is not there? at_apex: the name is the root, or the zone's own apex.

    An alias answers for every type (RFC 6840 §4.3). At a delegation only the DS is the zone's own to deny, and only there may it
    be denied: a child's apex knows nothing of it (RFC 6840 §4.1, RFC 4035 §5.2). ANY is not there where nothing else is.
    """
    if rtype == ANY:
        return types.are_only(_OF_A_DENIAL)
    if rtype in types or CNAME in types or _FIRST_META_TYPE <= rtype <= _LAST_META_TYPE:
        return False
    if rtype == DS:
        return at_apex or SOA not in types
    return not is_delegation(types)


def delegates_unsigned(types: Types) -> bool:
    """Is this a delegation, and to a zone without DS? (RFC 6840 §4.4: the NS bit must be there)"""
    return is_delegation(types) and DS not in types and CNAME not in types
