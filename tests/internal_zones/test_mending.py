"""Units that are mended by the rows that were touched are what a whole reading finds, whatever has happened."""

import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import ClassVar

import apsw
import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from internal_zones.changes import Changes
from internal_zones.clocks import Touches
from internal_zones.database import Sighting, StateFile, inline
from internal_zones.mapping import Mapping as SqlMapping
from internal_zones.mapping import statements
from internal_zones.mending import MAX_MACHINES, Mended, Mending, machines_of, mended
from internal_zones.outdating import STATEMENTS
from internal_zones.readings import AppData, Kind, Reading, TooMany, UnitKey, read
from internal_zones.rows import Machine, Row, Skipped, Within, machine
from internal_zones.together import MachineKey
from internal_zones.units import Unit
from resolver.demo.corrosion_file import CorrosionWriter, Value
from tests.internal_zones.platform import State, app, write_state
from tests.internal_zones.platform import machine as row_of
from tests.internal_zones.running import Asker, asking

APPS = ("web", "DB", "api")
IDS = tuple(f"{number:x}" for number in range(1, 13))
KEYS = [UnitKey(Kind.APP, network, name.lower()) for network in (24, 57) for name in APPS]
COLUMNS: dict[str, tuple[Value, ...]] = {
    "state": ("started", "started", "stopped", "destroyed", "", 7),
    "region": ("ams", "nrt", "sea", ""),
    "host": ("h1", "h2"),
    "address": ("fdaa:0:18:a:b:0:1:2", "fdaa:0:18:a:b:0:2:2", "fdaa:0:18:a:b:0:77:2", "2001:db8::1", "", b"x"),
    "metadata": ("{}", '{"role":"primary"}', '{"fly_process_group":"web"}', "[", ""),
    "skip_dns": (0, 0, 1, "x"),
}
PLACING: dict[str, tuple[Value, ...]] = {"app_id": (1, 2, 3, 4, 9), "network_id": (24, 57)}


def change(rng: Random, writer: CorrosionWriter) -> None:
    """One commit of a few changes, mostly of what machines are and not where."""
    with writer.commit(rng.randrange(4)):
        for _ in range(rng.choice((1, 1, 1, 2, 4))):
            machine_id, what = rng.choice(IDS), rng.randrange(20)
            if what < 16:
                column = rng.choice(list(COLUMNS))
                is_odd = rng.random() < 0.15
                values = COLUMNS[column] if is_odd else COLUMNS[column][:2]
                writer.put("machines", {"id": machine_id, column: rng.choice(values)})
            elif what == 16:
                column = rng.choice(list(PLACING))
                writer.put("machines", {"id": machine_id, column: rng.choice(PLACING[column])})
            elif what == 17:
                writer.delete("machines", {"id": machine_id})
            elif what == 18:
                new = f"{rng.randrange(1 << 8, 1 << 12):x}"
                writer.put("machines", row_of(new, rng.randrange(1, 5), rng.choice((24, 57))))
            else:
                writer.put("apps", {"id": rng.randrange(1, 5), "name": rng.choice((*APPS, "other"))})


def whole(path: Path) -> dict[UnitKey, Reading]:
    """Each unit as another connection reads it."""
    file = StateFile(str(path), statements(SqlMapping()))
    file.look()
    found = {key: read(file, key) for key in KEYS}
    file.close()
    return found


async def ask(asker: Asker, keys: Sequence[UnitKey]) -> None:
    for key in keys:
        await asker.texts(f"{key.name}.internal", "AAAA", key.network)


