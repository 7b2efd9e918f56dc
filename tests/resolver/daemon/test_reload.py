"""A daemon goes by another config without ending, or goes on by the one that it has."""

import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

import dns.flags
import msgspec
import pytest
import trio
import trio.testing

from cache.names import from_text
from cache.options import CacheOptions, FailureOptions
from internal_zones import StateOptions
from internal_zones.database import inline
from resolver.daemon import serve
from resolver.daemon.around import Around
from resolver.daemon.beliefs import Anchors
from resolver.daemon.prepared import Prepared
from resolver.demo.state import make_state
from resolver.dnssec.anchors import Anchor
from resolver.dnssec.options import DnssecOptions
from resolver.env import Address
from resolver.iterate.options import ForwardZone
from resolver.observe.dnstap import Control, control_frame
from resolver.observe.options import DnstapOptions, LogOptions
from resolver.options import ConfigError, Options, Problem
from resolver.policy.local_records import read_local
from resolver.policy.options import LocalOptions
from resolver.service.control_protocol import CacheFlush, ConfigShow, FailureList, Reload, Stats, Status
from resolver.service.options import ControlOptions, LimitOptions, ListenOptions, MetricsOptions
from tests.resolver.daemon.alone import ALONE, CONTROL, HINTS, HOST, METRICS
from tests.simulation.client import Client
from tests.simulation.env import SimulatedEnv
from tests.simulation.fabric import Fabric
from tests.simulation.network import SimulatedNetwork, Sockets
from tests.simulation.operator import Operator

change = msgspec.structs.replace


class World:
    """A daemon whose config file a test writes."""

    def __init__(self, options: Options) -> None:
        self.sockets = Sockets(Fabric(Random(1)))
        self.env = SimulatedEnv(self.sockets, HOST, Random(1))
        self.options = options
        self.anchors: Anchors = {}
        self.fault: ConfigError | None = None
        self.told: list[str] = []
        self.logs: list[LogOptions] = []
        self.hangup, hangups = trio.open_memory_channel[None](1)
        self.around = Around(self._read, hangups, self.logs.append, self.told.append)
        self.operator = Operator(self.env.network, CONTROL)

    async def _read(self) -> Prepared:
        await trio.lowlevel.checkpoint()
        if self.fault is not None:
            raise self.fault
        return Prepared(self.options, HINTS, self.anchors, read_local(self.options.local, frozenset()))

    async def ask(self, qname: str, port: int = 53) -> str:
        """The RCODE that a client gets."""
        reply = await Client(self.env.network, Address(HOST, port)).ask(qname)
        assert reply is not None
        return str(reply.rcode().name)

    async def reload(self, **changes: object) -> dict[str, object]:
        """Write these changes into the file and have it read."""
        self.options = change(self.options, **changes)
        [row] = await self.operator.look(Reload())
        return row


def with_world(test: Callable[[World], Awaitable[None]], options: Options = ALONE) -> None:
    async def main() -> None:
        world = World(options)
        async with trio.open_nursery() as nursery:
            start = serve
            await nursery.start(_serving, start, world)
            await test(world)
            nursery.cancel_scope.cancel()

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


async def _serving(
    start: Callable[..., Awaitable[None]], world: World, task_status: trio.TaskStatus[tuple[Address, ...]]
) -> None:
    await start(
        world.options, world.env, HINTS, trio.Event(), run_io=inline, around=world.around, task_status=task_status
    )


def test_every_address_that_is_new_is_answered_and_one_that_is_gone_is_not() -> None:
    async def test(world: World) -> None:
        row = await world.reload(listen=ListenOptions((f"{HOST}:5353",)))
        assert row == {"changed": ["listen.addresses"], "needs_restart": [], "problems": []}
        assert await world.ask("localhost", 5353) == "NOERROR"
        with pytest.raises(ConnectionRefusedError):
            await world.ask("localhost")
        [status] = await world.operator.look(Status())
        assert status["listening"] == [f"{HOST}:5353"]

    with_world(test)


def test_limits_networks_and_the_log_change_from_one_query_to_the_next() -> None:
    async def test(world: World) -> None:
        assert await world.ask("localhost") == "NOERROR"
        await world.reload(networks={}, log=LogOptions(level="debug"), limits=LimitOptions(tcp_idle=1.0))
        assert await world.ask("localhost") == "REFUSED"
        assert world.logs == [LogOptions(level="debug")]
        await world.reload(networks=ALONE.networks)
        assert await world.ask("localhost") == "NOERROR"

    with_world(test)


