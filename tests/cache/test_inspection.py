"""What people see of the cache."""

from collections.abc import Iterable

import msgspec
import pytest

from cache.failures import Failures, ServerFailures
from cache.inspection import (
    SILENT_STEPS,
    CacheStats,
    EntryRow,
    FailureRow,
    Order,
    Wanted,
    failure_rows,
    rows,
    show,
    sorted_rows,
    stats,
)
from cache.names import from_text
from cache.options import CacheOptions, StaleOptions
from cache.rrset import Entry, Rank
from cache.rrtypes import AAAA, A
from cache.store import RRsetCache
from tests.build import denial, question, replace, rrset

STALE = StaleOptions()
ALL = Wanted()
WWW = rrset("www.example. 100 A 192.0.2.1", source="192.0.2.53", lease=500.0)


def store_of(*entries: Entry) -> RRsetCache:
    store = RRsetCache(CacheOptions())
    for entry in entries:
        assert store.put(entry, entry.received)
    return store


def shown(store: RRsetCache, wanted: Wanted = ALL, now: float = 1.0) -> list[EntryRow]:
    return [row for row in rows(store, wanted, now, STALE) if row is not None]


def owners(found: Iterable[EntryRow | None]) -> list[str]:
    return [row.owner for row in found if row is not None]


def test_a_row_tells_the_whole_entry() -> None:
    store = store_of(WWW)
    store.get(WWW.owner, A)
    [row] = shown(store, now=10.0)
    assert replace(row, octets=0) == EntryRow(
        owner="www.example.",
        type="A",
        state="fresh",
        ttl_left=90.0,
        ttl=100,
        age=10.0,
        lease_left=490.0,
        rank="answer_aa",
        security="unchecked",
        server="192.0.2.53",
        rdata=("192.0.2.1",),
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
    assert (row.type, row.state, row.rdata) == (rtype, state, rdatas)


def test_what_proves_an_entry_is_told_with_it() -> None:
    proof = (rrset("a.example. 60 NSEC z.example. A"),)
    for entry in (replace(WWW, proof=proof), replace(denial("www.example. A"), proof=proof)):
        (row,) = show(store_of(entry), WWW.owner, None, 1.0, STALE)
        assert row.proof == ("a.example. NSEC",)


def test_an_alias_answers_for_any_type_of_its_name_and_for_no_type_of_a_zone() -> None:
    alias = rrset("www.example. 60 CNAME web.example.")
    store = store_of(alias)
    assert [row.type for row in show(store, WWW.owner, A, 1.0, STALE)] == ["CNAME"]
    assert shown(store, Wanted(from_text("example."), A)) == []


def test_rows_of_a_name_a_zone_and_a_type() -> None:
    glue = rrset("ns.other.example. 60 A 192.0.2.2", rank=Rank.ADDITIONAL)
    store = store_of(WWW, rrset("www.example. 60 AAAA 2001:db8::1"), glue, denial("gone.other.example. NXDOMAIN"))
    assert {row.type for row in show(store, WWW.owner, None, 1.0, STALE)} == {"A", "AAAA"}
    assert [row.type for row in show(store, WWW.owner, AAAA, 1.0, STALE)] == ["AAAA"]
    assert list(show(store, from_text("nowhere.example."), None, 1.0, STALE)) == []
    other = from_text("other.example.")
    assert owners(shown(store, Wanted(other))) == ["ns.other.example.", "gone.other.example."]
    assert len(shown(store)) == 4
    assert [row.type for row in shown(store, Wanted(other, AAAA))] == ["*"]


def test_a_zone_is_told_by_labels_not_by_the_end_of_a_name() -> None:
    assert shown(store_of(rrset("x\\005other.example. 60 A 192.0.2.1")), Wanted(from_text("other.example."))) == []


def test_only_what_is_stale_or_denied() -> None:
    fresh_denial, stale_denial = denial("a.example. NXDOMAIN", now=50.0), denial("b.example. A")
    store = store_of(WWW, rrset("old.example. 10 A 192.0.2.1", lease=9000.0), fresh_denial, stale_denial)
    assert owners(shown(store, Wanted(is_stale=True), 90.0)) == ["old.example.", "b.example."]
    assert owners(shown(store, Wanted(is_negative=True), 90.0)) == ["a.example.", "b.example."]
    [row] = shown(store, Wanted(is_stale=True, is_negative=True), 90.0)
    assert (row.owner, row.state, row.is_negative) == ("b.example.", "stale", True)


SORTABLE = (
    rrset("a.test. 30 A 192.0.2.1"),
    rrset("b.test. 20 TXT " + "x" * 200),
    rrset("c.test. 10 A 192.0.2.1\nc.test. 10 A 192.0.2.2"),
)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        pytest.param("ttl", ["c.test.", "b.test.", "a.test."], id="soonest to expire first"),
        pytest.param("size", ["b.test.", "c.test.", "a.test."], id="largest first"),
        pytest.param("hits", ["a.test.", "c.test.", "b.test."], id="most used first"),
    ],
)
def test_rows_in_order(order: Order, expected: list[str]) -> None:
    store = store_of(*SORTABLE)
    for name, times in (("a.test.", 3), ("c.test.", 2)):
        for _ in range(times):
            store.use(from_text(name))
    assert owners(sorted_rows(store, ALL, order, 10, 1.0, STALE)) == expected
    assert owners(sorted_rows(store, ALL, order, 2, 1.0, STALE)) == expected[:2]


