"""Server states that have lived through something, for tables of cases."""

from cache.servers import ServerState
from resolver.env import Address
from resolver.upstream.choose import Candidate
from resolver.upstream.learning import DEAD_AFTER, SAMPLES, Typical, note_late, note_reply

NOW = 1000.0


def server(number: int) -> Address:
    return Address(f"192.0.2.{number}", 53)


def candidates(*states: ServerState) -> list[Candidate]:
    """At server(1), server(2)…"""
    return [Candidate(server(number), state) for number, state in enumerate(states, start=1)]


def measured(rtt: float, *, at: float = NOW - 1, replies: int = 30) -> ServerState:
    """One that always took this long."""
    state = ServerState()
    for _ in range(replies):
        note_reply(state, rtt, at)
    return state


def late(times: int, of: ServerState | None = None) -> ServerState:
    """One that was late this often in a row, a second each, the last time NOW."""
    state = of or measured(0.02, at=NOW - times - 1)
    for number in range(times, 0, -1):
        note_late(state, NOW - number, NOW - number + 1)
    return state


def dead() -> ServerState:
    return late(DEAD_AFTER)


def typical(*rtts: float, lost: float = 0.0) -> Typical:
    """After first replies that took so long, in turns; by default 20 and 100 ms. lost: share of servers that were silent."""
    found = Typical()
    for number in range(2 * SAMPLES):
        found.note((rtts or (0.02, 0.1))[number % len(rtts or (0.02, 0.1))])
    found.lost = lost
    return found