def platform(path: Path) -> None:
    apps = [app(1, "web", 24), app(2, "DB", 24), app(3, "web", 57), app(4, "api", 24)]
    machines = [row_of(it, 1 + number % 4, 57 if number % 4 == 2 else 24) for number, it in enumerate(IDS)]
    write_state(path, State(apps=apps, machines=machines))


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32))
def test_a_mended_unit_is_what_a_whole_reading_finds_for_any_history(seed: int) -> None:
    """Also when others commit in the middle of a look, and between a look and the reads after it."""
    rng = Random(seed)

    async def main(path: Path) -> None:
        platform(path)
        writer = CorrosionWriter(path)
        async with asking(path, run=inline, poll=10.0, max_wait=10.0) as asker:
            zones = asker.zones
            units = zones._units
            truth: dict[UnitKey, Reading] = {}

            class Changing(Mending):
                """Others commit while it is chosen what is read."""

                def wanted(self, touches: Touches, reads: Mapping[str, frozenset[str]]) -> Sequence[MachineKey]:
                    truth.update(whole(path))
                    for _ in range(rng.choice((0, 0, 1, 3))):
                        change(rng, writer)
                    return super().wanted(touches, reads)

            zones._watcher._mending = Changing(units, zones._census.is_sure, ())
            await ask(asker, KEYS)
            for _ in range(20):
                for _ in range(rng.randrange(4)):
                    change(rng, writer)
                truth.clear()
                await zones._watcher.look()
                for key, reading in truth.items():
                    unit = units.get(key)
                    if unit is not None and units.is_untouched(unit) and unit.known_at is None:
                        assert as_read(unit.reading) == as_read(reading), key
                await ask(asker, rng.sample(KEYS, rng.randrange(len(KEYS) + 1)))
        writer.close()

    with TemporaryDirectory() as folder:
        trio.run(main, Path(folder) / "state.db", clock=trio.testing.MockClock(autojump_threshold=0))


class Watched(tuple[Machine, ...]):
    """Machines that know in which threads they were looked through."""

    threads: ClassVar[list[int]] = []

    def __iter__(self) -> Iterator[Machine]:
        self.threads.append(threading.get_ident())
        return super().__iter__()


def test_the_thread_that_looks_puts_the_machines_together(tmp_path: Path) -> None:
    """Of 10,000 that took 2 ms of the loop, for each commit."""
    path, key = tmp_path / "state.db", UnitKey(Kind.APP, 24, "web")
    platform(path)

    async def main() -> None:
        async with asking(path, poll=10.0, max_wait=10.0) as asker:
            zones = asker.zones
            await ask(asker, [key])
            before = zones._units.peek(key)
            assert before is not None
            assert isinstance(before.reading.data, AppData)
            machines = before.reading.data.machines
            before.reading = replace(before.reading, data=AppData(True, Watched(machines)))
            Watched.threads.clear()
            writer = CorrosionWriter(path)
            with writer.commit(0):
                writer.put("machines", {"id": machines[0].id, "region": "nrt"})
            writer.close()
            await zones._watcher.look()
            await zones._watcher.look()  # and sees no other change
            after = zones._units.peek(key)
            assert (zones.counts.mended, zones.counts.reads) == (1, 1)
            assert after is not None
            assert isinstance(after.reading.data, AppData)
            assert after.reading.data.machines[0].region == "nrt"
            assert len(Watched.threads) == 1
            assert threading.get_ident() not in Watched.threads

    trio.run(main)


def test_a_unit_that_was_read_while_a_look_mended_it_is_due(tmp_path: Path) -> None:
    path, key = tmp_path / "state.db", UnitKey(Kind.APP, 24, "web")
    platform(path)

    async def main() -> None:
        async with asking(path, run=inline, poll=10.0, max_wait=10.0) as asker:
            units = asker.zones._units

            class Late(Mending):
                """Somebody else keeps the unit before the look is told."""

                def readings(self, sighting: Sighting) -> Sequence[Mended]:
                    found = super().readings(sighting)
                    for before, reading in found:
                        units.put(Unit(key, before.reading, before.read_at))
                        assert reading != before.reading
                    return found

            asker.zones._watcher._mending = Late(units, asker.zones._census.is_sure, ())
            await ask(asker, [key])
            writer = CorrosionWriter(path)
            with writer.commit(0):
                writer.put("machines", {"id": IDS[0], "region": "nrt"})
            writer.close()
            await asker.zones._watcher.look()
            assert asker.zones.counts.mended == 0
            assert asker.find("web.internal") is None

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def as_read(reading: Reading) -> Reading:
    """Without what stands in place of metadata that cannot be read now."""
    assert isinstance(reading.data, AppData)
    current = tuple(it for it in reading.data.machines if it.is_metadata_current)
    return replace(reading, data=AppData(reading.data.exists, current))


