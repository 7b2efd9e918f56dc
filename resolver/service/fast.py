"""Which queries can be answered at once, and with what? No await, no task, and mostly not even a composition.

A reply that was made of the cache's entries alone is kept as octets and given again to whoever asks the same, in the next
order of its records, as long as it shows the right TTLs and each of its entries is still the one that the cache would answer
with. It is derived from the one truth and dies with it (design.md §5.2). What is said of internal names is kept for the network
that it was said to, in many orders, as long as all holds that it rests on.
"""

from typing import Final, final

from mypy_extensions import i64, mypyc_attr

from cache.answer import Answer, Ground
from cache.node import Held
from cache.octets import octets_of
from cache.rrset import Denial, Entry, RRset
from cache.rrtypes import SOA
from cache.store import RRsetCache
from cache.value import Value
from resolver.policy.tally import Tally
from resolver.policy.views import View
from resolver.service.answerer import Answerer
from resolver.service.counts import ServiceCounts
from resolver.service.orders import LCG, LCG_SHIFT, RESHUFFLED, Home, Orders, is_all_there
from resolver.wire import Query, Rendered, Unreadable, compose_reply, read_query, render
from resolver.wire.message import AD, CD, RD

MIN_UDP_OCTETS: Final = 512  # RFC 1035 §4.2.1: what every client takes
UDP_OCTETS: Final = 1232  # DNS Flag Day 2020: what passes every path in one piece
MAX_TCP_OCTETS: Final = 65535  # RFC 1035 §4.2.2: what the length in front of a message can say

# All maps are plain dicts, cleared when full: looking up takes 30 ns, in cachetools' LRUCache 250 ns, and the LRU would
# spare little, since a rendered reply lives for a second and a view is computed in some microseconds.
MAX_KEPT_OCTETS: Final = 6 * 2**20  # of rendered replies, their keys and the entries that they hold on to
MAX_VIEWS: Final = 4096  # pairs of addresses, some 400 octets each
MAX_VERBATIM_OCTETS: Final = (
    280  # of a query known by its octets: a header, the longest question, an OPT RR without options
)
KEPT_OCTETS: Final = 400  # what one kept reply takes beside its octets: itself, what it holds and its place in a map
KEY_OCTETS: Final = 150  # what a key takes beside its octets
MANY: Final = 8  # records that a set may have to be counted by its reply's octets
SEEN: Final = RD | AD | CD  # flags of a query by which its reply differs
WITH_EDNS: Final = 1
WITH_DO: Final = 2
WITH_NSID: Final = 4
ROOM_OCTETS: Final = 5  # flags, octets of the longest reply, whether there is EDNS, DO, NSID
# s until an internal reply is composed anew, lest whoever keeps what it is made of takes it for what nobody asks for
COMPOSED_ANEW: Final = 60.0


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Asked(Value):
    """A query, and what its reply depends on beside the answer; most often one whose answer has to be waited for.

    max_octets: of its reply. tally: where the answer is counted.
    """

    __slots__ = ("max_octets", "query", "tally", "view")

    def __init__(self, query: Query, view: View, max_octets: int, tally: Tally) -> None:
        self.query: Final = query
        self.view: Final = view
        self.max_octets: Final = max_octets
        self.tally: Final = tally

    def parts(self) -> tuple[object, ...]:
        return self.query, self.view, self.max_octets, self.tally


@final
@mypyc_attr(acyclic=True)
class _Kept(Held):
    """A rendered reply, right until `until` and as long as the cache holds what it was made of: this entry, and `others`.

    Most are made of one entry. To be that itself, and not to have it, saves each hit a place in memory to wait for.
    tail: the reply if it has one order only.
    """

    __slots__ = ("others", "rendered", "tail", "until")

    def __init__(self, rendered: Rendered, made_of: list[Held]) -> None:
        first = made_of[0]
        super().__init__(first.node, first.entry, first.rtype)
        self.others: Final = tuple(made_of[1:])
        self.rendered: Final = rendered
        self.tail: Final = None if rendered.cuts else rendered.front
        self.until: Final = min(rendered.until, *[held.entry.expires for held in made_of])

    def is_true(self) -> bool:
        if not self.is_there():
            return False
        for held in self.others:  # noqa: SIM110  # all() of a generator takes 0.2 µs longer, for each query
            if not held.is_there():
                return False
        return True


