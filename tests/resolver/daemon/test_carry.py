"""What leaves a daemon by export comes into another by import, on the same terms as after a restart."""

from random import Random

import msgspec
import pytest
import trio
import trio.testing

from cache.options import CacheOptions
from cache.rrset import Entry, Rank, Security
from cache.snapshot import BadRow, Moment, SavedEntry, SnapshotCounts
from cache.store import RRsetCache
from resolver.daemon.carry import (
    A_PIECE,
    MAX_EVIDENCE_OCTETS,
    exported,
    imported,
    is_worth_saving,
    moment,
    terms,
    unvouched,
)
from resolver.dnssec.options import DnssecOptions
from resolver.env import Env
from resolver.service.control import CannotShow
from resolver.service.snapshot_protocol import CacheImport, ImportRow
from tests.build import denial, replace, rrset
from tests.cache.snapshot.made import ENTRIES
from tests.resolver.daemon.alone import ALONE, simulated

TARGET = rrset("www.example. 600 A 192.0.2.1")


def of(*entries: Entry) -> RRsetCache:
    cache = RRsetCache(CacheOptions())
    for entry in entries:
        assert cache.put(entry, 0.0)
    return cache


def carried(env: Env, cache: RRsetCache) -> CacheImport:
    """What is exported now, as it comes over the socket."""
    said, *rows = exported(env, cache)
    encode, decode = msgspec.json.encode, msgspec.json.decode
    return CacheImport(decode(encode(said), type=Moment), tuple(decode(encode(row), type=SavedEntry) for row in rows))


async def at(seconds: float) -> Env:
    await trio.sleep(seconds)
    return simulated()


def test_an_export_is_imported_with_its_lives_less_the_time_between() -> None:
    async def main() -> None:
        request = carried(await at(10), of(TARGET, denial("gone.example. NXDOMAIN")))
        env = await at(90)
        cache, counts = RRsetCache(CacheOptions()), SnapshotCounts()
        assert await imported(request, env, cache, ALONE, counts) == ImportRow(2, 0)
        assert [round(entry.expires) for entry in cache.walk()] == [600, 60]
        assert (counts.loaded, counts.passed_over) == (2, 0)

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_what_is_there_already_is_not_taken_again_and_what_is_known_later_stays() -> None:
    async def main() -> None:
        env = await at(0)
        cache = of(TARGET, rrset("moved.example. 600 A 192.0.2.9", 5.0))
        request = carried(env, of(TARGET, rrset("moved.example. 600 A 192.0.2.1"), denial("gone.example. NXDOMAIN")))
        before = set(map(repr, cache.walk()))
        assert await imported(request, env, cache, ALONE, SnapshotCounts()) == ImportRow(1, 2)
        assert set(map(repr, cache.walk())) - before == {"<Denial gone.example. NXDOMAIN ttl=60 UNCHECKED>"}

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


@pytest.mark.parametrize("validates", [False, True])
def test_nothing_is_secure_by_a_files_word(validates: bool) -> None:
    """It is kept as unchecked, or, where answers are validated, asked for anew."""

    async def main() -> None:
        env = simulated()
        options = msgspec.structs.replace(ALONE, dnssec=DnssecOptions(validate=validates))
        forged = replace(TARGET, security=Security.SECURE)
        cache = RRsetCache(CacheOptions())
        row = await imported(unvouched(carried(env, of(forged))), env, cache, options, SnapshotCounts())
        assert row == (ImportRow(0, 1) if validates else ImportRow(1, 0))
        assert all(entry.security is Security.UNCHECKED for entry in cache.walk())

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_entries_from_the_future_are_refused() -> None:
    async def main() -> None:
        env = simulated()
        request = CacheImport(Moment(env.wall() + 1, env.now(), "another host"), carried(env, of(TARGET)).entries)
        cache = RRsetCache(CacheOptions())
        with pytest.raises(CannotShow, match="later time"):
            await imported(request, env, cache, ALONE, SnapshotCounts())
        assert len(cache) == 0

    trio.run(main)


