"""Where does a name stand already in the message that is being written, and how is it spelled there?

A name has one spelling in one message: who compares the owner of a record with the alias that led to it letter by letter, as
some clients do, must find the same octets (a pointer to it, best of all). The cache's owners are in lower case and take what
spelling there is; a name in rdata keeps its own letters, but for a name that was written before.
"""

from typing import Final, final

from resolver.wire.layout import HEADER_OCTETS, MAX_TARGET, POINTER_BITS

TO_QNAME: Final = (POINTER_BITS | HEADER_OCTETS).to_bytes(2, "big")
# Labels looked up for one message: each costs up to 255 octets copied and hashed. 240 targets of 127 labels would be 30,000
# of them, 11 ms (CVE-2024-8508); a referral to 13 name servers with both addresses takes some 70.
MAX_STEPS: Final = 256


@final
class Spellings:
    """The names of one message, by where they begin in it.

    steps: labels that may still be looked up; then names are written out, but for those that stand there as a whole.
    """

    __slots__ = ("_offsets", "_qname", "steps")

    def __init__(self, qname: bytes) -> None:
        """qname: in lower case; the question, in whatever letters, stands behind the header."""
        self.steps = MAX_STEPS
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
