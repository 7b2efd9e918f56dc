"""The cache over a restart: what comes back, when, and what a damaged file or a full disk does to the daemon."""

import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Final, TypeVar

import pytest
import trio
import trio.testing
from structlog.testing import capture_logs

from cache.answer import Answer
from cache.lookup import find
from cache.names import ROOT, WireName, from_text
from cache.options import CacheOptions, StaleOptions
from cache.rrset import Entry, Rank, Security
from cache.rrtypes import CNAME, A
from cache.servers import Servers
from cache.snapshot import SnapshotCounts
from cache.store import RRsetCache
from internal_zones.database import Runner, inline
from resolver.daemon.warm import LAST_SAVE, MAX_FLUSHES, SAVE_EVERY, TAKEN, WarmStart
from resolver.env import Address
from tests.build import denial, replace, rrset
from tests.cache.snapshot.made import many
from tests.resolver.daemon.alone import ALONE
from tests.resolver.observe.bounded import new_boundary
from tests.simulation.env import SimulatedEnv
from tests.simulation.fabric import Fabric
from tests.simulation.network import Sockets

T = TypeVar("T")

DAY: Final = 86400.0
ALIAS, TARGET = "alias.example. 3600 CNAME www.example.", "www.example. 600 A 192.0.2.1"


class Host(SimulatedEnv):
    """One run of the daemon's host. set_by: seconds that the wall clock was set forward; began: of its monotonic clock."""

    def __init__(self, boot: str = "one", set_by: float = 0.0, began: float = 0.0) -> None:
        super().__init__(Sockets(Fabric(Random(1))), "192.0.2.53", Random(1))
        self.boot = boot
        self._set_by = set_by
        self._began = began

    def now(self) -> float:
        return super().now() - self._began

    def wall(self) -> float:
        return super().wall() + self._set_by


class Running:
    """What a daemon has of a warm start."""

    def __init__(
        self, path: Path, host: Host | None = None, cache: CacheOptions | None = None, run: Runner = inline
    ) -> None:
        options = replace(
            ALONE, cache=replace(cache or CacheOptions(), snapshot=str(path)), stale=StaleOptions(max_stale=7200)
        )
        self.host = host or Host()
        self.cache = RRsetCache(options.cache)
        self.servers = Servers()
        self.counts = SnapshotCounts()
        self.boundary = new_boundary()
        self.warm = WarmStart(self.host, self.cache, self.servers, options, self.counts, run, self.boundary)
        self.ending = trio.Event()

    def put(self, *entries: Entry) -> None:
        for entry in entries:
            assert self.cache.put(entry, self.host.now())

    def find(self, name: str, rtype: int = A) -> Answer | None:
        return find(self.cache, from_text(name), rtype, self.host.now())

    async def load(self) -> list[str]:
        """The events that are logged."""
        with capture_logs() as logs:
            await self.warm.load(self.ending)
        return [str(log["event"]) for log in logs]


def simulated(test: Callable[[Path], Awaitable[None]], path: Path) -> None:
    trio.run(test, path / "cache.db", clock=trio.testing.MockClock(autojump_threshold=0))


def test_a_chain_is_answered_after_a_restart_with_its_ttls_less_the_downtime(tmp_path: Path) -> None:
    async def test(path: Path) -> None:
        first = Running(path)
        first.put(rrset(ALIAS, first.host.now()), rrset(TARGET, first.host.now()))
        first.servers.of(Address("192.0.2.7", 53)).srtt = 0.030
        first.servers.of(Address("192.0.2.7", 53)).rttvar = 0.004
        await first.warm.save()
        await trio.sleep(100)
        second = Running(path)
        assert await second.load() == ["snapshot_loaded"]
        answer = second.find("alias.example")
        assert answer is not None
        assert [round(one.expires - second.host.now()) for one in answer.answer] == [3500, 500]
        assert (second.counts.loaded, second.counts.passed_over) == (2, 0)
        state = second.servers.of(Address("192.0.2.7", 53))
        assert (state.srtt, state.rttvar, state.last_heard) == (0.030, 0.004, float("-inf"))

    simulated(test, tmp_path)


def test_what_expired_meanwhile_comes_back_stale_as_long_as_it_may_be(tmp_path: Path) -> None:
    async def test(path: Path) -> None:
        first = Running(path)
        first.put(rrset(ALIAS, first.host.now()), rrset(TARGET, first.host.now()))
        await first.warm.save()
        await trio.sleep(7200 + 700)
        second = Running(path)
        await second.load()
        assert [entry.rtype for entry in second.cache.walk()] == [CNAME]
        assert second.find("alias.example") is None

    simulated(test, tmp_path)


