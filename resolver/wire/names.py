"""Which name do these octets of a message stand for, and with which octets is one written?

Compression (RFC 1035 §4.1.4) lets a hostile message ask for much work with few octets. Here every pointer must lead
backwards, and each place that was read is remembered with its name, so that it is walked only once: reading all names
of a message takes at most one step for each of its octets, however its pointers are laid.

A name has one spelling in one message that is written: who compares the owner of a record with the alias that led to it letter by
letter, as some clients do, must find the same octets (a pointer to it, best of all). The cache's owners are in lower case and
take what spelling there is; a name in rdata keeps its own letters, but for a name that was written before.
"""

from string import ascii_letters
from typing import Final, final

from mypy_extensions import i64, mypyc_attr

from cache.names import MAX_LABEL_OCTETS, MAX_NAME_OCTETS
from resolver.wire.layout import HEADER_OCTETS, MAX_TARGET, POINTER_BITS, Garbled, number_at

POINTER: Final = 0xC0  # the two upper bits of a pointer's first octet
CASE_BIT: Final = 0x20  # of a letter: set in a lower one
_CASE_BITS: Final = bytes(CASE_BIT if chr(octet) in ascii_letters else 0 for octet in range(256))  # by octet
_NUMBER: Final = int.from_bytes  # of octets, of which the first is the highest; as a constant nobody looks it up

TO_QNAME: Final = (POINTER_BITS | HEADER_OCTETS).to_bytes(2, "big")
# Labels looked up for one message: each costs up to 255 octets copied and hashed. 240 targets of 127 labels would be 30,000
# of them, 11 ms (CVE-2024-8508); a referral to 13 name servers with both addresses takes some 70.
MAX_LOOKED_UP: Final = 256

NamesAt = dict[int, bytes]  # offset in the message read -> the name that begins there


def read_name(data: bytes, at: i64, names_at: NamesAt) -> tuple[bytes, i64]:
    """The uncompressed name at `at`, in its own letter case, and the offset behind it.

    names_at: what was read of this message so far; grows. Raises Garbled.
    """
    octets = len(data)
    # most owners are a pointer, and most names in rdata one label and a pointer, to what was read before
    if at + 2 <= octets:
        length: i64 = data[at]
        if length >= POINTER:
            known = names_at.get(number_at(data, at) - POINTER_BITS)
            if known is not None:
                return known, at + 2
        behind = at + 1 + length
        if 0 < length <= MAX_LABEL_OCTETS and behind + 2 <= octets and data[behind] >= POINTER:
            rest = names_at.get(number_at(data, behind) - POINTER_BITS)
            if rest is not None and 1 + length + len(rest) <= MAX_NAME_OCTETS:
                name = names_at[at] = data[at:behind] + rest
                return name, behind + 2
    return _read_whole(data, at, names_at) or _walk(data, at, names_at)


def _read_whole(data: bytes, at: i64, names_at: NamesAt) -> tuple[bytes, i64] | None:
    """As read_name for a name without a pointer, such as a question's; None when it is none or is not well-formed."""
    octets = len(data)
    start = end = at
    while end < octets:
        length: i64 = data[end]
        if length > MAX_LABEL_OCTETS:
            return None
        end += 1 + length
        if not length:
            break
    else:
        return None
    if end - start > MAX_NAME_OCTETS:
        return None
    while data[at]:
        names_at[at] = data[at:end]
        at += 1 + data[at]
    return data[start:end], end


def _walk(data: bytes, at: i64, names_at: NamesAt) -> tuple[bytes, i64]:
    """As read_name, label by label; every place on the way is remembered."""
    wire = bytearray()
    rest: bytes | None = None  # of the name, once that is known
    visited: list[tuple[int, int]] = []  # offset in the message, offset in the name
    start = at
    before = at  # a pointer leads to a *prior* occurrence of the name (RFC 1035 §4.1.4), and so never in a circle
    end = 0  # behind the name where it stands; unknown until its first pointer
    while rest is None:
        if at >= len(data):
            raise Garbled("a name goes on after the last octet", at)
        length = data[at]
        visited.append((at, len(wire)))
        if length >= POINTER:
            end = end or at + 2
            at = before = _target(data, at, before)
        elif length > MAX_LABEL_OCTETS:
            raise Garbled(f"a label of type {length & POINTER:#04x}", at)
        else:
            wire += data[at : at + 1 + length]
            at += 1 + length
            if len(wire) > MAX_NAME_OCTETS:
                raise Garbled(f"a name longer than {MAX_NAME_OCTETS} octets", at)
            if not length:
                rest = b""
        if rest is None and end:
            rest = names_at.get(at)
            if at >= start:
                raise Garbled("a name that runs into itself", at)
    if len(wire) + len(rest) > MAX_NAME_OCTETS:
        raise Garbled(f"a name longer than {MAX_NAME_OCTETS} octets", at)
    name = bytes(wire) + rest
    for place, position in visited:
        names_at[place] = name[position:]
    return name, end or at


