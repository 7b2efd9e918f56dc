"""Which octets ask a server this question?"""

from typing import Final

from cache.rrtypes import IN
from resolver.wire.edns import compose_opt, cookie_option
from resolver.wire.message import CD, RD

CLASS_IN: Final = IN.to_bytes(2, "big")
# the counts of a query's header
ONE_QUESTION: Final = bytes((0, 1, 0, 0, 0, 0, 0, 0))
ONE_QUESTION_AND_OPT: Final = bytes((0, 1, 0, 0, 0, 0, 0, 1))


def question_octets(qname: bytes, qtype: int) -> bytes:
    """The question section (class IN) that asks for `qtype` at `qname`."""
    return b"".join((qname, qtype.to_bytes(2, "big"), CLASS_IN))


def compose_query(
    *,
    id: int,
    asked: bytes,
    rd: bool,
    edns_payload: int | None,
    do: bool,
    cookie: bytes | None = None,
    cd: bool = False,
) -> bytes:
    """A query with the question section `asked`; without an OPT RR when `edns_payload` is None, which excludes DO."""
    opt = b""
    if edns_payload is not None:
        opt = compose_opt(edns_payload, do=do, options=b"" if cookie is None else cookie_option(cookie))
    return with_opt(id, (RD if rd else 0) | (CD if cd else 0), asked, opt)


def with_opt(id: int, flags: int, asked: bytes, opt: bytes) -> bytes:
    """A query with this question section and an OPT RR that is ready made; b"": without one."""
    counts = ONE_QUESTION_AND_OPT if opt else ONE_QUESTION
    return b"".join((id.to_bytes(2, "big"), flags.to_bytes(2, "big"), counts, asked, opt))
