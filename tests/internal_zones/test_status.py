"""The status says how the database is, and why a statement cannot be used."""

# ruff: noqa: ASYNC110 -- the status is polled by those who read it; it has no event

from pathlib import Path

import trio
import trio.testing

from internal_zones.database import inline
from internal_zones.mapping import COLUMNS
from tests.internal_zones.platform import State, app, machine, write_state
from tests.internal_zones.running import asking


def test_the_status_follows_the_database(tmp_path: Path) -> None:
    path = tmp_path / "state.db"

    async def main() -> None:
        async with asking(path, run=inline) as asker:
            await trio.sleep(0.05)
            status = asker.zones.status()
            assert (status.state, status.is_ready, status.looked_ago) == ("starting", False, None)
            assert "No such file" in status.fault
            assert set(status.statements.values()) == {"not prepared yet"}
            write_state(path, State(apps=[app(1, "web", 24)], machines=[machine("0001", 1, 24)]))
            with trio.fail_after(5):
                while not asker.zones.status().is_ready:
                    await trio.sleep(0.01)
            await asker.ask("web.internal")
            status = asker.zones.status()
            assert status.statements == dict.fromkeys(COLUMNS.keys() - {"touched"}, "ready")
            assert (status.slow, status.clocks) == ({}, "ready")
            assert (status.inode, status.fault, status.units, status.rows) == (path.stat().st_ino, "", 1, 1)
            path.unlink()
            with trio.fail_after(5):
                while asker.zones.status().state != "unwell":
                    await trio.sleep(0.01)

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
