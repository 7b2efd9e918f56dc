"""The codec beside dnspython's, on what a resolver reads and writes most."""

from collections.abc import Iterator

import dns.message
import dns.rrset

from cache.answer import Answer
from cache.names import from_text
from cache.rrtypes import A
from resolver.wire import Query, compose_query, compose_reply, question_octets, read_query, read_response
from tests.bench.measure import Row, best_of_each
from tests.build import rrset
from tests.resolver.wire.made import referral

ASKED = question_octets(from_text("www.example.com."), A)
QUERY = compose_query(id=7, asked=ASKED, rd=True, edns_payload=1232, do=False)
ADDRESS = "www.example.com. 300 A 192.0.2.1"
CHAIN = ("www.example.com. 300 CNAME web.example.net.", "web.example.net. 300 CNAME a.web.example.net.")
OTHER = "dnspython"


def rows() -> Iterator[Row]:
    ours, other = best_of_each(lambda: read_query(QUERY), lambda: dns.message.from_wire(QUERY))
    yield Row("wire: read a query", ours, other, OTHER, ceiling=10)
    address = Answer(answer=(rrset(ADDRESS),))
    ours, other = best_of_each(lambda: reply(address), lambda: dnspython_reply(ADDRESS))
    yield Row("wire: compose one address", ours, other, OTHER, ceiling=10)
    lines = (*CHAIN, "a.web.example.net. 300 A 192.0.2.1")
    chain = Answer(answer=tuple(map(rrset, lines)))
    ours, other = best_of_each(lambda: reply(chain), lambda: dnspython_reply(*lines))
    yield Row("wire: compose two aliases, one address", ours, other, OTHER)
    octets = referral()
    ours, other = best_of_each(lambda: read_response(octets), lambda: dns.message.from_wire(octets))
    yield Row("wire: read a referral, 13 NS + 26 glue", ours, other, OTHER, floor=30)


def reply(answer: Answer) -> bytes:
    return compose_reply(ASKING, answer, 10.0, max_octets=1232)


def dnspython_reply(*lines: str) -> bytes:
    """A reply from dnspython's RRsets, which are made beforehand like ours."""
    message = dns.message.make_response(THEIR_QUERY, recursion_available=True)
    message.answer = [THEIR_RRSETS[line] for line in lines]
    return message.to_wire()


def _query() -> Query:
    query = read_query(QUERY)
    assert isinstance(query, Query)
    return query


ASKING = _query()
THEIR_QUERY = dns.message.from_wire(QUERY)
THEIR_RRSETS = {
    line: dns.rrset.from_text(line.split()[0], 290, "IN", *line.split(maxsplit=3)[2:])
    for line in (ADDRESS, *CHAIN, "a.web.example.net. 300 A 192.0.2.1")
}
