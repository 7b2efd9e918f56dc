"""Which queries can be answered at once, and with what? No await, no task, and mostly not even a composition.

A reply that was made of the cache's entries alone is kept as octets and given again to the same query with another ID, as
long as it shows the right TTLs and each of its entries is still the one that the cache would answer with. It is derived
from the one truth and dies with it (design.md §5.2). What is said of internal names is never kept: it differs by
network, and its order by reply.
"""

from typing import Final, final

from mypy_extensions import mypyc_attr

from cache.answer import Answer
from cache.names import WireName
from cache.rrset import Denial, Entry
from cache.rrtypes import SOA
from cache.store import RRsetCache
from cache.value import Value
from resolver.policy.views import View
from resolver.service.answerer import Answerer
from resolver.service.counts import ServiceCounts
from resolver.wire import Query, Rendered, Unreadable, compose_reply, read_query, render
from resolver.wire.message import TC

MIN_UDP_OCTETS: Final = 512  # RFC 1035 §4.2.1: what every client takes
MAX_UDP_OCTETS: Final = 1232  # DNS Flag Day 2020: what passes every path in one piece
MAX_TCP_OCTETS: Final = 65535  # RFC 1035 §4.2.2: what the length in front of a message can say

# Both maps are plain dicts, cleared when full: looking up takes 30 ns, in cachetools' LRUCache 250 ns, and the LRU would
# spare little, since a rendered reply lives for a second and a view is computed in some microseconds.
MAX_RENDERED: Final = 16384  # replies; at most 1232 octets each, so 20 MB, and 3 MB in practice
MAX_VIEWS: Final = 16384  # pairs of addresses

Entries = tuple[tuple[WireName, int, Entry], ...]  # each with the owner and type under which the cache gives it


@final
@mypyc_attr(acyclic=True)
class Asked(Value):
    """A query whose answer has to be waited for. max_octets: of its reply."""

    __slots__ = ("max_octets", "query", "view")

    def __init__(self, query: Query, view: View, max_octets: int) -> None:
        self.query: Final = query
        self.view: Final = view
        self.max_octets: Final = max_octets

    def parts(self) -> tuple[object, ...]:
        return self.query, self.view, self.max_octets


@final
@mypyc_attr(acyclic=True)
class _Kept:
    """A rendered reply, right until `until` and while the cache holds each of `entries` under its owner and type."""

    __slots__ = ("entries", "tail", "until")

    def __init__(self, tail: bytes, until: float, entries: Entries) -> None:
        self.tail: Final = tail
        self.until: Final = until
        self.entries: Final = entries


class FastPath:
    """Answers what needs no waiting."""

    def __init__(
        self, answerer: Answerer, cache: RRsetCache, counts: ServiceCounts, *, stale_ttl: int = 30, minimal: bool = True
    ) -> None:
        """cache: what the answers are made of. stale_ttl, minimal: see compose_reply."""
        self._answerer = answerer
        self._peek = cache.peek
        self._holds = cache.holds
        self._counts = counts
        self._stale_ttl = stale_ttl
        self._minimal = minimal
        self._views: dict[bytes, View] = {}
        self._kept: dict[bytes, _Kept] = {}

    def answer(
        self, data: bytes, client: bytes, local: bytes, now: float, *, over_tcp: bool = False
    ) -> bytes | Asked | None:
        """The reply to the query in `data`; Asked when it has to be waited for; None for silence.

        client, local: the packed addresses that it came from and was sent to.
        """
        view = self._views.get(client + local) or self._see(client, local)
        key = data[2:]
        kept = self._kept.get(key)
        if kept is not None and not view.refusal:
            if now < kept.until and self._is_true(kept):
                self._counts.rendered += 1
                return data[:2] + kept.tail
            del self._kept[key]
        query = read_query(data)
        if type(query) is Unreadable:
            return self._refuse(query)
        assert type(query) is Query
        max_octets = MAX_TCP_OCTETS if over_tcp else udp_room(query)
        answer = self._answerer.answer_now(query, view, now)
        if answer is None:
            return Asked(query, view, max_octets)
        entries = self._entries_of(query, answer)
        if not entries:
            return self.compose(query, answer, now, max_octets)
        rendered = render(query, answer, now, max_octets=max_octets, stale_ttl=self._stale_ttl, minimal=self._minimal)
        reply = data[:2] + rendered.tail
        # What is longer or truncated is right for one transport only.
        if len(reply) <= udp_room(query) and not is_truncated(reply):
            self._keep(key, rendered, entries)
        return reply

    def repeat(self, data: bytes, client: bytes, local: bytes, now: float) -> bytes | None:
        """The reply as it was rendered for somebody before; None when there is none, whatever else is known."""
        view, kept = self._views.get(client + local), self._kept.get(data[2:])
        if view is None or view.refusal or kept is None or now >= kept.until or not self._is_true(kept):
            return None
        self._counts.rendered += 1
        return data[:2] + kept.tail

    def compose(self, query: Query, answer: Answer, now: float, max_octets: int) -> bytes:
        """The reply that says `answer`."""
        return compose_reply(
            query, answer, now, max_octets=max_octets, stale_ttl=self._stale_ttl, minimal=self._minimal
        )

    def _is_true(self, kept: _Kept) -> bool:
        holds = self._holds
        for owner, rtype, entry in kept.entries:  # noqa: SIM110  # all() of a generator takes 0.2 µs longer, for each query
            if not holds(entry, owner, rtype):
                return False
        return True

    def _see(self, client: bytes, local: bytes) -> View:
        view = self._answerer.view_of(client, local)
        if len(self._views) >= MAX_VIEWS:
            self._views.clear()
        self._views[client + local] = view
        return view

    def _refuse(self, unreadable: Unreadable) -> bytes | None:
        self._counts.malformed += 1
        return unreadable.reply

    def _keep(self, key: bytes, rendered: Rendered, entries: Entries) -> None:
        if len(self._kept) >= MAX_RENDERED:
            self._kept.clear()
        until = min(rendered.until, *(entry.expires for _, _, entry in entries))
        self._kept[key] = _Kept(rendered.tail, until, entries)

    def _entries_of(self, query: Query, answer: Answer) -> Entries:
        """The cache's entries that `answer` is made of; () when it holds anything else, or when it may not be kept.

        A query with a cookie is not kept: every client's is another.
        """
        if answer.is_stale or answer.errors or answer.additional or (query.edns is not None and query.edns.cookie):
            return ()
        name = query.qname
        entries: list[tuple[WireName, int, Entry]] = []
        for rrset in answer.answer:
            if self._peek(rrset.owner, rrset.rtype) is not rrset:
                return ()  # made by ourselves, such as the CNAME of a DNAME
            entries.append((rrset.owner, rrset.rtype, rrset))
            name = rrset.alias_target or name
        if answer.authority and answer.authority[0].rtype == SOA:  # not the proof that a wildcard's RRset brings along
            denial = self._peek(name, query.qtype)
            if type(denial) is not Denial or denial.soa is not answer.authority[0]:
                return ()
            entries.append((name, query.qtype, denial))
        return tuple(entries)


def udp_room(query: Query) -> int:
    """The octets of the longest reply over UDP."""
    return MIN_UDP_OCTETS if query.edns is None else max(MIN_UDP_OCTETS, min(query.edns.payload, MAX_UDP_OCTETS))


def is_truncated(reply: bytes) -> bool:
    """Is TC set?"""
    return bool(int.from_bytes(reply[2:4], "big") & TC)