def test_what_was_remembered_stays_but_for_zones_that_are_asked_otherwise_now() -> None:
    async def test(world: World) -> None:
        for name in ("www.example", "www.corp.test"):
            assert await world.ask(name) == "SERVFAIL"
        forward = ForwardZone("corp.test", ("198.51.100.9:53",))
        row = await world.reload(forward=(forward,), failures=FailureOptions(first_pause=9))
        assert row["changed"] == ["forward", "failures.first_pause"]
        kept = {str(row["owner"]) for row in await world.operator.look(FailureList()) if not row["server"]}
        assert "www.example." in kept
        assert "www.corp.test." not in kept
        await world.operator.look(CacheFlush("www.example"))
        await world.ask("www.example")
        [failure] = [row for row in await world.operator.look(FailureList("www.example")) if not row["server"]]
        assert failure["pause"] == 9

    with_world(test)


def test_what_was_found_below_trust_anchors_that_come_or_go_is_found_anew() -> None:
    """What is held was judged otherwise: what an anchor came for would stay unchecked until its TTL ends."""

    async def failed(world: World) -> set[str]:
        for name in ("www.example", "www.corp.test"):
            await world.ask(name)
        await world.reload()
        return {str(row["owner"]) for row in await world.operator.look(FailureList()) if not row["server"]}

    async def test(world: World) -> None:
        corp = from_text("corp.test.")
        assert {"www.example.", "www.corp.test."} <= await failed(world)
        for anchors in ({corp: Anchor(corp, (bytes(36),))}, {corp: Anchor(corp, (bytes(35) + b"\1",))}, {}):
            world.anchors = anchors
            kept = await failed(world)
            assert "www.example." in kept
            assert "www.corp.test." not in kept

    with_world(test, change(ALONE, dnssec=DnssecOptions()))


def test_local_data_comes_and_goes_from_one_query_to_the_next() -> None:
    async def test(world: World) -> None:
        for _ in range(3):
            assert await world.ask("own.corp.test") == "SERVFAIL"
            assert await world.ask("7.0.0.10.in-addr.arpa") == "NXDOMAIN"
            row = await world.reload(
                local=LocalOptions(("own.corp.test. 60 A 192.0.2.7", "7.0.0.10.in-addr.arpa. PTR x."))
            )
            assert row["changed"] == ["local.records"]
            for _ in range(2):  # the second may be given again as it was
                reply = await Client(world.env.network, Address(HOST, 53)).ask("own.corp.test", flags="DO AD")
                assert reply is not None
                assert reply.flags & dns.flags.AA
                assert not reply.flags & dns.flags.AD
                assert [str(rrset) for rrset in reply.answer] == ["own.corp.test. 60 IN A 192.0.2.7"]
            assert await world.ask("7.0.0.10.in-addr.arpa") == "NOERROR"
            assert await world.ask("www.corp.test") == "SERVFAIL"
            await world.reload(local=LocalOptions(zones=("corp.test",)))
            assert await world.ask("own.corp.test") == await world.ask("www.corp.test") == "NXDOMAIN"
            await world.reload(local=LocalOptions())

    with_world(test)


def test_a_question_in_flight_ends_under_the_config_that_it_began_with() -> None:
    async def test(world: World) -> None:
        rcodes: list[str] = []
        silent = await SimulatedNetwork(world.sockets, HINTS.servers[0].host).listen_udp(HINTS.servers[0])

        async def ask() -> None:
            rcodes.append(await world.ask("www.example"))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            await trio.sleep(0.05)
            assert not (await world.reload(networks={}))["problems"]
            assert rcodes == []
        assert rcodes == ["SERVFAIL"]  # and not REFUSED, as the next one
        assert await world.ask("www.example") == "REFUSED"
        silent.close()

    with_world(test)


def test_a_bad_file_changes_nothing_and_says_where_it_is_wrong() -> None:
    async def test(world: World) -> None:
        world.fault = ConfigError([Problem("c.toml", 7, "cache.max_ttl", "expected a whole number")])
        row = await world.reload(networks={})
        assert row == {
            "changed": [],
            "needs_restart": [],
            "problems": ["c.toml:7: cache.max_ttl: expected a whole number"],
        }
        assert await world.ask("localhost") == "NOERROR"
        assert await reload_was_good(world) == 0
        world.fault = None
        assert (await world.reload())["changed"] == ["networks"]
        assert await reload_was_good(world) == 1

    with_world(test)


