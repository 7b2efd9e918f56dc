"""Random platforms under random changes answer as the model does, and only what was touched is read anew."""

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from cache.names import from_text
from internal_zones import is_ours
from internal_zones.database import inline
from resolver.demo.corrosion_file import CorrosionWriter, Value
from tests.internal_zones import model
from tests.internal_zones.platform import HOSTS, Row, State, app, machine, random_state, write_state
from tests.internal_zones.running import CLIENT, Asker, asking

KEYS: dict[str, tuple[str, ...]] = {
    "apps": ("id",),
    "machines": ("id",),
    "checks": ("machine_id", "name"),
    "services": ("machine_id", "protocol", "port"),
    "flycast_addresses": ("address",),
    "peers": ("network_id", "name"),
}
CHANGES: dict[str, dict[str, tuple[Value, ...]]] = {
    "apps": {"name": ("web", "new", "DB"), "network_id": (24, 57)},
    "machines": {
        "state": ("started", "stopped", "destroyed"),
        "region": ("ams", "nrt", ""),
        "app_id": (240, 241, 570),
        "skip_dns": (0, 1),
        "metadata": ("{}", '{"role":"primary"}'),
        "host": tuple(HOSTS),
    },
    "checks": {"status": ("passing", "critical")},
    "services": {"name": ("web", "pg")},
    "flycast_addresses": {"app_name": ("web", "api")},
    "peers": {"address": ("",)},
}


def change(rng: Random, state: State, writer: CorrosionWriter) -> None:
    """One random change, to the rows in memory and to the file."""
    table = rng.choice(("machines", "machines", *CHANGES))
    rows = state.tables[table]
    action = rng.choice(("update", "update", "update", "delete", "insert"))
    with writer.commit(rng.randrange(len(HOSTS))):
        if action == "insert":
            _insert(rng, state, writer)
        elif action == "delete" and rows:
            row = rng.choice(rows)
            rows.remove(row)
            writer.delete(table, row)
        elif rows:
            row, column = rng.choice(rows), rng.choice(list(CHANGES[table]))
            before, row[column] = row[column], rng.choice(CHANGES[table][column])
            if _has_two_apps_of_one_name(state):
                row[column] = before
            writer.put(table, {key: row[key] for key in (*KEYS[table], column)})


def _insert(rng: Random, state: State, writer: CorrosionWriter) -> None:
    identity, network = rng.randrange(1 << 15, 1 << 16), rng.choice((24, 57))
    state.machines.append(machine(f"{identity:x}", 240, network))
    writer.put("machines", state.machines[-1])
    state.apps.append(app(identity, f"app{identity}", network))
    writer.put("apps", state.apps[-1])


def _has_two_apps_of_one_name(state: State) -> bool:
    """No platform has them: the model and the program would have to agree on a winner."""
    names = [(row["network_id"], str(row["name"]).lower()) for row in state.apps]
    return len(names) > len(set(names))


async def compare(asker: Asker, state: State) -> None:
    """Every name that the model knows, and some it does not, asked of the zones as they stand."""
    for network in (24, 57):
        nodes = model.names_of(state, network, "ams", CLIENT)
        for name in (*nodes, "web.internal", "x.web.internal", "fresh.internal", "vm.api.internal", "db.flycast"):
            for qtype in (nodes.get(name) or ("AAAA",)) if is_ours(from_text(name)) else ():
                got = await asker.texts(name, qtype, network)
                wanted = nodes[name].get(qtype) or "NODATA" if name in nodes else "NXDOMAIN"
                shown = sorted(got) if isinstance(got, list) and isinstance(wanted, set) else got
                if qtype not in ("SOA", "NS"):
                    assert shown == (sorted(wanted) if isinstance(wanted, set) else wanted), (name, qtype, network)


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32))
def test_random_changes_are_followed_and_nothing_is_missed(seed: int) -> None:
    rng, state = Random(seed), random_state(seed, max_machines=4)

    async def main() -> None:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "state.db"
            write_state(path, state)
            writer = CorrosionWriter(path)
            async with asking(path, run=inline, region="ams", poll=10.0, max_wait=10.0) as asker:
                for _ in range(8):
                    await asker.zones._watcher.look()
                    await compare(asker, state)
                    for _ in range(rng.randrange(1, 4)):
                        change(rng, state, writer)
            writer.close()

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def changed_row(path: Path, table: str, row: Row) -> None:
    writer = CorrosionWriter(path)
    with writer.commit(1):
        writer.put(table, row)
    writer.close()


