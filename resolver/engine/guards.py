"""What only the server can know of a query: its ID, the letter case of its name, its cookie. Does what came show that?"""

from typing import final

from cache.answer import Question
from cache.servers import ServerState
from resolver.env import Rng
from resolver.upstream.cookies import CLIENT_OCTETS, PLAIN_OPT, Echo, echo_of, opt_for
from resolver.upstream.matching import NAME_END, Match, is_echo, match_of, read_echo
from resolver.wire import question_octets, randomise_case, with_opt
from resolver.wire.message import Response, Unreadable


@final
class Guards:
    """Those of the query that was sent last. cookie: what went along; b"": none."""

    def __init__(self, question: Question) -> None:
        self.cookie = b""
        self._id = 0
        self._asked = self._shown = question_octets(question.qname, question.qtype)

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
