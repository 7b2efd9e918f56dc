"""What does an exchange teach: of its server, of servers as such, of this host? Noted where it is kept, and counted."""

from cache.servers import ServerState
from resolver.engine.means import Means
from resolver.env import Address
from resolver.upstream.guards import WITHOUT_FOR, forget_cookie, note_given_up
from resolver.upstream.learning import is_silent, note_edns_broken, note_late, note_refusal, note_reply, note_silence
from resolver.upstream.replies import NoReply, errno_name, no_reply_of


def learn_of_round_trip(means: Means, state: ServerState, sent_at: float, *, was_late: bool) -> None:
    """A datagram has come back."""
    now, counts = means.mesh.now, means.upstream_counts
    took = now - sent_at
    if not state.rttvar:
        means.typical.note(took)
        if not was_late:
            means.typical.note_first(is_late=False)
    counts.rtt.note(took)
    note_reply(state, took, now)
    if was_late:
        counts.late_replies += 1


def learn_of_delay(means: Means, server: Address, state: ServerState, sent_at: float) -> None:
    """The reply to a datagram is late."""
    if not state.rttvar and not state.timeouts_in_a_row:
        means.typical.note_first(is_late=True)
    note_late(state, sent_at, means.mesh.now)
    if means.families.note_late(server, means.mesh.now):
        means.upstream_counts.family_absent += 1


def learn_of_silence(means: Means, state: ServerState, sent_at: float) -> None:
    """Nothing came of a datagram in all the time that it was listened for."""
    now = means.mesh.now
    note_silence(state, sent_at, now)
    if is_silent(state) and now - state.silent_since >= WITHOUT_FOR:
        forget_cookie(state)


def learn_of_error(means: Means, server: Address, state: ServerState, error: OSError, *, over_tcp: bool) -> NoReply:
    """It cannot be sent to, or the network says that nobody is there: what is it?"""
    now, counts = means.mesh.now, means.upstream_counts
    why = no_reply_of(error)
    if why is NoReply.THIS_HOST:  # nothing is learned of the server
        name = errno_name(error)
        counts.host_errors[name] = counts.host_errors.get(name, 0) + 1
        return why
    counts.unreachable += 1
    if why is NoReply.NO_ROUTE:
        if means.families.note_no_route(server, now):
            counts.family_absent += 1
    elif not over_tcp:  # many a server has no TCP, and answers
        note_refusal(state, now)
    return why


def learn_of_case(means: Means, state: ServerState) -> None:
    """It does not keep letter case."""
    means.upstream_counts.case_broken_servers += 1
    state.keeps_case = False


def learn_of_cookies(means: Means, state: ServerState) -> None:
    """It sends no cookies any more, wrong ones, or refuses ours."""
    means.upstream_counts.cookies_given_up += 1
    note_given_up(state, means.mesh.now)


def learn_of_options(means: Means, state: ServerState) -> None:
    """It answers what has no EDNS options, and did not answer what had."""
    means.upstream_counts.options_dropped += 1
    note_given_up(state, means.mesh.now)


def learn_of_edns(means: Means, state: ServerState) -> None:
    """It answers only what has no OPT RR."""
    means.upstream_counts.edns_broken_servers += 1
    note_edns_broken(state, means.mesh.now)
