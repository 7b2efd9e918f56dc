"""What the control socket of a running daemon shows, asked as the command line asks."""

import json

import msgspec
import pytest
import trio

from cache.answer import Question
from cache.names import from_text
from cache.rrset import Security
from cache.rrtypes import AAAA
from cache.snapshot import Moment, saved
from internal_zones.database import inline
from resolver.daemon.eyes import Eyes, Switches
from resolver.daemon.log_switch import LogSwitch
from resolver.daemon.parts import make_parts
from resolver.daemon.running import Running
from resolver.daemon.trust_keeper import TrustKeeper
from resolver.dnssec.options import DnssecOptions
from resolver.dnssec.standing import Uncut
from resolver.env import Address, Env
from resolver.policy.options import AnswerOptions, LocalOptions
from resolver.service.control_protocol import (
    Busy,
    CacheFlush,
    CacheList,
    CacheShow,
    Explain,
    FailureList,
    Forgettable,
    ReloadRow,
    Resolve,
    ServerList,
    ServersWorst,
    StateApps,
    StateMachines,
    StateNames,
    StateOf,
    Stats,
    Status,
    ZonesWorst,
)
from resolver.service.snapshot_protocol import CacheExport, CacheImport
from tests.build import replace, rrset
from tests.resolver.daemon.alone import ALONE, CONTROL, HINTS, simulated, with_daemon
from tests.simulation.client import Client


async def not_asked() -> ReloadRow:
    raise AssertionError("nobody reloads here")


async def ask(env: Env, request: msgspec.Struct) -> list[dict[str, object]]:
    """The rows that answer `request`."""
    async with await env.network.open_unix(CONTROL) as stream:
        await stream.send_all(msgspec.json.encode(request) + b"\n")
        received = b""
        while b'"line":"end"' not in received:
            chunk = await stream.receive_some(65536)
            assert chunk, received
            received += chunk
    lines = [json.loads(line) for line in received.splitlines()]
    assert not lines[-1]["error"]
    return [line["row"] for line in lines[:-1]]


def test_status_names_the_version_and_what_is_listened_on() -> None:
    async def test(env: Env, address: Address, draining: trio.Event) -> None:
        [row] = await ask(env, Status())
        assert row["listening"] == ["192.0.2.53:53"]
        assert row["version"]
        assert row["problems"] == []

    with_daemon(test)


def test_stats_hold_every_counter() -> None:
    async def test(env: Env, address: Address, draining: trio.Event) -> None:
        await Client(env.network, address).ask("localhost")
        assert await ask(env, Busy()) == []
        rows = {(row["name"], row["label"]): row["value"] for row in await ask(env, Stats())}
        assert rows["cistern_service_queries_udp_total", ""] == 1
        assert rows["cistern_service_replies_total", "rcode=NOERROR"] == 1

    with_daemon(test)


def test_a_failure_is_explained_until_it_is_flushed() -> None:
    async def test(env: Env, address: Address, draining: trio.Event) -> None:
        await Client(env.network, address).ask("www.example")
        link, verdict = await ask(env, Explain("www.example", "A"))
        assert (link["state"], verdict["rcode"]) == ("failed", "SERVFAIL")
        assert await ask(env, CacheFlush("www.example")) == [{"forgotten": 1}]
        link, verdict = await ask(env, Explain("www.example", "A"))
        assert link["state"] == "missing"
        assert str(verdict["next"]).startswith(
            "www.example. A, of which example. A is shown, from the root servers of the hints"
        )

    with_daemon(test)


@pytest.mark.parametrize(
    ("only", "is_left"),
    [
        pytest.param((), False, id="all of the name"),
        pytest.param(("negative",), False, id="denials"),
        pytest.param(("failures",), True, id="failures"),
    ],
)
def test_a_flush_forgets_what_was_proven_of_the_name(only: tuple[Forgettable, ...], is_left: bool) -> None:
    async def main() -> None:
        async with trio.open_nursery() as nursery:
            options = msgspec.structs.replace(ALONE, dnssec=DnssecOptions(validate=True))
            parts = make_parts(options, simulated(), HINTS, nursery)
            assert parts.trusting is not None
            name, now = from_text("www.example."), parts.env.now()
            parts.trusting.standings.note(name, Uncut(now + 60))
            apex = from_text("example.")
            soa = rrset("example. 3600 SOA ns.example. admin.example. 1 7200 900 1209600 3600", now)
            parts.trusting.gaps.note(apex, [rrset("www.example. 60 NSEC example. A RRSIG NSEC", now)], soa)
            running = Running(parts)
            keeper = TrustKeeper(lambda: parts, inline)
            switches = Switches(not_asked, trio.Event().set, LogSwitch(running, lambda options: None), keeper)
            await Eyes(running, tuple, switches).flush(name, None, only, subtree=False)
            derived = parts.trusting.gaps.find(Question(name, AAAA), apex, now)
            assert (derived is not None) is (parts.trusting.standings.find(name, now) is not None) is is_left

    trio.run(main)


def test_a_failure_is_listed_with_its_pause_attempts_and_reason() -> None:
    async def test(env: Env, address: Address, draining: trio.Event) -> None:
        await Client(env.network, address).ask("www.example")
        rows = await ask(env, FailureList())
        [failure] = [row for row in rows if row["owner"] == "www.example."]
        assert (failure["type"], failure["server"], failure["attempts"]) == ("A", "", 1)
        assert failure["pause"] == 5
        assert failure["info_code"] in (22, 23)
        assert await ask(env, FailureList("other.example")) == []
        assert await ask(env, CacheFlush("www.example", only=("negative",))) == [{"forgotten": 0}]
        assert await ask(env, CacheFlush("www.example", only=("failures",))) == [{"forgotten": 1}]

    with_daemon(test)


