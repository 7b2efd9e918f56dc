"""Spans on a circle: the newest is there, and nothing that it contradicts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.octets import octets_of
from resolver.dnssec.spans import SPAN_OCTETS, Spans, is_within
from tests.build import replace, rrset

MOST = 1 << 20  # octets
RECORD = rrset("a.example. 60 NSEC z.example. A")
PLACES = [bytes((number,)) for number in range(8)]
ARCS = st.tuples(st.sampled_from(PLACES), st.sampled_from(PLACES))


def arcs_of(spans: Spans[bytes]) -> dict[bytes, bytes]:
    """From where to where; each RRset says it by its owner here."""
    found = [spans.at(place, 0.0) for place in PLACES]
    return {one.owner[:1]: one.owner[1:] for one in found if one is not None}


def take(spans: Spans[bytes], begin: bytes, end: bytes, limit: int = 100) -> None:
    spans.take(begin, end, replace(RECORD, owner=begin + end), limit, MOST)


@given(st.lists(ARCS, max_size=20))
def test_the_newest_stays_with_all_that_it_does_not_contradict(arcs: list[tuple[bytes, bytes]]) -> None:
    spans: Spans[bytes] = Spans()
    model: dict[bytes, bytes] = {}
    for begin, end in arcs:
        take(spans, begin, end)
        model = {
            old: until
            for old, until in model.items()
            if old != begin and not is_within(begin, old, end) and not is_within(old, begin, until)
        }
        model[begin] = end
        assert arcs_of(spans) == model
        for place in PLACES:
            speaking = [old for old, until in model.items() if old == place or is_within(old, place, until)]
            over = spans.over(place, 0.0)
            assert [over.owner[:1]] == speaking if over is not None else speaking == []


@given(st.lists(ARCS, max_size=20))
def test_there_are_never_more_than_the_limit_and_the_newest_is_among_them(arcs: list[tuple[bytes, bytes]]) -> None:
    spans: Spans[bytes] = Spans()
    for begin, end in arcs:
        take(spans, begin, end, 2)
        assert len(spans) <= 2
        assert arcs_of(spans)[begin] == end


def test_what_is_over_speaks_of_nothing() -> None:
    spans: Spans[bytes] = Spans()
    take(spans, b"b", b"d")
    assert spans.at(b"b", 59.0) is not None
    assert spans.over(b"c", 59.0) is not None
    assert spans.at(b"b", 60.0) is spans.over(b"c", 60.0) is None
    spans.take(b"b", b"d", replace(RECORD, lease=10.0), 100, MOST)
    assert spans.over(b"c", 10.0) is None


@pytest.mark.parametrize(
    ("below", "left"), [(b"", {b"a": b"b", b"d": b"f"}), (b"d", {b"a": b"b"})], ids=["the place alone", "all below it"]
)
def test_a_place_is_forgotten_with_what_speaks_of_it(below: bytes, left: dict[bytes, bytes]) -> None:
    spans: Spans[bytes] = Spans()
    for begin, end in ((b"a", b"b"), (b"b", b"d"), (b"d", b"f")):
        take(spans, begin, end)
    spans.forget(b"c", lambda place: place == below)
    kept = [spans.at(at, 0.0) for at in (b"a", b"b", b"d")]
    assert {one.owner[:1]: one.owner[1:] for one in kept if one is not None} == left
    spans.clear()
    assert len(spans) == 0


def test_spans_are_bounded_in_octets_and_these_are_counted_right() -> None:
    spans: Spans[bytes] = Spans()
    one = SPAN_OCTETS + octets_of(RECORD)
    for number in range(20):
        spans.take(bytes((number,)), bytes((number, 1)), RECORD, 100, 5 * one)
        assert spans.octets == one * len(spans)
    assert len(spans) == 5
    assert spans.at(bytes((19,)), RECORD.received) is RECORD
    spans.clear()
    assert spans.octets == 0
