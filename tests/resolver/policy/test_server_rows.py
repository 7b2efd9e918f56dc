"""What people see of servers."""

import msgspec

from cache.inspection import SILENT_STEPS
from cache.names import from_text
from cache.servers import Edns
from resolver.env import Address
from resolver.policy.server_rows import ServerRow, rows_of_zone, server_rows, worst_rows
from resolver.upstream.learning import DEAD_AFTER, note_discard, note_lame, note_refusal, note_reply
from tests.resolver.policy.test_whom import GLUE, NS, known

FIRST = Address("192.0.2.1", 53)
NOW = 10.0


def test_a_row_tells_all_that_is_known_of_a_server() -> None:
    memory = known().memory
    state = memory.servers.of(FIRST)
    note_reply(state, 0.02, 4.0)
    for _ in range(DEAD_AFTER):
        note_refusal(state, 9.5)
    note_lame(state, from_text("b.example."), NOW)
    note_lame(state, from_text("a.example."), NOW)
    state.lame_zones[from_text("heals.example.")] = NOW  # believed until now
    state.loss, state.cookie = 0.25, bytes(16)
    state.edns, state.keeps_case = Edns.BROKEN, False
    note_discard(state, "malformed reply")
    [row] = server_rows(memory, NOW)
    assert row == ServerRow(
        server="192.0.2.1:53",
        rtt=0.02,
        variance=0.0025,
        replies=1,
        losses=4,
        loss=0.25,
        timeouts=4,
        wait=0.03,
        edns="broken",
        has_cookie=True,
        keeps_case=False,
        lame=("a.example.", "b.example."),
        held_for=0.5,
        heard_ago=6.0,
        discards=1,
        last_discard="malformed reply",
    )
    assert msgspec.json.decode(msgspec.json.encode(row), type=ServerRow) == row


def test_a_server_never_heard_has_no_times() -> None:
    memory = known().memory
    memory.servers.of(FIRST)
    [row] = server_rows(memory, NOW)
    assert (row.rtt, row.variance, row.heard_ago, row.held_for, row.wait) == (None, None, None, None, 0.25)


def test_one_server_at_all_its_ports() -> None:
    memory = known().memory
    for server in (FIRST, Address("192.0.2.1", 5353), Address("192.0.2.10", 53)):
        memory.servers.of(server)
    assert [row.server for row in server_rows(memory, NOW, "192.0.2.1")] == ["192.0.2.1:53", "192.0.2.1:5353"]


def test_the_servers_of_a_zone_heard_or_not_and_those_without_an_address() -> None:
    here = known(NS, GLUE)
    note_reply(here.memory.servers.of(FIRST), 0.02, 4.0)
    rows = list(rows_of_zone(here.closest(from_text("example."), NOW), here, NOW))
    assert [(row.name_server, row.server, row.rtt) for row in rows] == [
        ("ns1.example.", "192.0.2.1:53", 0.02),
        ("ns1.example.", "192.0.2.2:53", None),
        ("ns.other.", "", None),
    ]
    assert len(here.memory.servers) == 1, "looking at a server makes it no server that was asked"


def test_silent_servers_are_the_worst_and_then_the_late_and_the_slowest() -> None:
    memory = known().memory
    for number, rtt in ((1, 0.01), (2, 0.2), (3, 0.01)):
        note_reply(memory.servers.of(Address(f"192.0.2.{number}", 53)), rtt, 4.0)
    note_refusal(memory.servers.of(Address("192.0.2.3", 53)), 9.5)
    for _ in range(DEAD_AFTER):
        note_refusal(memory.servers.of(Address("192.0.2.4", 53)), 9.5)
    memory.servers.of(Address("192.0.2.5", 53))  # never heard
    worst = [row.server for row in worst_rows(memory, NOW, 3) if row is not None]
    assert worst == ["192.0.2.4:53", "192.0.2.3:53", "192.0.2.2:53"]
    assert len([row for row in worst_rows(memory, NOW, 8) if row is not None]) == 4


def test_a_long_walk_for_the_worst_lets_others_run() -> None:
    memory = known().memory
    for number in range(1000):
        memory.servers.of(Address(f"2001:db8::{number:x}", 53))
    assert list(worst_rows(memory, NOW, 8)) == [None] * (1000 // SILENT_STEPS)
