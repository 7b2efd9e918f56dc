"""What is done next for one question in one zone: ask a server, go on listening, or give up? Pure.

Servers are put in order by what they are known for: the smoothed round trip and its variation (RFC 6298), what they lost, and how
long they have been silent. One that is late by its own standards is listened to further while the next best is asked.
One that nobody has heard of yet is asked instead of a known one where that takes longer than most, and beside another one that
nobody has heard of where many are silent: what they are worth is found out for few packets, and is seldom any client's loss.
"""

from collections.abc import Callable, Collection, Sequence
from enum import Enum
from typing import Final, final

from mypy_extensions import mypyc_attr

from cache.failures import MAX_SENDS
from cache.names import WireName
from cache.servers import ServerState
from cache.value import Value
from resolver.env import Address, Rng
from resolver.upstream.learning import (
    MAX_HOLD_DOWN,
    Families,
    Typical,
    is_known,
    is_lame,
    is_probe_due,
    is_silent,
)

MIN_WAIT: Final = 0.03  # s: below this a busy host's own delays look like loss
MAX_WAIT: Final = 1.2  # s: so that a zone of dead servers has failed within a few seconds
MARGIN: Final = 0.01  # s: the least that a reply may be later than usual
RESEND_WAITS: Final = (0.0, 0.1, 0.8)  # s: the least after the first, second and third query to one server
RESEND_WAITS_ALONE: Final = (
    0.0,
    0.4,
    0.8,
)  # s: the same for the only one there is, which may be silent for half a second
MIN_PATIENCE: Final = 1.25  # s that a server is listened to in all, at least: a second away it is heard the first time
PATIENCE: Final = 1.25  # times the wait after which it is late
TCP_PATIENCE: Final = 3.0  # times the UDP timeout: a handshake and an exchange
MIN_TCP_TIMEOUT: Final = 1.0  # s
MAX_TCP_TIMEOUT: Final = 3.0  # s
CLEARING_PATIENCE: Final = 4.0  # times what the reply took that was discarded: a handshake, an exchange and a busy host
MIN_CLEARING_TIMEOUT: Final = 0.3  # s
MAX_SENDS_IN_ZONE: Final = 10  # Knot's: of one question in one zone, over all its servers
SAME_SPEED: Final = 0.01  # s: servers this near to the fastest share its load
LOSS_WEIGHT: Final = 0.9  # a server that loses everything looks ten times as slow, one that loses half not twice
DOUBLINGS: Final = 4  # of what a silent server is believed to take
BAND: Final = (
    0.4  # s: Unbound's RTT_BAND: who is slower than the fastest by more is not asked to find out if he still is
)
LOOK_AGAIN: Final = 1.0  # s after a late reply, doubled for each, until the server is worth another look
NEVER: Final = float("inf")
STALE_AFTER: Final = 300.0  # s: what was known of a server this long ago is worth a look
MANY_LOST: Final = (
    0.3  # share of those asked for the first time who say nothing in time, from which two are asked at once
)
LONG: Final = 2.0  # usual round trips that a question has taken when it is one of the slowest, and worth a packet
DOUBT: Final = 4  # its exponent where there are fewer: half as many, a sixteenth as often


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Candidate(Value):
    """A server that could be asked, and what is known of it."""

    __slots__ = ("server", "state")

    def __init__(self, server: Address, state: ServerState) -> None:
        self.server: Final = server
        self.state: Final = state

    def parts(self) -> tuple[object, ...]:
        return self.server, self.state


@final
@mypyc_attr(acyclic=True)
class Pending(Value):
    """A query under way. late_at: when its reply is late; ends_at: until when it is listened to (monotonic seconds)."""

    __slots__ = ("ends_at", "late_at", "sent_at", "server")

    def __init__(self, server: Address, sent_at: float, late_at: float, ends_at: float) -> None:
        self.server: Final = server
        self.sent_at: Final = sent_at
        self.late_at: Final = late_at
        self.ends_at: Final = ends_at

    def parts(self) -> tuple[object, ...]:
        return self.server, self.sent_at, self.late_at, self.ends_at


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Send(Value):
    """Ask the server; after `wait` seconds its reply is late."""

    __slots__ = ("server", "wait")

    def __init__(self, server: Address, wait: float) -> None:
        self.server: Final = server
        self.wait: Final = wait

    def parts(self) -> tuple[object, ...]:
        return self.server, self.wait


@final
@mypyc_attr(acyclic=True)
class Wait(Value):
    """Listen to those asked already, until this moment (monotonic seconds)."""

    __slots__ = ("until",)

    def __init__(self, until: float) -> None:
        self.until: Final = until

    def parts(self) -> tuple[object, ...]:
        return (self.until,)


@final
@mypyc_attr(acyclic=True)
class Linger(Value):
    """Everybody was asked as often as is worth it, and is late: listen on until one says something or is given up."""

    __slots__ = ()

    def __init__(self) -> None:
        pass

    def parts(self) -> tuple[object, ...]:
        return ()


