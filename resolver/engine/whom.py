"""Whom of a zone's servers to ask next? upstream.choose decides, and iterate.seeking; here is what they decide on."""

from typing import Final

from cache.answer import Question
from resolver.engine.exchange import Exchange
from resolver.engine.hearing import Tries
from resolver.engine.means import Means
from resolver.engine.zone_servers import ZoneServers
from resolver.env import Address
from resolver.errors import again
from resolver.iterate.seeking import LookUp
from resolver.upstream import (
    GiveUp,
    Move,
    Pending,
    Send,
    Wait,
    choose,
    choose_another,
    hold_down,
    is_silent,
    next_move,
    wait_for,
)

# s in which nobody in a zone said anything, after which nobody else there is asked: a client would rather hear of a failure
MAX_SILENCE: Final = 3.0
HEARD_LATELY: Final = 60.0  # s: who said something within these is not dead, however many datagrams were lost since


def move_after(
    means: Means, servers: ZoneServers, shown: Question, tries: Tries, running: list[Exchange]
) -> Move | LookUp:
    """What to do next; running: those that are listened to. Raises ResolutionFailure when the budget is over."""
    now = means.mesh.now
    candidates = list(servers.candidates.values())
    if tries.done:
        candidates = [one for one in candidates if one.server not in tries.done]
    clearing_up = [one.server for one in running if one.is_clearing_up]
    if clearing_up:  # they are asked once more within it; whoever else there is may be asked meanwhile
        candidates = [one for one in candidates if one.server not in clearing_up]
    if means.failures:
        candidates = [one for one in candidates if not means.failures.is_paused(one.server, shown, now)]
    zone, closed = servers.delegation.zone, means.families.closed
    choice = choose(candidates, tries.sends, zone, now, means.rng, means.typical, closed)
    if choice is not None and not tries.sends:
        return choice
    move = next_move(
        choice if tries.exhausted is None else None,
        [Pending(one.server, one.sent_at, one.late_at, one.ends_at) for one in running],
        sum(tries.sends.values()),
        now,
        may_hedge=means.allowance.may_hedge(),
        is_hopeless=now - servers.silent_since >= MAX_SILENCE,
    )
    if isinstance(move, Wait) or (isinstance(move, Send) and move.server not in tries.sends):
        return move
    decided = servers.search.next(move, now)
    exhausted = tries.exhausted or servers.search.exhausted
    if isinstance(decided, GiveUp) and exhausted is not None:
        raise again(exhausted)
    return decided


def first_of(means: Means, servers: ZoneServers, choice: Send, began: float) -> tuple[Send, Address | None]:
    """Whom to ask first, and whom beside: perhaps another than the chosen one, to get to know it.

    began: when the client's question did. What is asked beside is taken from the allowance.
    """
    candidates, now = servers.candidates, means.mesh.now
    if len(candidates) < 2:
        return choice, None
    chosen, zone = candidates[choice.server], servers.delegation.zone
    another = choose_another(
        candidates.values(),
        chosen,
        zone,
        now,
        means.rng,
        means.typical,
        means.families,
        servers.twin_of,
        now - began,
    )
    if another is None:
        return choice, None
    state = means.state_of(another.server)
    if another.is_instead:
        means.upstream_counts.explored_instead += 1
        state.tried_at = now
        return Send(another.server, wait_for(state, means.typical, 0, is_alone=False)), None
    if not means.allowance.may_explore():
        return choice, None
    state.tried_at = now
    means.allowance.spend()
    means.upstream_counts.explored += 1
    means.families.note_tried(another.server, now)
    if is_silent(state):
        hold_down(state, now)
    return choice, another.server


def may_be_there(means: Means, tries: Tries) -> Address | None:
    """Who is worth a connection though nobody is worth another datagram: it said something lately, or is silent since just now.

    A shortened question may have used up what is sent to a server until it seems dead, and is never asked over TCP itself.
    """
    now, states = means.mesh.now, {server: means.state_of(server) for server in tries.sends.keys() - tries.done}
    there = [
        server
        for server, state in states.items()
        if now - state.last_heard <= HEARD_LATELY or now - state.silent_since <= MAX_SILENCE
    ]
    return max(there, key=lambda server: states[server].last_heard, default=None)