@asynccontextmanager
async def kept_in_memory(path: Path) -> AsyncIterator[tuple[Asker, CorrosionWriter]]:
    """The platform with all its apps in memory, and who commits to it."""
    platform(path)
    writer = CorrosionWriter(path)
    async with asking(path, run=inline, poll=10.0, max_wait=10.0) as asker:
        await ask(asker, KEYS)
        yield asker, writer
    writer.close()


def test_the_row_that_was_touched_is_read_in_the_place_of_its_app_if_somebody_asks_for_that(tmp_path: Path) -> None:
    async def main() -> None:
        async with kept_in_memory(tmp_path / "state.db") as (asker, writer):
            counts, before = asker.zones.counts, asker.zones.counts.reads
            for number in range(1, 4):
                with writer.commit():
                    writer.put("machines", {"id": "1", "region": f"r{number}"})
                await asker.zones._watcher.look()
                if number < 3:
                    assert asker.find("web.internal") is not None
                    assert await asker.texts("regions.web.internal", "TXT") == [f"ams,r{number}"]
            assert (counts.mended, counts.reads) == (3, before)
            with writer.commit():
                writer.put("machines", {"id": "1", "region": "r4"})
            await asker.zones._watcher.look()
            assert asker.find("web.internal") is None  # nobody has asked since
            assert await asker.texts("regions.web.internal", "TXT") == ["ams,r4"]

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_what_no_look_has_seen_in_a_unit_may_have_moved_on(tmp_path: Path) -> None:
    """A machine comes and is read with its app before any look; then it moves on, without a trace in the clocks."""

    async def main() -> None:
        async with kept_in_memory(tmp_path / "state.db") as (asker, writer):
            with writer.commit():
                writer.put("machines", {"id": "1", "region": "nrt"})
                writer.put("machines", row_of("ff", 1, 24))
            asker.zones._units.distrust(asker.zones._units._units[KEYS[0]])
            assert "fdaa:0:18:a:b:0:ff:2" in await asker.texts("web.internal")
            with writer.commit():
                writer.put("machines", {"id": "ff", "app_id": 2})
                writer.connection.execute("UPDATE machines__crsql_clock SET col_version = 1")
                writer.put("machines", {"id": "1", "region": "sea"})
            await asker.zones._watcher.look()
            assert "fdaa:0:18:a:b:0:ff:2" not in await asker.texts("web.internal")
            assert "fdaa:0:18:a:b:0:ff:2" in await asker.texts("db.internal")

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_what_a_look_that_fails_has_not_told_the_next_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise apsw.BusyError("database is locked")  # which leaves it open

    async def main() -> None:
        async with kept_in_memory(tmp_path / "state.db") as (asker, writer):
            with writer.commit():
                writer.put("machines", {"id": "1", "region": "nrt"})
            with monkeypatch.context() as broken:
                broken.setattr(Changes, "_machines", fail)
                await asker.zones._watcher.look()
            assert asker.zones._watcher.fault is not None
            for _ in range(2):
                with writer.commit():
                    writer.put("machines", {"id": "2", "region": "sea"})
                await asker.zones._watcher.look()
            assert await asker.texts("regions.web.internal", "TXT") == ["ams,nrt"]

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


