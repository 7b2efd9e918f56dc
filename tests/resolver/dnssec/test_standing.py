"""What is remembered of zones."""

from cache.names import from_text
from resolver.dnssec.counts import DnssecCounts
from resolver.dnssec.keys import Key
from resolver.dnssec.standing import MAX_OCTETS, MAX_STANDINGS, Signed, Standings, Uncut

NAMES = [from_text(text) for text in ("example.", "www.example.", "www.test.")]


def test_a_standing_ends_with_what_proves_it() -> None:
    standings = Standings(DnssecCounts())
    standings.note(NAMES[0], Uncut(10.0))
    assert standings.find(NAMES[0], 9.0) == Uncut(10.0)
    assert standings.find(NAMES[0], 10.0) is None


def test_a_flush_takes_the_name_and_what_is_below_it_if_that_is_meant() -> None:
    counts = DnssecCounts()
    standings = Standings(counts)
    for name in NAMES:
        standings.note(name, Uncut(10.0))
    standings.forget(NAMES[0], subtree=False)
    assert [standings.find(name, 0.0) is None for name in NAMES] == [True, False, False]
    standings.forget(NAMES[0], subtree=True)
    assert [standings.find(name, 0.0) is None for name in NAMES] == [True, True, False]
    assert counts.standings_current == 1
    standings.forget(NAMES[2], subtree=False)
    assert (counts.standings_current, counts.standings_octets_current) == (0, 0)


def test_the_map_is_bounded() -> None:
    standings = Standings(DnssecCounts(), limit=2)
    for name in NAMES:
        standings.note(name, Uncut(10.0))
    assert standings.find(NAMES[0], 0.0) is None


def test_the_map_is_bounded_in_octets() -> None:
    """A zone may have 64 kB of keys: 4096 of them were 268 MB."""
    counts = DnssecCounts()
    standings = Standings(counts)
    keys = {(number, 15): [Key(number, 15, bytes(500))] for number in range(64)}
    for number in range(200):
        name = from_text(f"z{number}.test.")
        standings.note(name, Signed(name, keys, 10.0))
        assert standings.find(name, 0.0) is not None
    assert 50 < counts.standings_current < 80
    assert counts.standings_octets_current <= MAX_OCTETS
    for number in range(2 * MAX_STANDINGS):
        standings.note(from_text(f"n{number}.test."), Uncut(10.0))
    assert counts.standings_current == MAX_STANDINGS


def test_what_there_is_no_room_for_is_not_remembered() -> None:
    standings = Standings(DnssecCounts())
    standings.note(NAMES[0], Signed(NAMES[0], {(1, 15): [Key(1, 15, bytes(2 * MAX_OCTETS))]}, 10.0))
    assert standings.find(NAMES[0], 0.0) is None
