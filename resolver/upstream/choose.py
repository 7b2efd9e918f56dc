"""Which server of a zone is asked next, and how long is it worth waiting for? Pure; also what an exchange taught about it.

The round-trip estimate is Jacobson's (RFC 6298, Unbound's rtt.c); the choice is Knot's: mostly the fastest, now and then
any server that is not hopelessly slower, so that what is known of the others stays true (resolvers.md 2.1, 2.4).
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from cache.failures import MAX_SENDS
from cache.names import WireName
from cache.servers import ServerState
from resolver.env import Address, Rng

FIRST_TIMEOUT: Final = 0.376  # s: Unbound's guess for a server never heard of
MIN_TIMEOUT: Final = 0.05  # s: below this a busy host's own delays look like loss
MAX_TIMEOUT: Final = 1.2  # s: so that a zone of dead servers has failed within a few seconds
SAME_SPEED: Final = 0.010  # s: servers this near to the fastest share its load
BAND: Final = 0.4  # s: Unbound's RTT_BAND: what is explored is at most this much slower than the fastest
EXPLORE: Final = 0.05  # Knot's epsilon: the share of choices made among all of the band
DEAD_AFTER: Final = 4  # timeouts in a row (Knot), after which a server gets single probes only
HOLD_DOWN: Final = 1.0  # s; doubles with each further timeout
MAX_HOLD_DOWN: Final = 4.0  # s: a server that came back is used within the 6 s that the incident allows
MAX_LAME_ZONES: Final = 64  # per server: more are forgotten and found out again

SRTT_GAIN: Final = 1 / 8  # RFC 6298 §2.3
RTTVAR_GAIN: Final = 1 / 4


class Candidate(msgspec.Struct, frozen=True):
    """A server that could be asked, and what is known of it."""

    server: Address
    state: ServerState


class Choice(msgspec.Struct, frozen=True):
    """The server to ask now, and for how many seconds to listen to it."""

    server: Address
    timeout: float


def choose(
    candidates: Sequence[Candidate], sends: Mapping[Address, int], zone: WireName, now: float, rng: Rng
) -> Choice | None:
    """The server to ask next, or None when each has been asked as often as it may be.

    sends: how often each server has been asked this question already.
    """
    alive: list[tuple[float, Candidate]] = []
    doubtful: list[tuple[float, Candidate]] = []
    for candidate in candidates:
        sent = sends.get(candidate.server, 0)
        state = candidate.state
        if zone in state.lame_zones or is_held_down(state, now):
            # asked only when nobody else is left, and then once
            if not sent:
                doubtful.append((state.probe_at, candidate))
        elif sent < MAX_SENDS:
            alive.append((expected_wait(state, sent), candidate))
    if alive:
        # only a question's first packet explores: after a loss the client has waited enough
        wait, chosen = _near_the_fastest(alive, BAND if not sends and rng.random() < EXPLORE else SAME_SPEED, rng)
        return Choice(chosen.server, min(wait, MAX_TIMEOUT))
    if doubtful:
        _, chosen = min(doubtful, key=lambda pair: pair[0])
        return Choice(chosen.server, min(expected_wait(chosen.state, 0), MAX_TIMEOUT))
    return None


def expected_wait(state: ServerState, sent: int) -> float:
    """Seconds after which a reply is late: the round-trip estimate, doubled for each loss (RFC 6298 §5.5)."""
    first = max(MIN_TIMEOUT, state.srtt + 4 * state.rttvar) if is_known(state) else FIRST_TIMEOUT
    return float(first * 2 ** max(sent, min(state.timeouts_in_a_row, DEAD_AFTER)))


def is_known(state: ServerState) -> bool:
    """Was a round trip to it ever measured?"""
    return state.rttvar > 0.0


def is_held_down(state: ServerState, now: float) -> bool:
    """Has it been silent for so long that clients do not wait for it while others are there?"""
    return state.timeouts_in_a_row >= DEAD_AFTER and now < state.probe_at


def note_reply(state: ServerState, rtt: float, now: float) -> None:
    """A reply came after `rtt` seconds."""
    if is_known(state):
        late = abs(rtt - state.srtt)
        state.rttvar += RTTVAR_GAIN * (late - state.rttvar)
        state.srtt += SRTT_GAIN * (rtt - state.srtt)
    else:
        state.srtt = rtt
        state.rttvar = rtt / 2  # RFC 6298 §2.2
    state.rttvar = max(state.rttvar, 0.001)
    state.replies += 1
    state.timeouts_in_a_row = 0
    state.last_heard = now


def note_silence(state: ServerState, sent_at: float, now: float) -> None:
    """A query sent at `sent_at` was not answered in time, or the server cannot be reached."""
    state.losses += 1
    if state.last_heard > sent_at:
        return  # it answered others meanwhile: this packet was lost, the server is there
    state.timeouts_in_a_row += 1
    if state.timeouts_in_a_row >= DEAD_AFTER:
        doublings = min(state.timeouts_in_a_row - DEAD_AFTER, 8)
        state.probe_at = now + min(MAX_HOLD_DOWN, HOLD_DOWN * 2**doublings)


def note_lame(state: ServerState, zone: WireName) -> None:
    """It does not serve `zone` although it is named for it."""
    if len(state.lame_zones) >= MAX_LAME_ZONES:
        state.lame_zones.clear()
    state.lame_zones.add(zone)


def _near_the_fastest(alive: list[tuple[float, Candidate]], reach: float, rng: Rng) -> tuple[float, Candidate]:
    if len(alive) == 1:
        return alive[0]
    latest = min(wait for wait, _ in alive) + reach
    near = [pair for pair in alive if pair[0] <= latest]
    return near[rng.randrange(0, len(near))]
