"""What only the server can know of a query: its ID, the letter case of its name, its cookie. Does what came show that? Pure.

Cookies (RFC 7873, RFC 9018): each server gets a client cookie of its own, drawn at random, and its server cookie back with
every query. Whoever cannot see our queries cannot echo the client cookie: 64 bits more than ID, port and letter case. All that
is remembered stands in the ServerState, the OPT RR ready made, so that a query costs no more for it.
"""

from enum import Enum
from typing import Final, final

from mypy_extensions import mypyc_attr

from cache.answer import Question
from cache.rrtypes import FORMERR, NOTIMP, REFUSED, SERVFAIL
from cache.servers import ServerState
from resolver.env import Rng
from resolver.wire import randomise_case, read_response, with_opt
from resolver.wire.edns import PAYLOAD, compose_opt, cookie_option
from resolver.wire.layout import HEADER_OCTETS, ID_OCTETS
from resolver.wire.message import OPCODE_MASK, QR, Response, Unreadable
from resolver.wire.query import CLASS_IN

CLIENT_OCTETS: Final = 8  # RFC 7873 §4
MIN_OCTETS, MAX_OCTETS = 16, 40  # of both cookies together
WITHOUT_FOR: Final = 900.0  # s that a server which gave its cookies up is asked without: Unbound's infra-cache TTL
PLAIN_OPT: Final = compose_opt(PAYLOAD, do=True)
NAME_END: Final = -4  # the question's octets end in type and class
# what a server says that could not read the question, or does not want to; all else speaks of one, which has to be there
WITHOUT_QUESTION: Final = frozenset((FORMERR, SERVFAIL, NOTIMP, REFUSED))


class Echo(Enum):
    """What the COOKIE option of a reply says of its sender."""

    RIGHT = "it saw our query"
    NONE = "it knows no cookies"
    MISSING = "it knows cookies, and sent none"
    WRONG = "it did not see our query"


def opt_for(state: ServerState, rng: Rng, now: float) -> bytes:
    """The OPT RR of a query to this server. DO is set whether or not this client wants signatures (RFC 4035 §3.2.1)."""
    if not state.cookie and now >= state.without_cookie_until:
        # RFC 9018 §3: any 64 bits that nobody else knows, the same for one server and others for each
        _keep(state, rng.getrandbits(8 * CLIENT_OCTETS).to_bytes(CLIENT_OCTETS, "big"))
    return state.opt or PLAIN_OPT


def echo_of(response: Response, sent: bytes) -> Echo:
    """What `response` echoes of the cookies that were `sent` (b"": none)."""
    edns = response.edns
    echoed = edns.cookie if edns is not None else None
    if echoed is None:
        return Echo.NONE if len(sent) <= CLIENT_OCTETS else Echo.MISSING
    if not sent:
        return Echo.NONE
    if echoed[:CLIENT_OCTETS] != sent[:CLIENT_OCTETS]:
        return Echo.WRONG
    return Echo.RIGHT if MIN_OCTETS <= len(echoed) <= MAX_OCTETS else Echo.WRONG  # RFC 7873 §5.3


def note_cookie(state: ServerState, response: Response) -> None:
    """A reply echoed the client cookie: the server cookie beside it is the one to be sent from now on."""
    assert response.edns is not None
    cookie = response.edns.cookie
    if cookie is not None and cookie != state.cookie and cookie[:CLIENT_OCTETS] == state.cookie[:CLIENT_OCTETS]:
        _keep(state, cookie)


def note_given_up(state: ServerState, now: float) -> None:
    """The server has proved that it sends no cookies, or wrong ones, or does not answer when it is sent one."""
    state.cookie = state.opt = b""
    state.without_cookie_until = now + WITHOUT_FOR


def forget_cookie(state: ServerState) -> None:
    """The server has been silent for so long that its cookie may be why: it is asked as one that never gave any."""
    state.cookie = state.opt = b""


def note_borne(state: ServerState, sent: bytes) -> None:
    """It has echoed the client cookie of `sent`, though it seemed not to bear any: a query was lost by chance."""
    if not state.cookie:
        state.without_cookie_until = 0.0
        _keep(state, sent)


def has_server_cookie(state: ServerState) -> bool:
    """Has the server given a cookie of its own?"""
    return len(state.cookie) > CLIENT_OCTETS


