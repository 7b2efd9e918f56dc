"""Scenarios 49 to 52: what is ours to say beside what is not, and forwarders that say half of it.

The state database is a real file; time stands still while it is read. Clients stand in network 24.
"""

import apsw
import pytest

from resolver.demo.behaviour import Fails
from resolver.demo.corrosion_file import CorrosionWriter
from resolver.policy.options import AnswerOptions
from tests.internal_zones.breaking import ADDRESS, OTHER, execute, move
from tests.internal_zones.platform import State, app, machine, write_state
from tests.simulation.scenarios.kit import MAX_STALE_STATE, UNREACHABLE, Net, given
from tests.simulation.scenarios.servers import Said, zone

APP = "web.internal AAAA"
MACHINE = [f"web.internal 5 AAAA {ADDRESS}"]
STATE = State(apps=[app(1, "web", 24), app(2, "idle", 24)], machines=[machine("0001", 1, 24)])
SEEN_WITHIN = 0.1  # s, of a commit
PAIR = {
    "S": zone("src.test", "alias 300 CNAME www.dst.test.", "inward 300 CNAME web.internal."),
    "D": zone("dst.test", "www 300 A 198.51.100.1"),
}


@given(PAIR, state=STATE)
async def test_scenario_49_no_internal_name_is_an_alias_so_none_can_fail_with_its_target(net: Net) -> None:
    """An alias among the platform's names is answered under the name asked; nothing of it lives longer than 5 s."""
    net.break_server("D", Fails())
    assert (await net.ask("alias.src.test")).rcode == "SERVFAIL"
    reply = await net.ask("web.internal CNAME")
    assert (reply.rcode, reply.answer, reply.soa) == ("NOERROR", [], "internal 2")
    assert (await net.ask(APP)).answer == MACHINE
    assert await net.cached("web.internal") == {}


@given(PAIR, state=STATE)
async def test_scenario_49_a_public_alias_to_an_internal_name_is_refused(net: Net) -> None:
    reply = await net.ask("inward.src.test AAAA", excused="REFUSED")
    assert (reply.rcode, reply.answer, reply.errors) == ("REFUSED", [], {"BLOCKED"})


@given(PAIR, state=STATE, answer=AnswerOptions(rebind="resolve"))
async def test_scenario_49_where_it_may_it_ends_in_the_clients_network_and_its_internal_part_is_never_cached(
    net: Net,
) -> None:
    reply = await net.ask("inward.src.test AAAA", excused="internal.")
    assert (reply.rcode, reply.answer) == ("NOERROR", ["inward.src.test 300 CNAME web.internal.", *MACHINE])
    move(net.state_file, OTHER)
    await net.at(1 + SEEN_WITHIN)
    assert OTHER in (await net.ask("inward.src.test AAAA", excused="internal.")).answer[-1]
    reply = await net.ask("inward.src.test TXT", excused="internal.")
    assert (reply.rcode, reply.soa) == ("NOERROR", "internal 2")


@given({}, state=STATE)
async def test_scenario_50_while_the_state_database_is_missing_the_last_good_data_is_served_for_its_time(
    net: Net,
) -> None:
    assert (await net.ask(APP)).answer == MACHINE
    net.state_file.unlink()
    await net.at(5)
    reply = await net.ask(APP)
    assert (reply.rcode, reply.answer, reply.errors) == ("NOERROR", MACHINE, {"STALE_ANSWER"})
    await net.at(MAX_STALE_STATE - 1)
    assert (await net.ask(APP)).answer == MACHINE
    await net.at(MAX_STALE_STATE + 1)
    reply = await net.ask(APP)
    assert (reply.rcode, reply.errors) == ("SERVFAIL", {"NETWORK_ERROR"})