@pytest.mark.parametrize(
    ("host", "left"),
    [
        pytest.param(Host("one", -DAY), 500, id="set back, the same boot: monotonic time rules"),
        pytest.param(Host("one", DAY), None, id="set forward, the same boot"),
        pytest.param(Host("two", -DAY, 50.0), None, id="set back while the host was off: not loaded"),
        pytest.param(Host("two", DAY, 50.0), None, id="set forward while the host was off"),
        pytest.param(Host("two", 0.0, 50.0), 500, id="the host was off"),
    ],
)
def test_a_clock_that_jumps_by_a_day_lengthens_no_life(tmp_path: Path, host: Host, left: int | None) -> None:
    async def test(path: Path) -> None:
        first = Running(path)
        first.put(rrset(TARGET, first.host.now()))
        await first.warm.save()
        await trio.sleep(100)
        second = Running(path, host)
        await second.load()
        found = second.find("www.example")
        assert (found and round(found.answer[0].expires - host.now())) == left
        assert "cache.db" in files(tmp_path)

    simulated(test, tmp_path)


def test_a_file_from_the_future_is_told_and_left_alone(tmp_path: Path) -> None:
    async def test(path: Path) -> None:
        await Running(path).warm.save()
        second = Running(path, Host("two", -1.0))
        assert await second.load() == ["snapshot_not_loaded"]
        assert "cache.db" in files(tmp_path)

    simulated(test, tmp_path)


def test_nothing_that_was_learned_meanwhile_is_displaced(tmp_path: Path) -> None:
    async def test(path: Path) -> None:
        first = Running(path)
        first.put(rrset(ALIAS, first.host.now()), rrset(TARGET, first.host.now()))
        await first.warm.save()
        await trio.sleep(100)
        second = Running(path)
        moved = rrset("www.example. 600 A 192.0.2.99", second.host.now())
        second.put(denial("alias.example. CNAME", second.host.now()), moved)
        await second.load()
        found = second.find("www.example")
        assert found is not None
        assert found.answer == (moved,)
        assert second.find("alias.example", CNAME) is not None
        assert second.counts.passed_over == 2

    simulated(test, tmp_path)