def _keep(state: ServerState, cookie: bytes) -> None:
    state.cookie = cookie
    state.opt = compose_opt(PAYLOAD, do=True, options=cookie_option(cookie))


class Match(Enum):
    """What a datagram is to the question that was sent."""

    REPLY = "reply"
    OTHER_CASE = "reply but for letter case"
    NEAR_MISS = "reply but for the ID"
    MISMATCH = "another question"


def read_echo(data: bytes, shown: bytes, asked: bytes) -> Response | Unreadable:
    """The message in these octets, without the random letter case of `shown`, which is what was `asked`, in its rdatas.

    Names in the answer are compressed to pointers at the question. They would bring our letter case into the cache, where
    the same NS RRset would be a different one each time.
    """
    behind = HEADER_OCTETS + len(shown)
    if shown is asked or data[HEADER_OCTETS:behind] != shown:
        return read_response(data)
    # without a question section these octets are the head of a record
    return read_response(data[:HEADER_OCTETS] + asked + data[behind:], shown)


def is_echo(data: bytes, id: int, asked: bytes) -> bool:
    """Does this message, though it cannot be read, begin as the reply to the question of these octets and this ID?"""
    if not data.startswith(asked, HEADER_OCTETS):
        return False
    return int.from_bytes(data[:ID_OCTETS], "big") == id and bool(data[ID_OCTETS] & QR >> 8)


def match_of(response: Response, id: int, asked: bytes) -> Match:
    """Is this the reply to the question of these octets and this ID? Pure."""
    if not response.flags & QR or response.flags & OPCODE_MASK:
        return Match.MISMATCH
    if response.asked == asked:
        return Match.REPLY if response.id == id else Match.NEAR_MISS
    if response.id != id:
        return Match.MISMATCH
    if not response.asked and response.rcode in WITHOUT_QUESTION and not response.answer:
        return Match.REPLY  # an error may come as a bare header (RFC 1035 §4.1.1: FORMERR could not read the question)
    return Match.OTHER_CASE if is_same_question(response.asked, asked) else Match.MISMATCH


def is_same_question(one: bytes, other: bytes) -> bool:
    """The same name in any letter case, the same type and class."""
    return one[NAME_END:] == other[NAME_END:] and one[:NAME_END].lower() == other[:NAME_END].lower()


@final
@mypyc_attr(free_list_len=1)
class Guards:
    """Those of the query that was sent last. cookie: what went along; b"": none."""

    def __init__(self, question: Question) -> None:
        self.cookie = b""
        self._id = 0
        self._asked = self._shown = question.key + CLASS_IN

    @property
    def has_case(self) -> bool:
        """Has the name a letter case of its own?"""
        return self._shown is not self._asked

    @property
    def has_server_cookie(self) -> bool:
        """Did a cookie that the server had given go along?"""
        return len(self.cookie) > CLIENT_OCTETS

    def draw_case(self, rng: Rng) -> None:
        """Show the name in random letter case from now on."""
        name = self._asked[:NAME_END]
        self._shown = randomise_case(name, rng.getrandbits(8 * len(name))) + self._asked[NAME_END:]

    def drop_case(self) -> None:
        """Show the name as it is."""
        self._shown = self._asked

    def compose(
        self, state: ServerState, rng: Rng, now: float, flags: int, *, has_edns: bool, has_options: bool
    ) -> bytes:
        """The next query, with a new ID. has_options: is a cookie sent along, which takes EDNS?"""
        self._id = rng.getrandbits(16)
        opt = self.cookie = b""
        if has_edns and has_options:
            opt = opt_for(state, rng, now)
            self.cookie = state.cookie
        elif has_edns:
            opt = PLAIN_OPT
        return with_opt(self._id, flags, self._shown, opt)

    def read(self, data: bytes) -> Response | Unreadable:
        """The message in these octets; see read_echo."""
        return read_echo(data, self._shown, self._asked)

    def is_echo(self, data: bytes) -> bool:
        """Does what cannot be read begin as the reply?"""
        return is_echo(data, self._id, self._shown)

    def match_of(self, response: Response) -> Match:
        """Is this the reply, by its ID and its question?"""
        return match_of(response, self._id, self._shown)

    def echo_of(self, response: Response) -> Echo:
        """What it echoes of the cookie."""
        return echo_of(response, self.cookie)