@final
@mypyc_attr(acyclic=True)
class GiveUp(Value):
    """Everybody was asked as often as is worth it, and listened to for as long."""

    __slots__ = ()

    def __init__(self) -> None:
        pass

    def parts(self) -> tuple[object, ...]:
        return ()


class Look(Enum):
    """How a server is asked to get to know it."""

    NONE = "not at all"
    BESIDE = "beside the chosen one"
    INSTEAD = "instead of it"


@final
@mypyc_attr(acyclic=True)
class Another(Value):
    """Ask this server, too, or this one only."""

    __slots__ = ("is_instead", "server")

    def __init__(self, server: Address, *, is_instead: bool) -> None:
        self.server: Final = server
        self.is_instead: Final = is_instead

    def parts(self) -> tuple[object, ...]:
        return self.server, self.is_instead


TwinOf = Callable[[Address], Candidate | None]
Move = Send | Wait | Linger | GiveUp
GIVE_UP: Final = GiveUp()
LINGER: Final = Linger()


def next_move(
    choice: Send | None, pending: Sequence[Pending], sends: int, now: float, *, may_hedge: bool, is_hopeless: bool
) -> Move:
    """choice: whom to ask if somebody is to be asked; sends: how often anybody was. may_hedge: is there allowance for it?

    is_hopeless: so long has nobody been heard that nobody else will be asked.
    """
    if pending:
        on_time = min((one.late_at for one in pending if now < one.late_at), default=now)
        if now < on_time:
            return Wait(on_time)
        if not may_hedge:  # then only what is as good as lost is sent again
            lost_at = max(2 * one.late_at - one.sent_at for one in pending)
            if now < lost_at:
                return Wait(lost_at)
    if choice is not None and sends < MAX_SENDS_IN_ZONE and not is_hopeless:
        return choice
    return LINGER if pending else GIVE_UP


def choose(
    candidates: list[Candidate],
    sends: dict[Address, int],
    zone: WireName,
    now: float,
    rng: Rng,
    typical: Typical,
    closed: Collection[bool] = (),
) -> Send | None:
    """The server to ask next, or None when each has been asked as often as it may be.

    sends: how often each server has been asked this question already. closed: address families (is it IPv6?) that do not
    seem to work here.
    """
    alive: list[Candidate] = []
    takes: list[float] = []  # seconds that each of these is expected to take
    doubtful: list[Candidate] = []
    fastest = NEVER
    for candidate in candidates:  # no calls in the usual case: this runs for each server of each miss
        state = candidate.state
        sent = sends.get(candidate.server, 0) if sends else 0
        if (
            state.probe_at
            or (state.lame_zones and is_lame(state, zone, now))
            or (closed and (":" in candidate.server.host) in closed)
        ):
            # asked only when nobody else is left, and then once
            if not sent:
                doubtful.append(candidate)
        elif sent < MAX_SENDS:
            expected = state.srtt + state.rttvar if state.rttvar else typical.wait
            if sent or state.timeouts_in_a_row or state.loss:
                expected = marked_down(expected, state, sent)
            alive.append(candidate)
            takes.append(expected)
            if expected < fastest:
                fastest = expected
    if alive:
        near = [alive[place] for place, expected in enumerate(takes) if expected <= fastest + SAME_SPEED]
        chosen = near[0] if len(near) == 1 else near[rng.randrange(0, len(near))]
        sent = sends.get(chosen.server, 0) if sends else 0
        return Send(chosen.server, wait_for(chosen.state, typical, sent, is_alone=len(alive) == 1))
    if doubtful:
        chosen = min(doubtful, key=lambda one: one.state.probe_at)
        return Send(chosen.server, wait_for(chosen.state, typical, 0, is_alone=False))
    return None


def choose_another(
    candidates: Collection[Candidate],
    chosen: Candidate,
    zone: WireName,
    now: float,
    rng: Rng,
    typical: Typical,
    families: Families,
    twin_of: TwinOf,
    taken: float,
) -> Another | None:
    """A server worth asking beside the chosen one or instead of it, to learn what it is worth; None: they are known well enough.

    taken: seconds that the question has taken so far, with all that had to be asked before this. twin_of: the same name server
    over the other address family. Most are as near over the one as over the other: to know one is enough.
    """
    known = chosen.state
    if known.rttvar and known.srtt <= typical.hoped_for and not known.timeouts_in_a_row:
        return None
    strange: list[Candidate] = []
    for candidate in candidates:
        state = candidate.state
        if state.rttvar and not state.timeouts_in_a_row and now - state.last_heard <= STALE_AFTER:
            continue  # the usual case, without a call
        if now - state.tried_at < typical.wait:
            continue  # one question finds out
        if candidate is not chosen and not is_lame(state, zone, now) and families.may_be_tried(candidate.server, now):
            strange.append(candidate)
    if not strange:
        return None
    chance = rng.random()
    never_heard = _look_at_never_heard(known, typical, taken, chance)
    heard_long_ago = Look.BESIDE if chance < promise_of(known, typical) else Look.NONE
    looks: list[Another] = []
    for one in strange:
        look = _look_at(one.state, known, now, never_heard, heard_long_ago)
        if look is Look.INSTEAD and (":" in one.server.host) in families.closed:
            look = Look.BESIDE  # nobody waits for a family that seemed not to work
        if look is not Look.NONE:
            looks.append(Another(one.server, is_instead=look is Look.INSTEAD))
    while looks:
        another = looks.pop(rng.randrange(0, len(looks)))
        twin = twin_of(another.server)
        if twin is None or (twin is not chosen and not _is_known_and_there(twin.state)):
            return another
    return None


