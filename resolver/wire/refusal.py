"""What is told to a client whose query is refused without being read: as little work as an honest reply can take."""

from typing import Final

from cache.answer import Answer
from resolver.wire.edns import PAYLOAD, compose_opt, error_options
from resolver.wire.layout import ASKED_TYPE, HEADER, HEADER_OCTETS, Garbled
from resolver.wire.message import CD, OPCODE_MASK, QR, RA, RD
from resolver.wire.names import end_of_name

ECHOED: Final = OPCODE_MASK | RD | CD  # flags of the client's own


class Refusal:
    """One reply for whatever is asked, made once: a fifth of the work of reading the query and composing it."""

    __slots__ = ("_flags", "_opt")

    def __init__(self, answer: Answer) -> None:
        """answer: its rcode and its extended errors are told, and nothing else of it."""
        assert not answer.answer
        self._flags = QR | RA | answer.rcode
        self._opt = compose_opt(PAYLOAD, options=error_options(answer.errors))

    def of(self, data: bytes) -> bytes | None:
        """The reply to the query in `data`, of which only header and question are looked at; None when it asks nothing.

        Any record behind the question is taken for an OPT RR: hardly a query has another.
        """
        if len(data) < HEADER_OCTETS:
            return None
        id, flags, questions, _, _, additionals = HEADER.unpack_from(data)
        if flags & QR or questions != 1:
            return None
        try:
            end = end_of_name(data, HEADER_OCTETS) + ASKED_TYPE.size
        except Garbled:
            return None
        if end > len(data):
            return None
        said = self._flags | flags & ECHOED
        if flags & OPCODE_MASK:
            said &= ~(RA | CD)
        head = HEADER.pack(id, said, 1, 0, 0, bool(additionals))
        return head + data[HEADER_OCTETS:end] + (self._opt if additionals else b"")
