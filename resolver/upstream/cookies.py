"""DNS Cookies towards servers (RFC 7873, RFC 9018): what is sent along, and does a reply show that it is the server's?

Each server gets a client cookie of its own, drawn at random, and its server cookie back with every query. Whoever cannot see
our queries cannot echo the client cookie: 64 bits more than ID, port and letter case. All that is remembered stands in the
ServerState, the OPT RR ready made, so that a query costs no more for it. Pure.
"""

from enum import Enum
from typing import Final

from cache.servers import ServerState
from resolver.env import Rng
from resolver.wire.edns import PAYLOAD, compose_opt, cookie_option
from resolver.wire.message import Response

CLIENT_OCTETS: Final = 8  # RFC 7873 §4
MIN_OCTETS, MAX_OCTETS = 16, 40  # of both cookies together
WITHOUT_FOR: Final = 900.0  # s that a server which gave its cookies up is asked without: Unbound's infra-cache TTL
PLAIN_OPT: Final = compose_opt(PAYLOAD, do=True)


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