@pytest.mark.parametrize("taken", ["listen", "metrics"])
def test_an_address_that_cannot_be_had_changes_nothing(taken: str) -> None:
    async def test(world: World) -> None:
        other = await world.env.network.listen_tcp(Address(HOST, 5353))
        added = {
            "listen": ListenOptions((f"{HOST}:53", f"{HOST}:5300", f"{HOST}:5353")),
            "metrics": MetricsOptions(f"{HOST}:5353"),
        }
        row = await world.reload(**{"networks": {}, taken: added[taken]})
        assert row["problems"] == [f"{HOST}:5353 cannot be listened on: Address already in use"]
        assert await world.ask("localhost") == "NOERROR"
        other.close()
        assert row != await world.reload()
        assert await world.ask("localhost") == "REFUSED"

    with_world(test)


def test_what_needs_a_restart_is_named_and_the_rest_is_taken() -> None:
    async def test(world: World) -> None:
        row = await world.reload(control=ControlOptions("/elsewhere"), cache=CacheOptions(snapshot="/x", max_ttl=60))
        assert row["changed"] == ["cache.max_ttl"]
        assert row["needs_restart"] == ["cache.snapshot", "control.socket"]
        [config] = await world.operator.look(ConfigShow())
        assert (options_of(config).cache.max_ttl, options_of(config).control.socket) == (60, CONTROL)

    with_world(test)


def test_the_cache_shrinks_to_a_smaller_bound_and_is_kept_within_it() -> None:
    async def test(world: World) -> None:
        await world.reload(cache=CacheOptions(snapshot="", max_octets=1 << 20))
        rows = await world.operator.look(Stats())
        assert [row["value"] for row in rows if row["name"] == "cistern_cache_max_bytes"] == [1 << 20]

    with_world(test)


def test_another_state_database_is_taken_once_it_was_read_and_not_before(tmp_path: Path) -> None:
    async def test(world: World) -> None:
        assert await world.ask("web.internal") == "REFUSED"
        row = await world.reload(state=StateOptions(database=str(tmp_path / "none.db")))
        assert "none.db" in str(row["problems"])
        assert await world.ask("web.internal") == "REFUSED"
        make_state(tmp_path / "state.db")
        row = await world.reload(state=StateOptions(database=str(tmp_path / "state.db")))
        assert row["changed"] == ["state.database"]
        assert await world.ask("web.internal") == "NOERROR"
        assert not (await world.reload(state=ALONE.state))["problems"]
        assert await world.ask("web.internal") == "REFUSED"

    with_world(test)


def test_sighup_reloads_and_the_service_manager_is_told() -> None:
    async def test(world: World) -> None:
        world.options = change(world.options, networks={})
        await world.hangup.send(None)
        await trio.sleep(1)
        assert await world.ask("localhost") == "REFUSED"
        reloading, ready = world.told[-2:]
        assert reloading.startswith("RELOADING=1\nMONOTONIC_USEC=")
        assert ready == "READY=1"

    with_world(test)


def test_metrics_move() -> None:
    async def test(world: World) -> None:
        await world.reload(metrics=MetricsOptions(f"{HOST}:9999"))
        stream = await world.env.network.open_tcp(Address(HOST, 9999))
        await stream.aclose()
        with pytest.raises(OSError):
            await world.env.network.open_tcp(METRICS)

    with_world(test)


async def reload_was_good(world: World) -> object:
    rows = await world.operator.look(Stats())
    [value] = [row["value"] for row in rows if row["name"] == "cistern_config_last_reload_successful"]
    return value


def options_of(row: dict[str, object]) -> Options:
    return msgspec.convert(row["options"], Options)


def test_dnstap_begins_and_ends_with_the_config(tmp_path: Path) -> None:
    async def test(world: World) -> None:
        tap = tmp_path / "tap"
        row = await world.reload(dnstap=DnstapOptions(file=str(tap)))
        assert row["changed"] == ["dnstap.file"]
        assert await world.ask("localhost") == "NOERROR"
        await world.reload(dnstap=DnstapOptions())
        assert await world.ask("www.example") == "SERVFAIL"

    with_world(test)
    for thread in threading.enumerate():
        if thread.name == "dnstap":
            thread.join(10)
    octets = (tmp_path / "tap").read_bytes()
    assert octets.endswith(control_frame(Control.STOP))
    assert b"\x09localhost" in octets
    assert b"\x03www\x07example" not in octets
