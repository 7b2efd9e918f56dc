"""The generator of large platforms: the same file for the same seed, whole rows only, and every statement by an index."""

from pathlib import Path

import apsw
import pytest
import trio
import trio.testing

from internal_zones.database import inline
from tests.internal_zones.large import Large, name_of, network_of, write_large
from tests.internal_zones.running import asking


@pytest.mark.parametrize(("machines", "apps"), [(1, 1), (3_000, 300)])
def test_every_machine_is_there_and_every_row_is_whole(tmp_path: Path, machines: int, apps: int) -> None:
    write_large(tmp_path / "state.db", Large(machines, apps))

    async def main() -> None:
        async with asking(tmp_path / "state.db", run=inline, max_wait=10.0) as asker:
            found = 0
            for number in range(apps):
                text = "".join(await asker.texts(f"all.vms.{name_of(number)}.internal", "TXT", network_of(number)))
                found += len(text.split(",")) if text else 0
                await asker.ask(f"healthy.{name_of(number)}.internal", "AAAA", network_of(number))
                await asker.ask(f"_http._tcp.{name_of(number)}.internal", "SRV", network_of(number))
            assert found == machines
            counts, status = asker.zones.counts, asker.zones.status()
            assert (counts.half_replicated_rows, counts.unreadable_rows, counts.duplicate_addresses) == (0, 0, 0)
            assert (counts.failures, status.slow, status.clocks) == (0, {}, "ready")

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_a_seed_makes_the_same_platform_and_another_seed_another(tmp_path: Path) -> None:
    made = []
    for number, seed in enumerate((7, 7, 8)):
        write_large(tmp_path / f"{number}.db", Large(500, 50, seed))
        connection = apsw.Connection(str(tmp_path / f"{number}.db"))
        made.append(connection.execute("SELECT * FROM machines ORDER BY id").fetchall())
        connection.close()
    assert made[0] == made[1] != made[2]