def test_one_row_that_is_none_keeps_all_of_its_request_out() -> None:
    async def main() -> None:
        env = simulated()
        request = carried(env, of(TARGET))
        broken = replace(request, entries=(*request.entries, replace(request.entries[0], records=b"\0\1x")))
        cache = RRsetCache(CacheOptions())
        with pytest.raises(BadRow):
            await imported(broken, env, cache, ALONE, SnapshotCounts())
        assert len(cache) == 0

    trio.run(main)


def test_whatever_moment_is_claimed_nothing_lives_longer_than_where_it_comes_from() -> None:
    random = Random(1)

    async def main() -> None:
        env = simulated()
        request = carried(env, of(TARGET))
        for _ in range(200):
            claimed = Moment(
                env.wall() - random.uniform(0, 2000),
                env.now() - random.uniform(0, 2000),
                random.choice([env.boot, "", "x"]),
            )
            rows = tuple(
                replace(
                    row,
                    received=row.received - env.wall() + claimed.wall,
                    expires=row.expires - env.wall() + claimed.wall,
                )
                for row in request.entries
            )
            cache = RRsetCache(CacheOptions())
            await imported(CacheImport(claimed, rows), env, cache, ALONE, SnapshotCounts())
            for entry in cache.walk():
                assert entry.expires <= TARGET.expires + 1e-3

    trio.run(main)


def test_bogus_and_local_data_stay_where_they_are() -> None:
    assert not is_worth_saving(replace(TARGET, security=Security.BOGUS))
    assert not is_worth_saving(replace(TARGET, rank=Rank.LOCAL))
    assert all(map(is_worth_saving, ENTRIES))


def test_the_terms_are_those_of_the_options() -> None:
    async def main() -> None:
        now = moment(simulated())
        on = terms(ALONE, now, now)
        assert on is not None
        assert (on.now, on.max_ttl, on.max_stale) == (now.monotonic, ALONE.cache.max_ttl, ALONE.stale.max_stale)
        off = terms(replace(ALONE, stale=replace(ALONE.stale, enabled=False)), now, now)
        assert off is not None
        assert off.max_stale == 0

    trio.run(main)


class Slow:
    """An Env whose clock goes on by 0.1 ms each time that it is read."""

    boot = "boot"

    def __init__(self, env: Env) -> None:
        self._env = env
        self._reads = 0

    def wall(self) -> float:
        return self._env.wall()

    def now(self) -> float:
        self._reads += 1
        return self._env.now() + self._reads * 0.0001


def test_an_import_is_taken_in_by_pieces_between_which_others_have_their_turn() -> None:
    """Whatever is in it: rows full of evidence took 16 ms in one."""

    async def main() -> None:
        env = await at(0)
        rows = [rrset(f"h{number}.example. 600 A 192.0.2.1") for number in range(100)]
        request, cache, turns = carried(env, of(*rows)), RRsetCache(CacheOptions()), 0

        async def others() -> None:
            nonlocal turns
            while True:
                turns += 1
                await trio.lowlevel.checkpoint()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(others)
            row = await imported(request, Slow(env), cache, ALONE, SnapshotCounts())  # type: ignore[arg-type]  # its clocks alone
            nursery.cancel_scope.cancel()
        assert row == ImportRow(100, 0)
        assert turns > 2 * 100 * 0.0001 / A_PIECE

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


@pytest.mark.parametrize("surplus", [0, 1])
def test_an_entry_with_more_evidence_than_a_response_has_is_passed_over(surplus: int) -> None:
    async def main() -> None:
        env = await at(0)
        request = carried(env, of(denial("gone.example. NXDOMAIN")))
        [row] = request.entries
        [soa] = row.evidence
        room = MAX_EVIDENCE_OCTETS - len(soa.owner) - len(soa.records) + surplus
        entries = (msgspec.structs.replace(row, evidence=(msgspec.structs.replace(soa, signatures=signature(room)),)),)
        request = msgspec.structs.replace(request, entries=entries)
        taken = await imported(request, env, RRsetCache(CacheOptions()), ALONE, SnapshotCounts())
        assert taken == ImportRow(1 - surplus, surplus)

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def signature(octets: int) -> bytes:
    """Two RRSIG records of so many octets, each behind its length."""
    one, other = octets // 2, octets - octets // 2
    return b"".join(
        (size - 2).to_bytes(2) + bytes((number,)) * 18 + bytes(size - 20) for number, size in enumerate((one, other))
    )