@given({}, state=STATE)
async def test_scenario_50_while_the_state_database_is_locked_the_last_good_data_is_served(net: Net) -> None:
    lockable = net.state_file.with_name("lockable.db")
    write_state(lockable, STATE)
    execute(lockable, "PRAGMA journal_mode = DELETE")  # where a writer's lock shuts readers out, as a restore does
    lockable.rename(net.state_file)
    await net.at(SEEN_WITHIN)
    assert (await net.ask(APP)).answer == MACHINE
    lock = apsw.Connection(str(net.state_file))
    lock.execute("BEGIN EXCLUSIVE")
    await net.at(0.5)
    reply = await net.ask(APP)
    assert (reply.rcode, reply.answer, reply.errors) == ("NOERROR", MACHINE, {"STALE_ANSWER"})
    lock.execute("ROLLBACK")
    lock.close()
    await net.at(net.seconds + 0.5)
    assert (await net.ask(APP)).errors == set()


@pytest.mark.parametrize("name", [APP, "nosuch.internal AAAA"])
@given({}, state=STATE)
async def test_scenario_50_what_was_never_read_before_the_database_went_away_is_servfail_and_not_nxdomain(
    net: Net, name: str
) -> None:
    net.state_file.unlink()
    await net.at(1)
    reply = await net.ask(name)
    assert (reply.rcode, reply.answer) == ("SERVFAIL", [])


@given({}, state=STATE)
async def test_scenario_50_an_app_whose_machines_have_not_arrived_yet_is_nodata_for_5_seconds_at_most(
    net: Net,
) -> None:
    """A replica that is behind knows the app's row before those of its machines; it must not say that there is no app."""
    for qtype in ("AAAA", "A"):
        reply = await net.ask(f"idle.internal {qtype}")
        assert (reply.rcode, reply.answer, reply.soa) == ("NOERROR", [], "internal 2")
    writer = CorrosionWriter(net.state_file)
    with writer.commit():
        writer.put("machines", {"id": "0002", "app_id": 2, "network_id": 24})  # its other columns are still to come
    await net.at(1)
    assert (await net.ask("idle.internal AAAA")).rcode == "NOERROR"
    with writer.commit():
        writer.put("machines", machine("0002", 2, 24))
    writer.close()
    await net.at(1 + SEEN_WITHIN)
    assert (await net.ask("idle.internal AAAA")).answer == [f"idle.internal 5 AAAA {OTHER}"]


@given({}, state=STATE)
async def test_scenario_51_a_machine_that_moves_is_in_the_next_answer_whatever_ttl_the_last_one_had(net: Net) -> None:
    for turn in range(1, 10):
        address = f"fdaa:0:18:a:b:0:{turn}:2"
        move(net.state_file, address)
        await net.at(turn * SEEN_WITHIN)
        assert (await net.ask(APP)).answer == [f"web.internal 5 AAAA {address}"]


@given({**PAIR, "F": zone("corp.test", "far 300 CNAME www.dst.test.")}, forward={"corp.test": ("F",)})
async def test_scenario_52_an_alias_alone_from_a_forwarder_is_followed_here(net: Net) -> None:
    reply = await net.ask("far.corp.test")
    assert reply.answer == ["far.corp.test 300 CNAME www.dst.test.", "www.dst.test 300 A 198.51.100.1"]
    asked = net.asked()
    assert (asked["F"], asked["D"]) == (1, 1)


@given({**PAIR, "F": zone("corp.test", "www 300 A 198.51.100.4")}, forward={"corp.test": ("F",)})
async def test_scenario_52_an_alias_alone_into_the_forwarded_zone_is_asked_of_the_forwarder(net: Net) -> None:
    alone = Said(("near.corp.test. 300 CNAME www.corp.test.",), is_authoritative=False)
    net.say("F", "near.corp.test A", alone)
    reply = await net.ask("near.corp.test")
    assert reply.answer == ["near.corp.test 300 CNAME www.corp.test.", "www.corp.test 300 A 198.51.100.4"]
    assert net.asked() == {"F": 2}


@given({**PAIR, "F": zone("corp.test", "far 300 CNAME www.dst.test.")}, forward={"corp.test": ("F",)})
async def test_scenario_52_an_alias_alone_from_a_forwarder_is_never_passed_on(net: Net) -> None:
    net.break_server("D", Fails())
    for _ in range(2):
        reply = await net.ask("far.corp.test")
        assert (reply.rcode, bool(reply.errors & {*UNREACHABLE, "CACHED_ERROR"})) == ("SERVFAIL", True)