def promise_of(known: ServerState, typical: Typical) -> float:
    """How much is there to be won, as a share of 1, by looking again at others than this one? More than 1: all there is.

    Where others may be anywhere from next door to twice as far as most, what one of them saves grows with the square of what
    there is to save.
    """
    share = known.srtt / (typical.srtt + typical.rttvar)
    return share * share


def expected_of(state: ServerState, typical: Typical) -> float:
    """Seconds that asking a server is expected to take, by which `choose` orders those that no question has gone to yet."""
    return marked_down(state.srtt + state.rttvar if state.rttvar else typical.wait, state, 0)


def marked_down(expected: float, state: ServerState, sent: int) -> float:
    """Seconds that asking a server is expected to take that lost something, this question or another."""
    return float(expected / (1 - LOSS_WEIGHT * state.loss) * 2 ** (sent + min(state.timeouts_in_a_row, DOUBLINGS)))


def wait_for(state: ServerState, typical: Typical, sent: int, *, is_alone: bool) -> float:
    """Seconds after which its reply is late by its own standards.

    sent: how often it was asked the same already. is_alone: there is nobody else to ask instead.
    """
    variation = 4 * state.rttvar
    wait = state.srtt + (variation if variation > MARGIN else MARGIN) if variation else typical.wait
    if sent:
        wait = max(wait * 2**sent, (RESEND_WAITS_ALONE if is_alone else RESEND_WAITS)[sent])
    return MIN_WAIT if wait < MIN_WAIT else min(wait, MAX_WAIT)


def patience_for(wait: float) -> float:
    """Seconds that a server is listened to whose reply is late after `wait`."""
    return max(PATIENCE * wait, MIN_PATIENCE)


def tcp_lateness(wait: float) -> float:
    """Seconds after which a reply over TCP is late, of a server whose datagrams are late after `wait`."""
    return TCP_PATIENCE * wait


def tcp_patience_for(wait: float, heard_after: float) -> float:
    """Seconds that it is listened to. heard_after: those after which it said something not taken; 0.0: it said nothing."""
    patience = min(MAX_TCP_TIMEOUT, max(MIN_TCP_TIMEOUT, tcp_lateness(wait)))
    if heard_after:  # it is there, and this near
        patience = min(patience, max(MIN_CLEARING_TIMEOUT, CLEARING_PATIENCE * heard_after))
    return patience


def _is_known_and_there(state: ServerState) -> bool:
    """Has it answered in time when it was asked last?"""
    return is_known(state) and not state.timeouts_in_a_row


def _look_at_never_heard(known: ServerState, typical: Typical, taken: float, chance: float) -> Look:
    """How to look at one that nobody has heard of, where `known` is the chosen one; chance: from 0 to 1.

    Where the chosen one is as little known, two are asked if there is much to lose: many are silent, it is rather guessed than
    known what they do, or the question has taken long already.
    """
    if known.timeouts_in_a_row:
        return Look.NONE
    may_be_silent = chance < (typical.lost / MANY_LOST) ** DOUBT
    if is_known(known):
        is_worth_it = known.srtt > typical.costs(known.replies)
        return Look.NONE if not is_worth_it else Look.BESIDE if may_be_silent else Look.INSTEAD
    return Look.BESIDE if may_be_silent or typical.is_guessed or taken >= LONG * typical.srtt else Look.NONE


def _look_at(state: ServerState, known: ServerState, now: float, never_heard: Look, heard_long_ago: Look) -> Look:
    """How to look at one that is not known well enough, where `known` is the chosen one."""
    if state.timeouts_in_a_row and not is_known(state):  # most such are dead, and one alive is seldom missed
        asked_at = max(state.silent_since, state.tried_at)
        return Look.BESIDE if now - asked_at >= MAX_HOLD_DOWN else Look.NONE
    if is_silent(state):
        return Look.BESIDE if is_probe_due(state, now) else Look.NONE
    if state.timeouts_in_a_row:
        if state.srtt >= known.srtt or now - state.silent_since < LOOK_AGAIN * 2**state.timeouts_in_a_row:
            return Look.NONE
        lost_a_packet = state.timeouts_in_a_row == 1
        return Look.INSTEAD if lost_a_packet and not known.timeouts_in_a_row else Look.BESIDE
    if not is_known(state):
        return never_heard
    is_passable = now - state.last_heard > STALE_AFTER and state.srtt < known.srtt + BAND
    return heard_long_ago if is_passable else Look.NONE
