"""The names that are looked up most just now."""

import msgspec

from cache.names import from_text
from cache.options import CacheOptions
from cache.store import RRsetCache
from cache.top import NODES_PER_STEP, Top, TopFrame
from tests.build import rrset

WWW, WEB = from_text("www.example."), from_text("web.example.")


def store_of(*names: str) -> RRsetCache:
    store = RRsetCache(CacheOptions())
    for name in names:
        assert store.put(rrset(f"{name} 60 A 192.0.2.1"), 0.0)
    return store


def look(top: Top, now: float) -> TopFrame:
    for _ in top.look():
        pass
    return top.frame(now)


def use(store: RRsetCache, name: str, times: int) -> None:
    for _ in range(times):
        store.use(from_text(name))


def test_what_counts_is_what_was_looked_up_since_the_last_look() -> None:
    store = store_of("www.example.", "web.example.", "idle.example.")
    use(store, "idle.example.", 50)
    top = Top(store, 10)
    look(top, 100.0)
    use(store, "www.example.", 20)
    use(store, "web.example.", 4)
    frame = look(top, 102.0)
    assert [(row.owner, row.per_second, row.hits) for row in frame.rows] == [
        ("www.example.", 10.0, 20),
        ("web.example.", 2.0, 4),
    ]
    assert (frame.seconds, frame.per_second, frame.owners, frame.owners_asked) == (2.0, 12.0, 3, 2)
    assert frame.rows[0].entries == 1
    assert frame.rows[0].octets > 100
    assert msgspec.json.decode(msgspec.json.encode(frame), type=TopFrame) == frame
    assert look(top, 104.0).rows == ()


def test_only_the_first_are_told_and_all_are_counted() -> None:
    store = store_of(*(f"n{number}.example." for number in range(9)))
    top = Top(store, 3)
    look(top, 0.0)
    for number in range(9):
        use(store, f"n{number}.example.", 1 + number % 5)
    frame = look(top, 1.0)
    assert [row.owner for row in frame.rows] == ["n4.example.", "n3.example.", "n8.example."]
    assert (frame.per_second, frame.owners_asked) == (25.0, 9)


def test_a_name_that_came_meanwhile_counts_from_its_first_look_up_even_in_anothers_place() -> None:
    store = store_of("www.example.", "old.example.")
    use(store, "old.example.", 30)
    top = Top(store, 3)
    look(top, 0.0)
    store.forget(from_text("old.example."))
    store.put(rrset("new.example. 60 A 192.0.2.1"), 0.0)
    store.put(rrset("newer.example. 60 A 192.0.2.1"), 0.0)
    use(store, "new.example.", 7)
    use(store, "newer.example.", 5)
    assert [(row.owner, row.per_second) for row in look(top, 1.0).rows] == [
        ("new.example.", 7.0),
        ("newer.example.", 5.0),
    ]


def test_what_went_between_the_look_and_the_frame_is_not_told() -> None:
    store = store_of("www.example.", "web.example.")
    top = Top(store, 3)
    look(top, 0.0)
    use(store, "www.example.", 2)
    use(store, "web.example.", 1)
    for _ in top.look():
        pass
    store.forget(WWW)
    assert [row.owner for row in top.frame(1.0).rows] == ["web.example."]


def test_a_long_look_lets_others_run_and_is_no_use_of_a_name() -> None:
    store = store_of(*(f"n{number}.example." for number in range(2 * NODES_PER_STEP)))
    assert len(list(Top(store, 3).look())) == 2
    assert {node.hits for node in store.walk_nodes()} == {0}