def test_only_the_app_that_was_touched_is_due(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    machines = [machine("01", 1, 24), machine("02", 2, 24), machine("03", 3, 57)]
    write_state(path, State(apps=[app(1, "web", 24), app(2, "db", 24), app(3, "web", 57)], machines=machines))

    async def main() -> None:
        async with asking(path, run=inline, poll=10.0, max_wait=10.0) as asker:  # a busy machine is no slow disk
            for name, network in (("web", 24), ("db", 24), ("web", 57)):
                await asker.ask(f"{name}.internal", network=network)
            changed_row(path, "apps", {"id": 2, "updated_at": 1})
            changed_row(path, "machines", {"id": "02", "state": "stopped"})
            await asker.zones._watcher.look()
            assert asker.find("web.internal") is not None
            assert asker.find("web.internal", network=57) is not None
            assert asker.find("db.internal") is None
            assert await asker.texts("db.internal") == "NODATA"
            counts = asker.zones.counts
            assert (counts.changes, counts.sweeping_changes, counts.reads) == (2, 1, 4)

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_a_row_that_came_and_moved_on_between_two_looks_is_in_no_app_that_it_left(tmp_path: Path) -> None:
    """A client asked in between, so that the app holds the row; the move leaves no trace but the row's new place."""
    path = tmp_path / "state.db"
    write_state(path, State(apps=[app(1, "web", 24), app(2, "db", 24)]))

    async def main() -> None:
        async with asking(path, run=inline, poll=10.0, max_wait=10.0) as asker:  # a busy machine is no slow disk
            await trio.lowlevel.checkpoint()
            changed_row(path, "machines", machine("01", 1, 24))
            assert await asker.texts("web.internal") == ["fdaa:0:18:a:b:0:1:2"]
            changed_row(path, "machines", {"id": "01", "app_id": 2})
            writer = CorrosionWriter(path)
            writer.connection.execute("UPDATE machines__crsql_clock SET col_version = 1")
            writer.close()
            await asker.zones._watcher.look()
            assert await asker.texts("web.internal") == "NODATA"
            assert await asker.texts("db.internal") == ["fdaa:0:18:a:b:0:1:2"]

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_an_app_whose_name_is_no_utf_8_makes_everything_due_and_hides_no_other(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    write_state(path, State(apps=[app(1, "web", 24), app(2, "db", 24)], machines=[machine("01", 1, 24)]))

    async def main() -> None:
        async with asking(path, run=inline, poll=10.0, max_wait=10.0) as asker:  # a busy machine is no slow disk
            assert await asker.texts("web.internal") == ["fdaa:0:18:a:b:0:1:2"]
            writer = CorrosionWriter(path)
            writer.connection.execute("UPDATE apps SET name = CAST(x'ff' AS TEXT) WHERE id = 2")
            writer.close()
            changed_row(path, "apps", {"id": 2, "updated_at": 1})
            changed_row(path, "machines", {"id": "01", "state": "stopped"})
            await asker.zones._watcher.look()
            assert asker.find("web.internal") is None
            assert await asker.texts("web.internal") == "NODATA"
            assert asker.zones.status().is_ready

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_without_clock_tables_everything_is_due(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    write_state(path, State(apps=[app(1, "web", 24)], machines=[machine("01", 1, 24)]))
    writer = CorrosionWriter(path)
    tables = writer.connection.execute("SELECT name FROM sqlite_schema WHERE name GLOB '*__crsql_*' AND type = 'table'")
    for name in [str(row[0]) for row in tables]:
        writer.connection.execute(f'DROP TABLE "{name}"')

    async def main() -> None:
        async with asking(path, run=inline, poll=10.0, max_wait=10.0) as asker:  # a busy machine is no slow disk
            await asker.ask("web.internal")
            for state, wanted in (("stopped", "NODATA"), ("started", ["fdaa:0:18:a:b:0:1:2"])):
                writer.connection.execute("UPDATE machines SET state = ?", (state,))
                await asker.zones._watcher.look()
                assert await asker.texts("web.internal") == wanted
            assert asker.zones.status().is_ready
            assert asker.zones.counts.sweeping_changes == 3

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    writer.close()


def test_a_restored_older_file_makes_everything_due(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    write_state(path, State(apps=[app(1, "web", 24)], machines=[machine("01", 1, 24)]))

    async def main() -> None:
        async with asking(path, run=inline, poll=10.0, max_wait=10.0) as asker:  # a busy machine is no slow disk
            changed_row(path, "machines", {"id": "01", "region": "fra"})
            await asker.zones._watcher.look()
            await asker.ask("web.internal")
            writer = CorrosionWriter(path)
            writer.connection.execute("UPDATE crsql_db_versions SET db_version = 0")
            writer.connection.execute("UPDATE machines SET region = 'nrt'")
            writer.close()
            await asker.zones._watcher.look()
            assert asker.find("web.internal") is None

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
