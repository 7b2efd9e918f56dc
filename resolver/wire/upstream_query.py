"""Which octets ask a server this question?"""

from cache.rrtypes import IN
from resolver.wire.edns import compose_opt, cookie_option
from resolver.wire.layout import ASKED_TYPE, HEADER
from resolver.wire.message import CD, RD


def question_octets(qname: bytes, qtype: int) -> bytes:
    """The question section (class IN) that asks for `qtype` at `qname`."""
    return qname + ASKED_TYPE.pack(qtype, IN)


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
    return HEADER.pack(id, flags, 1, 0, 0, 1 if opt else 0) + asked + opt