def test_servers_of_the_root_are_known_from_the_hints_and_no_other_zones() -> None:
    async def test(env: Env, address: Address, draining: trio.Event) -> None:
        await Client(env.network, address).ask("www.example")
        of_root = await ask(env, ServerList(zone="."))
        asked = {row["server"]: row for row in await ask(env, ServerList())}
        assert {row["server"] for row in of_root} == set(asked)
        assert all(row["replies"] == 0 for row in of_root)
        assert {row["server"] for row in await ask(env, ServersWorst())} == set(asked)
        [worst] = await ask(env, ZonesWorst())
        assert (worst["zone"], worst["failures"]) == (".", worst["waits"])
        async with await env.network.open_unix(CONTROL) as stream:
            await stream.send_all(msgspec.json.encode(ServerList(zone="www.example")) + b"\n")
            end = json.loads(await stream.receive_some(65536))
        assert end["is_refused"]
        assert end["error"] == "nothing is known of a zone www.example.; the closest zone that is known is ."

    with_daemon(test)


def test_special_and_internal_names_are_explained_as_they_would_be_answered() -> None:
    async def test(env: Env, address: Address, draining: trio.Event) -> None:
        link, verdict = await ask(env, Explain("localhost", "A"))
        assert (link["origin"], verdict["rcode"]) == ("special", "NOERROR")
        for network in (None, 24):
            verdict = (await ask(env, Explain("web.internal", "AAAA", network)))[-1]
            assert verdict["rcode"] == "REFUSED"

    with_daemon(test)


@pytest.mark.parametrize(
    ("name", "rdata", "rcode", "option"),
    [
        ("printer.corp.test", ["192.0.2.7"], "NOERROR", "local.records"),
        ("other.corp.test", [], "NXDOMAIN", "local.zones"),
    ],
)
def test_local_data_is_explained_with_the_option_that_says_it(
    name: str, rdata: list[str], rcode: str, option: str
) -> None:
    async def test(env: Env, address: Address, draining: trio.Event) -> None:
        for request in (Explain(name, "A"), Resolve(name, "A")):
            link, verdict = await ask(env, request)
            assert (link["origin"], link["rdata"], link["note"]) == ("local", rdata, option)
            assert (verdict["rcode"], verdict["next"]) == (rcode, "")

    with_daemon(test, local=LocalOptions(records=("printer.corp.test. 300 A 192.0.2.7",), zones=("corp.test",)))


def test_types_that_are_no_data_and_any_are_explained_as_they_would_be_answered() -> None:
    async def test(env: Env, address: Address, draining: trio.Event) -> None:
        _, verdict = await ask(env, Explain("www.example", "AXFR"))
        assert (verdict["rcode"], verdict["errors"]) == (
            "REFUSED",
            ["EDE 21 (zones are not transferred from here)"],
        )
        link, verdict = await ask(env, Explain("www.example", "ANY"))
        assert (link["type"], link["rdata"], verdict["rcode"]) == ("HINFO", ['"RFC8482" ""'], "NOERROR")

    with_daemon(test)


def test_any_that_is_given_in_full_is_explained_as_a_question_for_the_servers() -> None:
    async def test(env: Env, address: Address, draining: trio.Event) -> None:
        link, verdict = await ask(env, Explain("www.example", "ANY"))
        assert (link["type"], link["origin"], link["state"]) == ("ANY", "upstream", "missing")
        assert (verdict["rcode"], bool(verdict["next"])) == ("", True)

    with_daemon(test, answer=AnswerOptions(any="full"))


def test_an_empty_cache_shows_nothing() -> None:
    async def test(env: Env, address: Address, draining: trio.Event) -> None:
        assert await ask(env, CacheShow("www.example")) == []
        assert await ask(env, CacheList()) == []

    with_daemon(test)


def test_without_a_state_database_there_is_nothing_to_look_into() -> None:
    async def test(env: Env, address: Address, draining: trio.Event) -> None:
        for request in (StateOf(), StateApps(), StateMachines(), StateNames("web")):
            async with await env.network.open_unix(CONTROL) as stream:
                await stream.send_all(msgspec.json.encode(request) + b"\n")
                assert b"no state database is configured" in await stream.receive_some(65536)

    with_daemon(test)


def test_what_is_exported_can_be_imported_again() -> None:
    async def test(env: Env, address: Address, draining: trio.Event) -> None:
        (said,) = await ask(env, CacheExport())
        moment = msgspec.convert(said, Moment)
        assert moment.wall == env.wall()
        taken = await ask(env, CacheImport(moment, (saved(rrset("www.example. 60 A 192.0.2.1"), 3, moment.wall),)))
        assert taken == [{"taken": 1, "passed_over": 0}]
        (row,) = await ask(env, CacheShow("www.example"))
        assert (row["type"], row["hits"]) == ("A", 3)
        assert len(await ask(env, CacheExport())) == 2

    with_daemon(test)


def test_nothing_is_secure_by_an_operators_word() -> None:
    async def test(env: Env, address: Address, draining: trio.Event) -> None:
        (said,) = await ask(env, CacheExport())
        moment = msgspec.convert(said, Moment)
        forged = saved(replace(rrset("www.example. 60 A 192.0.2.1"), security=Security.SECURE), 3, moment.wall)
        assert forged.security is Security.SECURE
        assert await ask(env, CacheImport(moment, (forged,))) == [{"taken": 1, "passed_over": 0}]
        (row,) = await ask(env, CacheShow("www.example"))
        assert row["security"] == "unchecked"

    with_daemon(test)
