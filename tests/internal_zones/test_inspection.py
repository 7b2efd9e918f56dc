"""What operators see of the database: listings, and every name of an app."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trio
import trio.testing

from cache.names import to_text
from internal_zones import AppRow, MachineRow, StateFault, Wanted
from internal_zones.database import inline
from internal_zones.inspection import Inspector
from tests.internal_zones.platform import State, app, machine, write_state
from tests.internal_zones.running import Asker, asking

STATE = State(
    apps=[app(1, "Web", 24), app(2, "idle", 24), app(3, "web", 57)],
    machines=[
        machine("01", 1, 24, metadata='{"fly_process_group":"front"}'),
        machine("02", 1, 24, state="stopped", region="fra"),
        machine("03", 3, 57),
    ],
    services=[{"machine_id": "01", "protocol": "tcp", "port": 80, "name": "http"}],
    flycast_addresses=[{"address": "fdaa:0:18:f::1", "app_name": "web", "network_id": 24}],
)


def on(folder: Path, main: Callable[[Inspector, Asker], Awaitable[None]]) -> None:
    write_state(folder / "state.db", STATE)

    async def run() -> None:
        async with asking(folder / "state.db", run=inline) as asker:
            await asker.ask("_apps.internal", "TXT")
            await main(asker.zones.inspector, asker)

    trio.run(run, clock=trio.testing.MockClock(autojump_threshold=0))


def test_apps_are_listed_with_their_machines(tmp_path: Path) -> None:
    async def main(inspector: Inspector, asker: Asker) -> None:
        everywhere = await inspector.apps(Wanted())
        assert everywhere == [AppRow(24, "Web", 2, 1), AppRow(24, "idle", 0, 0), AppRow(57, "web", 1, 1)]
        assert await inspector.apps(Wanted(57)) == [AppRow(57, "web", 1, 1)]
        assert await inspector.apps(Wanted(99)) == []

    on(tmp_path, main)


def test_machines_are_listed_started_or_not(tmp_path: Path) -> None:
    async def main(inspector: Inspector, asker: Asker) -> None:
        [first, second] = await inspector.machines(Wanted(24, "web"))
        metadata = {"fly_process_group": "front"}
        assert first == MachineRow(24, "web", "01", True, "ams", "h1", "fdaa:0:18:a:b:0:1:2", metadata)
        assert (second.id, second.is_started) == ("02", False)
        assert [row.id for row in await inspector.machines(Wanted())] == ["01", "02", "03"]

    on(tmp_path, main)


def test_every_name_of_an_app_is_there_for_its_clients(tmp_path: Path) -> None:
    async def main(inspector: Inspector, asker: Asker) -> None:
        found = [to_text(name) for _, name in await inspector.names(Wanted(24, "web"))]
        for name in ("web.internal.", "fra.web.internal.", "01.vm.web.internal.", "front.process.web.internal."):
            assert name in found
        for name in ("_http._tcp.web.internal.", "fly_process_group.kv._metadata.web.internal.", "web.flycast."):
            assert name in found
        assert len(set(found)) == len(found)
        for name in found:
            assert (await asker.ask(name, "ANY")).rcode == 0, name

    on(tmp_path, main)


def test_the_names_are_those_of_every_network_unless_one_is_named(tmp_path: Path) -> None:
    async def main(inspector: Inspector, asker: Asker) -> None:
        assert {network for network, _ in await inspector.names(Wanted(None, "web"))} == {24, 57}
        assert await inspector.names(Wanted(None, "nosuch")) == []

    on(tmp_path, main)


def test_looking_keeps_nothing(tmp_path: Path) -> None:
    async def main(inspector: Inspector, asker: Asker) -> None:
        before = asker.zones.status().units
        await inspector.machines(Wanted())
        assert asker.zones.status().units == before

    on(tmp_path, main)


def test_a_database_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    async def main() -> None:
        async with asking(tmp_path / "nowhere.db", run=inline) as asker:
            with pytest.raises(StateFault):
                await asker.zones.inspector.apps(Wanted(24))

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