@final
@mypyc_attr(acyclic=True)
class ReplyStyle:
    """How replies are made, whoever asks.

    stale_ttl, minimal, nsid: see compose_reply. seed: any number, from which the order of records varies; None: it does not.
    udp_octets: of the longest reply over UDP.
    """

    __slots__ = ("minimal", "nsid", "seed", "stale_ttl", "udp_octets")

    def __init__(
        self,
        *,
        stale_ttl: int = 30,
        minimal: bool = True,
        seed: int | None = None,
        nsid: bytes = b"",
        udp_octets: int = UDP_OCTETS,
    ) -> None:
        self.stale_ttl: Final = stale_ttl
        self.minimal: Final = minimal
        self.seed: Final = seed
        self.nsid: Final = nsid
        self.udp_octets: Final = udp_octets


PLAIN: Final = ReplyStyle()


class FastPath:
    """Answers what needs no waiting."""

    def __init__(
        self,
        answerer: Answerer,
        cache: RRsetCache,
        counts: ServiceCounts,
        style: ReplyStyle = PLAIN,
    ) -> None:
        """cache: what the answers are made of."""
        self._answerer = answerer
        self._node_of = cache.peek_node
        self._counts = counts
        self._udp: Final = counts.answers.udp
        self._tcp: Final = counts.answers.tcp
        self._style = style
        self._varies = style.seed is not None
        self._turn = style.seed or 0
        self._views: dict[bytes, View] = {}
        # the view of who asked last, where from, and whom: many questions come in a burst
        self._last: View | None = None
        self._last_client = self._last_local = b""
        self._verbatim: dict[bytes, _Kept] = {}  # by the query but for its ID
        self._verbatim_tcp: dict[bytes, _Kept] = {}
        self._kept: dict[bytes, _Kept] = {}  # by what of a query makes a difference
        # by network, then as `_verbatim` and `_kept`, whose keys cannot be alike: where one has the count of questions the other
        # has the octets that there is room for
        self._homes: dict[int, dict[bytes, Home]] = {}
        self._octets = 0  # of the four above, or more than they take: see _make_room

    def answer(
        self, data: bytes, client: bytes, local: bytes, now: float, *, over_tcp: bool = False
    ) -> bytes | Asked | None:
        """The reply to the query in `data`; Asked when it has to be waited for; None for silence.

        client, local: the packed addresses that it came from and was sent to.
        """
        view = self.view_of(client, local)
        # none of a longer one is known, and to look for 60 kB takes 10 µs
        octets = data[2:] if len(data) - 2 <= MAX_VERBATIM_OCTETS else b""
        kept = (self._verbatim_tcp if over_tcp else self._verbatim).get(octets)
        if kept is not None and not view.refusal and now < kept.until and kept.is_true():
            (self._tcp if over_tcp else self._udp).kept += 1
            return self._give(data, kept)
        homes = None if view.network is None or view.refusal else self._homes.get(view.network)
        if homes is not None and not over_tcp:
            home = homes.get(octets)
            if home is not None and _holds(home.grounds, now) and (now < home.until or self._reshuffles(home, now)):
                self._udp.kept_at_home += 1
                return data[:2] + home.orders.pick(self._next_turn())
        query = read_query(data)
        if type(query) is Unreadable:
            return self._refuse(query)
        assert type(query) is Query
        tally = self._tcp if over_tcp else self._udp
        max_octets = MAX_TCP_OCTETS if over_tcp else udp_room(query, self._style.udp_octets)
        key = _key_of(query, max_octets)
        if homes is not None:
            home = homes.get(key)
            if home is not None and _holds(home.grounds, now) and (now < home.until or self._reshuffles(home, now)):
                tally.kept_at_home += 1
                return data[:2] + home.orders.pick(self._next_turn())
        kept = self._kept.get(key)
        if kept is not None and not view.refusal:
            if now < kept.until and kept.is_true():
                self._know(octets, kept, over_tcp)
                tally.kept += 1
                return self._give(data, kept)
            del self._kept[key]
        answer = self._answerer.answer_now(query, view, now, tally)
        if answer is None:
            return Asked(query, view, max_octets, tally)
        if answer.grounds is not None:
            return self._answer_at_home(data, Asked(query, view, max_octets, tally), answer, now, key, over_tcp)
        made_of = self._held_of(query, answer)
        if not made_of:
            return self.compose(query, answer, now, max_octets)
        turn = self._next_turn()
        rendered = self._render(query, answer, now, max_octets, turn if self._varies else None)
        self._keep(key, octets, rendered, made_of, over_tcp)
        return data[:2] + rendered.tail(turn)

    def _give(self, data: bytes, kept: _Kept) -> bytes:
        return data[:2] + (kept.tail if kept.tail is not None else kept.rendered.tail(self._next_turn()))

    def compose(self, query: Query, answer: Answer, now: float, max_octets: int) -> bytes:
        """The reply that says `answer`."""
        self._counts.composed += 1
        return compose_reply(
            query,
            answer,
            now,
            max_octets=max_octets,
            stale_ttl=self._style.stale_ttl,
            minimal=self._style.minimal,
            turn=self._next_turn() if self._varies else None,
            nsid=self._style.nsid,
        )

    def _render(
        self, query: Query, answer: Answer, now: float, max_octets: int, turn: int | None, *, turns_own: bool = False
    ) -> Rendered:
        """The same, to be kept. turn: as in render."""
        self._counts.composed += 1
        return render(
            query,
            answer,
            now,
            max_octets=max_octets,
            stale_ttl=self._style.stale_ttl,
            minimal=self._style.minimal,
            turn=turn,
            nsid=self._style.nsid,
            turns_own=turns_own,
        )

    def _answer_at_home(
        self, data: bytes, asked: Asked, answer: Answer, now: float, key: bytes, over_tcp: bool
    ) -> bytes:
        """The reply to a query for an internal name, kept if it may be given again."""
        query, view, max_octets = asked.query, asked.view, asked.max_octets
        if view.network is None or answer.is_stale or answer.errors or not self._varies or answer.grounds is None:
            return self.compose(query, answer, now, max_octets)
        rendered = self._render(query, answer, now, max_octets, 0, turns_own=True)
        orders = Orders(rendered, self._next_turn())
        lasts = COMPOSED_ANEW if answer.grounds and is_all_there(rendered, answer) else RESHUFFLED
        verbatim = data[2:] if not over_tcp and len(data) - 2 <= MAX_VERBATIM_OCTETS else b""
        taken = 2 * KEPT_OCTETS + KEY_OCTETS + len(key) + len(verbatim) + orders.octets
        home = Home(orders, answer.grounds, now, min(rendered.until, now + lasts), verbatim, taken)
        self._put_home(view.network, key, home)
        return data[:2] + orders.pick(self._next_turn())

    def _put_home(self, network: int, key: bytes, home: Home) -> None:
        """Keep it in its predecessor's place."""
        homes = self._homes.setdefault(network, {})
        before = homes.get(key)
        if before is not None:
            self._octets -= before.octets
            if homes.get(before.verbatim) is before:
                del homes[before.verbatim]
            del homes[key]
        self._make_room(home.octets)
        homes = self._homes.setdefault(network, {})
        homes[key] = home
        if home.verbatim:
            homes[home.verbatim] = home

    def _reshuffles(self, home: Home, now: float) -> bool:
        """Draw its orders anew; False: it has to be composed anew."""
        if now >= home.ends:
            return False
        home.orders.draw(self._next_turn())
        home.until = min(home.ends, now + RESHUFFLED)
        return True

    def _next_turn(self) -> int:
        """With which record a reply begins: drawn anew for each, as cheaply as can be; nobody is to be kept from guessing it."""
        if not self._varies:
            return 0
        multiplier, increment, mask = LCG
        turn: i64 = self._turn  # compiled, an int is multiplied as an object once the product may be long
        turn = turn * multiplier + increment & mask
        self._turn = turn
        return turn >> LCG_SHIFT

    def view_of(self, client: bytes, local: bytes) -> View:
        """What this client may see; remembered."""
        last = self._last
        if last is not None and client == self._last_client and local == self._last_local:
            return last
        view = self._views.get(client + local)
        if view is None:
            view = self._answerer.view_of(client, local)
            if len(self._views) >= MAX_VIEWS:
                self._views.clear()
            self._views[client + local] = view
        self._last, self._last_client, self._last_local = view, client, local
        return view

    def _refuse(self, unreadable: Unreadable) -> bytes | None:
        self._counts.malformed += 1
        return unreadable.reply

    def _keep(self, key: bytes, octets: bytes, rendered: Rendered, made_of: list[Held], over_tcp: bool) -> None:
        taken = KEPT_OCTETS + len(key) + rendered.octets
        for held in made_of:
            taken += _octets_held(held.entry)
        self._make_room(taken)
        kept = self._kept[key] = _Kept(rendered, made_of)
        self._know(octets, kept, over_tcp)

    def _know(self, octets: bytes, kept: _Kept, over_tcp: bool) -> None:
        """Answer these very octets, behind an ID, with this from now on. b"": there are too many."""
        if not octets:
            return
        verbatim = self._verbatim_tcp if over_tcp else self._verbatim
        if octets not in verbatim:
            self._make_room(KEY_OCTETS + len(octets))
        verbatim[octets] = kept

    def _make_room(self, octets: int) -> None:
        """Count so many octets more; when they would be too many, all that there was is forgotten.

        What is replaced of the cache's stays counted until then: to render it anew costs as much as it costs each second anyway.
        """
        if self._octets + octets > MAX_KEPT_OCTETS:
            self._verbatim.clear()
            self._verbatim_tcp.clear()
            self._kept.clear()
            self._homes.clear()
            self._octets = 0
        self._octets += octets

    def _held_of(self, query: Query, answer: Answer) -> list[Held]:
        """The cache's entries that `answer` is made of; none when it holds anything else, or when it may not be kept."""
        if answer.is_stale or answer.errors:
            return []
        name = query.qname
        made_of: list[Held] = []
        for rrset in answer.answer:
            if not self._add_held(made_of, rrset):
                return []  # made by ourselves, such as the CNAME of a DNAME
            name = rrset.alias_target or name
        if answer.authority and answer.authority[0].rtype == SOA:  # not the proof that a wildcard's RRset brings along
            node = self._node_of(name)
            denial = node.peek(query.qtype) if node is not None else None
            if node is None or type(denial) is not Denial or denial.soa is not answer.authority[0]:
                return []
            made_of.append(Held(node, denial, query.qtype))
        for rrset in answer.additional:
            if not self._add_held(made_of, rrset):
                return []
        return made_of

    def _add_held(self, made_of: list[Held], rrset: RRset) -> bool:
        """Is it the cache's? Then it is one of these."""
        node = self._node_of(rrset.owner)
        if node is None or node.peek(rrset.rtype) is not rrset:
            return False
        made_of.append(Held(node, rrset, rrset.rtype))
        return True


def _holds(grounds: tuple[Ground, ...], now: float) -> bool:
    for ground in grounds:  # noqa: SIM110  # all() of a generator takes 0.2 µs longer, for each query
        if not ground.holds or now > ground.until:
            return False
    return True


def udp_room(query: Query, most: int) -> int:
    """The octets of the longest reply over UDP to this query, `most` at most."""
    return MIN_UDP_OCTETS if query.edns is None else max(MIN_UDP_OCTETS, min(query.edns.payload, most))


def _key_of(query: Query, max_octets: int) -> bytes:
    """What of the query its reply depends on, but for its ID."""
    edns = 0
    if query.edns is not None:
        edns = WITH_EDNS | (WITH_DO if query.edns.do else 0) | (WITH_NSID if query.edns.nsid else 0)
    return ((query.flags & SEEN) << 24 | max_octets << 8 | edns).to_bytes(ROOM_OCTETS, "big") + query.asked


def _octets_held(entry: Entry) -> int:
    """What a kept reply keeps in memory of an entry that the cache may have dropped since."""
    if isinstance(entry, RRset) and len(entry.rdatas) <= MANY and not (entry.rrsigs or entry.proof):
        return sum(map(len, entry.rdatas))
    return octets_of(entry)