def test_of_equals_the_first_that_lie_there_are_kept() -> None:
    store = store_of(*(rrset(f"n{number}.test. 60 A 192.0.2.1") for number in range(9)))
    assert owners(sorted_rows(store, ALL, "ttl", 3, 1.0, STALE)) == ["n0.test.", "n1.test.", "n2.test."]


def test_a_sort_of_many_lets_others_run_before_its_first_row() -> None:
    store = store_of(*(rrset(f"n{number}.test. {number + 9} A 192.0.2.1") for number in range(1000)))
    found = list(sorted_rows(store, ALL, "ttl", 1, 1.0, STALE))
    assert found.count(None) >= 1000 // SILENT_STEPS
    assert owners(found) == ["n0.test."]


def test_a_long_search_says_now_and_then_that_it_goes_on() -> None:
    store = store_of(*(rrset(f"n{number}.example. 60 A 192.0.2.1") for number in range(1000)))
    found = list(rows(store, Wanted(from_text("other.")), 1.0, STALE))
    assert len(found) == 1000 // SILENT_STEPS
    assert set(found) == {None}


def test_the_cache_may_change_while_it_is_shown() -> None:
    store = store_of(*(rrset(f"n{number}.example. 60 A 192.0.2.1") for number in range(10)))
    walk = rows(store, ALL, 1.0, STALE)
    next(walk)
    store.forget(from_text("example."), subtree=True)
    assert list(walk) == []


def test_looking_is_no_use_of_an_entry() -> None:
    store = store_of(WWW)
    list(show(store, WWW.owner, None, 1.0, STALE))
    list(sorted_rows(store, ALL, "hits", 1, 1.0, STALE))
    [row] = shown(store)
    assert row.hits == 0


def test_failures_of_questions_and_of_servers() -> None:
    failures, of_servers = Failures(), ServerFailures()
    failures.remember(question("www.example. A"), 22, "silent", 0.0)
    failures.remember(question("www.example. A"), 22, "silent", 6.0)
    of_servers.note_failure(("192.0.2.53", 53), question("example. A"), 8.0)
    found = [row for row in failure_rows(failures, of_servers, ALL, 10.0) if row is not None]
    assert found == [
        FailureRow(owner="www.example.", type="A", left=6.0, pause=10.0, attempts=2, info_code=22, text="silent"),
        FailureRow(owner="example.", type="A", server="192.0.2.53", left=3.0, pause=5.0),
    ]
    www = Wanted(from_text("www.example."))
    assert [row and row.owner for row in failure_rows(failures, of_servers, www, 10.0)] == ["www.example.", None]
    assert set(failure_rows(failures, of_servers, Wanted(rtype=AAAA), 10.0)) == {None}


def test_how_full_it_is() -> None:
    store = store_of(WWW)
    assert stats(store) == CacheStats(owners=1, octets=store.octets, max_octets=CacheOptions().max_octets)
