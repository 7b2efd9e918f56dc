"""A small platform in a file, ways to break the file under running zones, and waiting for what comes of it."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import trio

from resolver.demo.corrosion_file import CorrosionWriter
from tests.internal_zones.platform import Row, State, app, machine, write_state
from tests.internal_zones.running import Asker, asking, shown

ADDRESS = "fdaa:0:18:a:b:0:1:2"
OTHER = "fdaa:0:18:a:b:0:2:2"
WEB = State(apps=[app(1, "web", 24)], machines=[machine("0001", 1, 24)])
PEERS: list[Row] = [{"network_id": 24, "name": "laptop", "address": "fdaa:0:18:9::1"}]
PATIENCE = 5  # seconds till a change must be seen on the slowest of test machines


def small_state(folder: Path) -> Path:
    """The file of a platform with one machine and one peer, new in `folder`."""
    write_state(folder / "state.db", State(apps=WEB.apps, machines=WEB.machines, peers=PEERS))
    return folder / "state.db"


def on(path: Path, main: Callable[[Asker], Awaitable[None]], *, max_stale: int = 86400, max_wait: float = 0.25) -> None:
    async def run() -> None:
        with trio.fail_after(60):
            async with asking(path, max_stale=max_stale, max_wait=max_wait) as asker:
                await main(asker)

    trio.run(run)


async def until(asker: Asker, wanted: list[str] | str, name: str = "web.internal", *, stale: bool = False) -> float:
    """Ask till the answer is the wanted one; the seconds it took. Nothing on the way may be a false negative."""
    started = trio.current_time()
    with trio.fail_after(PATIENCE):
        while True:
            answer = await asker.ask(name)
            if shown(answer) == wanted and answer.is_stale is stale:
                return trio.current_time() - started
            assert shown(answer) not in ("NXDOMAIN", "NODATA")
            await trio.sleep(0.002)


def execute(path: Path, sql: str) -> None:
    """Run SQL as another program that keeps the triggers quiet would."""
    writer = CorrosionWriter(path)
    writer.connection.execute(sql)
    writer.close()


def move(path: Path, address: str) -> None:
    writer = CorrosionWriter(path)
    with writer.commit():
        writer.put("machines", {"id": "0001", "address": address})
    writer.close()