WEB, DB = UnitKey(Kind.APP, 24, "web"), UnitKey(Kind.APP, 24, "db")
READS = {name: frozenset({"apps", "machines"}) for names in STATEMENTS.values() for name in names}
OF_WEB, OF_DB = ("machines", 24, "web"), ("machines", 24, "DB")
MANY = frozenset(str(number) for number in range(MAX_MACHINES))


@pytest.mark.parametrize(
    ("machines", "wanted"),
    [
        pytest.param({OF_WEB: {"1", "2"}}, {(24, "web", "1"), (24, "web", "2")}, id="machines of an app"),
        pytest.param({OF_DB: {"1"}}, set(), id="nobody asks for it"),
        pytest.param({OF_WEB: {"1", ""}}, set(), id="another row of the app was touched, too"),
        pytest.param({OF_WEB: {"1"}, ("apps", 24, "web"): {""}}, set(), id="a row of another table"),
        pytest.param({OF_WEB: {*MANY, "more"}}, set(), id="more than are read: none, lest some of an app are missing"),
    ],
)
def test_the_machines_that_are_read(
    machines: dict[tuple[str, int, str], set[str]], wanted: set[tuple[int, str, str]]
) -> None:
    places = {place: frozenset(of_it) for place, of_it in machines.items()}
    touches = Touches(frozenset(), frozenset(places), machines=places)
    assert set(machines_of(touches, READS, lambda key: key == WEB)) == wanted
    assert machines_of(touches._replace(tables=frozenset({"apps"})), READS, lambda key: True) == []


def read_as(*found: Row) -> Reading:
    """An app with these rows, as it was read."""
    machines = tuple(machine(Within(24), row) for row in found)
    return Reading(AppData(True, machines), len(machines))


def row(name: str, address: str, state: object = "started", metadata: object = "{}", skip_dns: int = 0) -> Row:
    return (name, "ams", "h1", f"fdaa:0:18::{address}", state, metadata, skip_dns)


BOTH = read_as(row("a", "1"), row("c", "3"))


@pytest.mark.parametrize(
    ("before", "touched", "after"),
    [
        pytest.param(BOTH, {"a": [row("a", "2")]}, read_as(row("a", "2"), row("c", "3")), id="it has changed"),
        pytest.param(
            BOTH, {"b": [row("b", "2")]}, read_as(row("a", "1"), row("b", "2"), row("c", "3")), id="it is new"
        ),
        pytest.param(BOTH, {"a": []}, read_as(row("c", "3")), id="it is gone"),
        pytest.param(BOTH, {"a": [row("a", "1", skip_dns=1)]}, read_as(row("c", "3")), id="it is not in the DNS"),
        pytest.param(BOTH, {"a": [row("a", "1"), row("a", "2")]}, None, id="there are two"),
        pytest.param(BOTH, {"A": [row("a", "2")]}, None, id="another's row came"),
        pytest.param(BOTH, {"a": [row("a", "3")]}, None, id="it shares an address"),
        pytest.param(BOTH, {"a": [row("a", "x")]}, None, id="it cannot be read"),
        pytest.param(BOTH, {"a": [row("a", "1", state="")]}, None, id="it has half arrived"),
        pytest.param(BOTH, {"a": [row("a", "1", metadata="[")]}, None, id="its metadata cannot be read"),
        pytest.param(replace(BOTH, skipped=Skipped(1)), {"a": []}, None, id="a row had half arrived"),
        pytest.param(replace(BOTH, duplicates=(b"",)), {"a": []}, None, id="an address was shared"),
        pytest.param(read_as(row("a", "1"), row("a", "2")), {"c": []}, None, id="two had one id"),
        pytest.param(Reading(AppData(False, ()), 0), {"a": [row("a", "1")]}, None, id="there was no such app"),
        pytest.param(Reading(TooMany(), 0), {"a": []}, None, id="there were too many"),
    ],
)
def test_what_becomes_of_a_reading(before: Reading, touched: dict[str, list[Row]], after: Reading | None) -> None:
    assert mended(before, Within(24), touched) == after