def files(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


def octets(path: Path) -> bytes:
    return path.read_bytes()


def damaged(path: Path) -> None:
    octets = bytearray(path.read_bytes())
    octets[len(octets) // 2] ^= 1
    path.write_bytes(octets)


def foreign(path: Path) -> None:
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE other (x)")
    connection.close()


@pytest.mark.parametrize("spoil", [damaged, foreign, lambda path: path.write_bytes(path.read_bytes()[:999])])
def test_a_file_that_is_no_whole_snapshot_is_refused_and_renamed(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    async def test(path: Path) -> None:
        first = Running(path)
        first.put(*many(0, 100))
        await first.warm.save()
        spoil(path)
        second = Running(path)
        assert await second.load() == ["snapshot_refused"]
        assert (len(second.cache), second.counts.refused) == (0, 1)
        assert files(tmp_path) == ["cache.db.refused-1"]
        await second.warm.save()
        assert await Running(path).load() == ["snapshot_loaded"]

    simulated(test, tmp_path)


def test_a_file_that_is_not_there_is_no_failure(tmp_path: Path) -> None:
    async def test(path: Path) -> None:
        running = Running(path)
        assert await running.load() == ["snapshot_absent"]
        assert running.counts.refused == 0

    simulated(test, tmp_path)


def test_a_folder_that_cannot_be_written_is_counted_and_the_daemon_goes_on(tmp_path: Path) -> None:
    async def test(path: Path) -> None:
        running = Running(path / "missing" / "cache.db")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(running.warm.keep, running.ending)
            with capture_logs() as logs:
                await trio.sleep(2 * SAVE_EVERY + 1)
            assert [log["event"] for log in logs] == ["snapshot_absent", "snapshot_not_saved", "snapshot_not_saved"]
            assert "No such file or directory" in str(logs[-1]["reason"])
            running.ending.set()
        assert (running.counts.saved, running.counts.not_saved) == (0, 3)

    simulated(test, tmp_path)


def test_it_is_saved_every_few_minutes_and_at_the_end(tmp_path: Path) -> None:
    async def test(path: Path) -> None:
        running = Running(path)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(running.warm.keep, running.ending)
            await trio.sleep(SAVE_EVERY - 1)
            assert running.counts.saved == 0
            await trio.sleep(2)
            assert running.counts.saved == 1
            running.put(rrset(TARGET, running.host.now()))
            running.ending.set()
            await running.warm.ended.wait()
        assert running.counts.saved == 2
        second = Running(path)
        await second.load()
        assert second.find("www.example") is not None

    simulated(test, tmp_path)


def test_an_end_before_it_is_loaded_leaves_the_file_as_it_is(tmp_path: Path) -> None:
    async def test(path: Path) -> None:
        first = Running(path)
        first.put(*many(0, 1000))
        await first.warm.save()
        before = octets(path)
        second = Running(path)
        second.ending.set()
        await second.warm.keep(second.ending)
        assert octets(path) == before
        assert second.counts.saved == 0

    simulated(test, tmp_path)


def test_an_end_before_anybody_saw_that_there_is_no_file_saves_one(tmp_path: Path) -> None:
    async def test(path: Path) -> None:
        running = Running(path)
        running.ending.set()
        await running.warm.keep(running.ending)
        assert running.counts.saved == 1

    simulated(test, tmp_path)


def test_a_disk_that_hangs_holds_up_the_end_for_a_bounded_time(tmp_path: Path) -> None:
    async def hang(job: Callable[[], object], /) -> object:
        await trio.sleep_forever()

    async def test(path: Path) -> None:
        running = Running(path)
        warm = WarmStart(running.host, running.cache, running.servers, ALONE, running.counts, hang, running.boundary)  # type: ignore[arg-type]  # never returns
        running.ending.set()
        began = trio.current_time()
        await warm.keep(running.ending)
        assert trio.current_time() - began == LAST_SAVE

    simulated(test, tmp_path)


class Meanwhile:
    """A Runner that has something done after its first job."""

    def __init__(self, do: Callable[[], None]) -> None:
        self._do: Callable[[], None] | None = do

    async def __call__(self, job: Callable[[], T], /) -> T:
        done = await inline(job)
        if self._do is not None:
            self._do()
            self._do = None
        return done


def test_what_an_operator_flushes_while_it_is_loaded_does_not_come_back(tmp_path: Path) -> None:
    async def test(path: Path) -> None:
        first = Running(path)
        kept, *flushed = (
            rrset(f"{name}example. 600 A 192.0.2.1", first.host.now()) for name in ("", "a.b.", "b.", "c.")
        )
        first.put(kept, *flushed)
        await first.warm.save()

        def flush() -> None:
            second.warm.note_flush(from_text("b.example"), None, True)
            second.warm.note_flush(from_text("c.example"), A, False)
            second.warm.note_flush(from_text("example"), CNAME, False)

        second = Running(path, run=Meanwhile(flush))
        await second.load()
        assert [entry.owner for entry in second.cache.walk()] == [kept.owner]
        second.warm.note_flush(ROOT, None, True)  # long after it was loaded: nothing to remember
        await second.load()
        assert len(second.cache) == 4

    simulated(test, tmp_path)


def test_more_flushes_than_are_remembered_end_the_loading(tmp_path: Path) -> None:
    async def test(path: Path) -> None:
        first = Running(path)
        first.put(*many(0, 3 * TAKEN))
        await first.warm.save()

        def flush() -> None:
            for number in range(MAX_FLUSHES + 1):
                second.warm.note_flush(WireName(bytes((1, number, 0))), None, False)

        second = Running(path, run=Meanwhile(flush))
        await second.load()
        assert len(second.cache) == TAKEN

    simulated(test, tmp_path)


def test_clients_get_their_turn_while_it_is_loaded_and_saved(tmp_path: Path) -> None:
    async def test(path: Path) -> None:
        first = Running(path)
        first.put(*many(0, 3000))
        turns = 0

        async def serve() -> None:
            nonlocal turns
            while True:
                await trio.lowlevel.checkpoint()
                turns += 1

        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve)
            await first.warm.save()
            assert turns >= 3
            turns = 0
            await Running(path).load()
            assert turns >= 3000 / TAKEN
            nursery.cancel_scope.cancel()

    simulated(test, tmp_path)


def test_a_file_with_more_than_there_is_room_for_gives_its_best(tmp_path: Path) -> None:
    async def test(path: Path) -> None:
        first = Running(path)
        first.put(*many(0, 5000))
        hot = from_text("host4990.zone990.example.")
        first.cache.use(hot)
        await first.warm.save()
        second = Running(path, cache=CacheOptions(max_octets=1 << 20))
        await second.load()
        assert 1000 < len(second.cache) < 5000
        assert second.cache.peek_node(hot) is not None
        assert second.cache.counts.evicted == 0
        assert second.counts.loaded + second.counts.passed_over == 5000

    simulated(test, tmp_path)


def test_bogus_data_is_not_saved(tmp_path: Path) -> None:
    async def test(path: Path) -> None:
        first = Running(path)
        first.put(rrset(TARGET, first.host.now(), security=Security.BOGUS), rrset(ALIAS, first.host.now()))
        first.put(rrset("local.example. 5 A 192.0.2.1", first.host.now(), rank=Rank.LOCAL))
        await first.warm.save()
        second = Running(path)
        await second.load()
        assert [entry.rtype for entry in second.cache.walk()] == [CNAME]

    simulated(test, tmp_path)


def test_a_server_that_was_heard_meanwhile_keeps_its_estimate(tmp_path: Path) -> None:
    async def test(path: Path) -> None:
        server = Address("192.0.2.7", 53)
        first, second = Running(path), Running(path)
        for running, rtt in ((first, 0.5), (second, 0.1)):
            running.servers.of(server).srtt = running.servers.of(server).rttvar = rtt
        await first.warm.save()
        await second.load()
        assert second.servers.of(server).srtt == 0.1

    simulated(test, tmp_path)