def _target(data: bytes, at: int, before: int) -> int:
    """Where the pointer at `at` leads; it must be to a place before `before`, and not into the header."""
    if at + 1 >= len(data):
        raise Garbled("half a pointer", at)
    target = (data[at] << 8 | data[at + 1]) & MAX_TARGET
    if not HEADER_OCTETS <= target < before:
        raise Garbled(f"a pointer to octet {target}, which is not before it,", at)
    return target


def end_of_name(octets: bytes, at: i64) -> i64:
    """The offset behind the uncompressed name at `at`. Raises Garbled when there is none."""
    start = at
    size = len(octets)
    while at < size:
        length: i64 = octets[at]
        if length > MAX_LABEL_OCTETS:
            raise Garbled("a label that is no plain label", at)
        at += 1 + length
        if at - start > MAX_NAME_OCTETS:
            raise Garbled(f"a name longer than {MAX_NAME_OCTETS} octets", start)
        if not length:
            return at
    raise Garbled("a name goes on after the last octet", at)


def randomise_case(qname: bytes, drawn: int) -> bytes:
    """`qname` with letters' case turned at random. drawn: as many random octets, as one number.

    draft-vixie-dnsext-dns0x20 §2.2. Length octets are at most 63 and thus no letters.
    """
    return (_NUMBER(qname) ^ (_NUMBER(qname.translate(_CASE_BITS)) & drawn)).to_bytes(len(qname), "big")


@final
@mypyc_attr(free_list_len=1)
class Spellings:
    """The names of one message, by where they begin in it.

    steps: labels that may still be looked up; then names are written out, but for those that stand there as a whole.
    """

    __slots__ = ("_offsets", "_qname", "steps")

    def __init__(self, qname: bytes) -> None:
        """qname: in lower case; the question, in whatever letters, stands behind the header."""
        self.steps = MAX_LOOKED_UP
        self._qname = qname
        self._offsets: dict[
            bytes, int
        ] = {}  # filled once a name that is not the qname is written: most replies have none

    def write(self, out: bytearray, name: bytes, *, is_kept: bool = True) -> None:
        """Append `name`, or as much of it as is not there yet and a pointer to the rest.

        is_kept: later names may point into it; not so where its place in the message is not settled.
        """
        if name == self._qname and name[0]:
            out += TO_QNAME
            return
        offsets = self._offsets or self._begin()
        whole = offsets.get(name.lower())
        if whole is not None:
            out += (POINTER_BITS | whole).to_bytes(2, "big")
            return
        at = 0
        start = len(out)
        while name[at] and self.steps > 0:
            self.steps -= 1
            rest = name[at:]
            offset = offsets.get(rest)
            if offset is not None:
                out += name[:at]
                out += (POINTER_BITS | offset).to_bytes(2, "big")
                return
            if is_kept and start + at <= MAX_TARGET:
                self._note(rest, start + at)
            at += 1 + name[at]
        out += name

    def forget(self, start: int) -> None:
        """What was written from `start` on has been taken back."""
        if self._offsets:
            self._offsets = {name: offset for name, offset in self._offsets.items() if offset < start}

    def _begin(self) -> dict[bytes, int]:
        """Note the question's name and those above it; the root is not worth a pointer."""
        name, at = self._qname, 0
        while name[at]:
            self._offsets[name[at:]] = HEADER_OCTETS + at
            at += 1 + name[at]
        return self._offsets

    def _note(self, name: bytes, place: int) -> None:
        """`name` begins at `place`. What is looked for in lower case has no letters of its own, and finds it, too."""
        offsets = self._offsets
        offsets[name] = place
        folded = name.lower()
        if folded not in offsets:
            offsets[folded] = place
