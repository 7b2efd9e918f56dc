"""A snapshot of the cache: what an RRset costs when it is saved and when it is loaded, beside pickle of the same entries.

pickle checks nothing, asks no ranking, and runs what it is told to: it is the floor of what Python can do, not a choice. µs an
RRset are seconds a million.
"""

import pickle
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from cache.options import CacheOptions
from cache.rrset import Entry
from cache.snapshot import SnapshotReader, SnapshotWriter, saved
from cache.store import RRsetCache
from tests.bench.measure import Row, best_of_each
from tests.cache.snapshot.made import SAVED_AT, SHIFT, many, terms

RRSETS: Final = 20_000
ROUNDS: Final = 4
SLICE: Final = 200  # as resolver/daemon/warm.py reads and gathers
MOST: Final = 20.0  # µs: a million RRsets in 20 s
ROOM: Final = CacheOptions(max_octets=1 << 30)
NOW: Final = SAVED_AT.monotonic


def rows() -> Iterator[Row]:
    entries = list(many(0, RRSETS))
    store = filled(entries)
    with TemporaryDirectory() as folder:
        ours, theirs = Path(folder) / "cache.db", Path(folder) / "cache.pickle"
        save, dump = best_of_each(lambda: save_all(store, ours), lambda: dump_all(store, theirs), rounds=ROUNDS)
        yield Row("snapshot: an RRset is saved", save / RRSETS, dump / RRSETS, "pickle", floor=0.1, ceiling=MOST)
        load, undump = best_of_each(lambda: load_all(ours), lambda: undump_all(theirs), rounds=ROUNDS)
        yield Row("snapshot: an RRset is loaded", load / RRSETS, undump / RRSETS, "pickle", floor=0.2, ceiling=MOST)


def filled(entries: list[Entry]) -> RRsetCache:
    store = RRsetCache(ROOM)
    for entry in entries:
        store.put(entry, NOW)
    return store


def save_all(store: RRsetCache, path: Path) -> None:
    nodes = store.walk_nodes()
    with SnapshotWriter(str(path), SAVED_AT) as writer:
        while gathered := list(islice(nodes, SLICE)):
            writer.write(saved(entry, node.hits, SHIFT) for node in gathered for entry in node.entries)
        writer.finish()


def load_all(path: Path) -> None:
    on, store = terms(), RRsetCache(ROOM)
    found: list[tuple[Entry, int]] = []
    with SnapshotReader(str(path)) as reader:
        while (slice_ := reader.restore(SLICE, on)) is not None:
            found += slice_
    assert sum(store.restore(entry, hits, NOW) for entry, hits in found) == RRSETS


def dump_all(store: RRsetCache, path: Path) -> None:
    with path.open("wb") as file:
        pickle.dump(list(store.walk()), file, pickle.HIGHEST_PROTOCOL)


def undump_all(path: Path) -> None:
    with path.open("rb") as file:
        assert len(filled(pickle.load(file))) == RRSETS
