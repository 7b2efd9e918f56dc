"""What people see of the cache."""

import msgspec
import pytest
from msgspec.structs import replace

from cache.inspection import CacheStats, EntryRow, rows, stats
from cache.names import from_text
from cache.options import CacheOptions, StaleOptions
from cache.rrset import Entry, Trust
from cache.rrtypes import AAAA, A
from cache.store import RRsetCache
from tests.build import denial, rrset

STALE = StaleOptions()
WWW = rrset("www.example. 100 A 192.0.2.1", source="192.0.2.53", lease=500.0)


def store_of(*entries: Entry) -> RRsetCache:
    store = RRsetCache(CacheOptions())
    for entry in entries:
        assert store.put(entry, entry.received)
    return store


def shown(store: RRsetCache, now: float = 1.0, **what: object) -> list[EntryRow]:
    return [row for row in rows(store, now, STALE, **what) if row is not None]  # type: ignore[arg-type]  # keywords as they come


def test_a_row_tells_the_whole_entry() -> None:
    store = store_of(WWW)
    store.get(WWW.owner, A)
    [row] = shown(store, now=10.0)
    assert replace(row, octets=0) == EntryRow(
        owner="www.example.",
        rtype="A",
        state="fresh",
        ttl_remaining=90.0,
        ttl=100,
        age=10.0,
        lease_remaining=490.0,
        trust="ANSWER_AA",
        security="UNCHECKED",
        source="192.0.2.53",
        rdatas=("192.0.2.1",),
        octets=0,
        hits=1,
    )
    assert 200 < row.octets < 500
    assert msgspec.json.decode(msgspec.json.encode(row), type=EntryRow) == row


@pytest.mark.parametrize(
    ("entry", "now", "rtype", "state", "rdatas"),
    [
        pytest.param(WWW, 95.0, "A", "due", ("192.0.2.1",), id="due"),
        pytest.param(WWW, 101.0, "A", "stale", ("192.0.2.1",), id="stale"),
        pytest.param(WWW, 500.0, "A", "gone", ("192.0.2.1",), id="gone"),
        pytest.param(denial("x.example. A"), 1.0, "A", "nodata", ("NODATA, SOA of example.",), id="NODATA"),
        pytest.param(
            denial("x.example. NXDOMAIN"), 1.0, "*", "nxdomain", ("NXDOMAIN, SOA of example.",), id="NXDOMAIN"
        ),
        pytest.param(
            denial("x.example. NXDOMAIN"), 99.0, "*", "stale", ("NXDOMAIN, SOA of example.",), id="stale NXDOMAIN"
        ),
        pytest.param(
            replace(WWW, rdatas=(b"\1\2",), rtype=65400), 1.0, "TYPE65400", "fresh", ("\\# 2 0102",), id="unknown type"
        ),
        pytest.param(replace(WWW, rdatas=(b"\1\2",)), 1.0, "A", "fresh", ("\\# 2 0102",), id="bad rdata"),
    ],
)
def test_states_and_texts(entry: Entry, now: float, rtype: str, state: str, rdatas: tuple[str, ...]) -> None:
    [row] = shown(store_of(entry), now=now)
    assert (row.rtype, row.state, row.rdatas) == (rtype, state, rdatas)


def test_rows_of_a_name_a_zone_and_a_type() -> None:
    glue = rrset("ns.other.example. 60 A 192.0.2.2", trust=Trust.ADDITIONAL)
    store = store_of(WWW, rrset("www.example. 60 AAAA 2001:db8::1"), glue, denial("gone.other.example. NXDOMAIN"))
    assert {row.rtype for row in shown(store, name=WWW.owner)} == {"A", "AAAA"}
    assert [row.rtype for row in shown(store, name=WWW.owner, rtype=AAAA)] == ["AAAA"]
    assert shown(store, name=from_text("nowhere.example.")) == []
    assert [row.owner for row in shown(store, zone=from_text("other.example."))] == [
        "ns.other.example.",
        "gone.other.example.",
    ]
    assert len(shown(store)) == 4
    assert [row.rtype for row in shown(store, zone=from_text("other.example."), rtype=AAAA)] == ["*"]


def test_a_long_search_says_now_and_then_that_it_goes_on() -> None:
    store = store_of(*(rrset(f"n{number}.example. 60 A 192.0.2.1") for number in range(1000)))
    found = list(rows(store, 1.0, STALE, zone=from_text("other.")))
    assert found
    assert set(found) == {None}


def test_the_cache_may_change_while_it_is_shown() -> None:
    store = store_of(*(rrset(f"n{number}.example. 60 A 192.0.2.1") for number in range(10)))
    walk = rows(store, 1.0, STALE)
    next(walk)
    store.forget(from_text("example."), subtree=True)
    assert list(walk) == []


def test_looking_is_no_use_of_an_entry() -> None:
    store = store_of(WWW)
    shown(store, name=WWW.owner)
    [row] = shown(store)
    assert row.hits == 0


def test_how_full_it_is() -> None:
    store = store_of(WWW)
    assert stats(store) == CacheStats(owners=1, octets=store.octets, max_octets=CacheOptions().max_octets)
