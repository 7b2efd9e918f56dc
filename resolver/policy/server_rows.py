"""What is known of the servers that are asked, for people?"""

import heapq
from collections.abc import Iterator
from typing import Final

import msgspec

from cache.inspection import SILENT_STEPS
from cache.names import to_text
from cache.servers import ServerAddress, ServerState
from resolver.engine import Memory
from resolver.env import Address
from resolver.iterate.delegation import Delegation
from resolver.policy.whom import Known, servers_of
from resolver.upstream.choose import wait_for
from resolver.upstream.learning import Typical, is_known, is_lame, is_silent

CLIENT_COOKIE_OCTETS: Final = 8  # RFC 7873 §4: ours; what stands behind it is the server's


class ServerRow(msgspec.Struct, frozen=True, kw_only=True):
    """One address of a server. server "": a name server whose address is not known here.

    name_server: what it is the address of, where a zone was asked for. rtt, variance: seconds, None if it was
    never heard. replies, losses: queries answered, and not; loss: the share of the latter, smoothed. timeouts: late replies in
    a row. wait: seconds after which the next reply would be late. edns: unknown, works or broken; has_cookie: did it give a
    DNS Cookie (RFC 7873)? keeps_case: does it echo letter case? lame: zones that it was named for and does not serve.
    held_for: seconds until a silent one is probed. heard_ago: seconds since its last reply. discards: replies that were not
    taken, or not all of them; last_discard: why not.
    """

    server: str = ""
    name_server: str = ""
    rtt: float | None = None
    variance: float | None = None
    replies: int = 0
    losses: int = 0
    loss: float = 0.0
    timeouts: int = 0
    wait: float | None = None
    edns: str = ""
    has_cookie: bool = False
    keeps_case: bool | None = None
    lame: tuple[str, ...] = ()
    held_for: float | None = None
    heard_ago: float | None = None
    discards: int = 0
    last_discard: str = ""


def server_rows(memory: Memory, now: float, host: str = "") -> Iterator[ServerRow]:
    """Every server that was asked, or those with this address."""
    for (address, port), state in memory.servers.walk():
        if host in ("", address):
            yield _row(Address(address, port), state, memory.typical, now)


def worst_rows(memory: Memory, now: float, most: int) -> Iterator[ServerRow | None]:
    """The servers that are silent, then those that were late, then the slowest. A None now and then: the walk goes on."""
    worst: list[tuple[tuple[bool, int, float], int, ServerAddress, ServerState]] = []  # a heap; a number parts equals
    for serial, (server, state) in enumerate(memory.servers.walk()):
        if serial % SILENT_STEPS == 0:
            yield None
        if not is_known(state) and not state.timeouts_in_a_row:
            continue
        badness = (is_silent(state), state.timeouts_in_a_row, state.srtt if is_known(state) else 0.0)
        item = (badness, -serial, server, state)
        if len(worst) < most:
            heapq.heappush(worst, item)
        else:
            heapq.heappushpop(worst, item)
    for _, _, (address, port), state in sorted(worst, reverse=True):
        yield _row(Address(address, port), state, memory.typical, now)


def rows_of_zone(delegation: Delegation, known: Known, now: float) -> Iterator[ServerRow]:
    """The servers of a zone in the order in which it names them, heard of or not."""
    memory = known.memory
    for name, addresses in servers_of(delegation, known, now):
        if not addresses:
            yield ServerRow(name_server=name)
        for address in addresses:
            yield msgspec.structs.replace(
                _row(address, memory.servers.peek(address), memory.typical, now), name_server=name
            )


def _row(server: Address, state: ServerState | None, typical: Typical, now: float) -> ServerRow:
    if state is None:
        return ServerRow(server=str(server))
    was_heard = is_known(state)
    return ServerRow(
        server=str(server),
        rtt=state.srtt if was_heard else None,
        variance=state.rttvar if was_heard else None,
        replies=state.replies,
        losses=state.losses,
        loss=state.loss,
        timeouts=state.timeouts_in_a_row,
        wait=wait_for(state, typical, 0, is_alone=False),
        edns=state.edns.value,
        has_cookie=len(state.cookie) > CLIENT_COOKIE_OCTETS,
        keeps_case=state.keeps_case,
        lame=tuple(sorted(to_text(zone) for zone in state.lame_zones if is_lame(state, zone, now))),
        held_for=max(0.0, state.probe_at - now) if is_silent(state) else None,
        heard_ago=now - state.last_heard if state.last_heard > float("-inf") else None,
        discards=state.discards,
        last_discard=state.last_discard,
    )
