import pytest

from tests.replay.__main__ import EXPECTED
from tests.replay.expected import BadTable, Key, Outcome, good_news, read_expected, read_outcomes, set_of, surprises

HEADING = "scenario\tresult\treason\tpath"
LAME = Key("deckard", "lame")
GHOST = Key("unbound", "ghost")


def test_the_shipped_list_is_readable_and_sorted() -> None:
    expected = read_expected(EXPECTED.read_text())
    assert list(expected) == sorted(expected)
    assert {key.set for key in expected} <= {"deckard", "unbound"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1: expected the heading"),
        ("set\tscenario\n", "line 1: expected the heading"),
        ("set\tscenario\treason\ndeckard\tlame\n", "line 2: expected a set, a scenario and a reason"),
        ("set\tscenario\treason\ndeckard\tlame\t\n", "line 2: expected a set, a scenario and a reason"),
        ("set\tscenario\treason\ndeckard\tlame\ta\ndeckard\tlame\tb\n", "line 3: deckard lame stands here twice"),
    ],
    ids=["empty", "other heading", "too short", "no reason", "twice"],
)
def test_a_list_that_is_not_right_is_refused_with_its_line(text: str, says: str) -> None:
    with pytest.raises(BadTable, match=says):
        read_expected(text)


def test_the_runners_table_is_read_by_its_heading() -> None:
    text = f"{HEADING}\nlame\tfail\tno AD\tscenarios/deckard/lame.rpl\nghost\tpass\t\tscenarios/unbound/ghost.rpl\n"
    assert read_outcomes(text) == [Outcome(LAME, "fail", "no AD"), Outcome(GHOST, "pass", "")]


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "line 1: "), ("scenario\tresult\n", "line 1: "), (f"{HEADING}\nlame\tfail\n", "line 2: 2 columns")],
    ids=["empty", "other heading", "too short"],
)
def test_a_table_of_another_kind_is_refused(text: str, says: str) -> None:
    with pytest.raises(BadTable, match=says):
        read_outcomes(text)


def test_the_set_is_the_folder_that_a_scenario_lies_in() -> None:
    assert set_of("/tmp/rpl/scenarios/unbound/ghost.rpl") == "unbound"


def test_only_what_fails_or_is_skipped_without_being_listed_is_a_surprise() -> None:
    outcomes = [Outcome(LAME, "fail", "no AD"), Outcome(GHOST, "skip", "no cc")]
    assert list(surprises(outcomes, {})) == ["deckard/lame: fail: no AD", "unbound/ghost: skip: no cc"]
    assert list(surprises(outcomes, {LAME: "validation", GHOST: "validation"})) == []
    assert list(surprises([Outcome(LAME, "pass", "")], {})) == []


def test_the_same_name_in_another_set_is_another_scenario() -> None:
    outcomes = [Outcome(Key("unbound", "lame"), "fail", "no AD")]
    assert list(surprises(outcomes, {LAME: "validation"})) == ["unbound/lame: fail: no AD"]


def test_a_listed_scenario_that_passes_is_good_news() -> None:
    outcomes = [Outcome(LAME, "pass", ""), Outcome(GHOST, "pass", "")]
    assert good_news(outcomes, {LAME: "validation"}) == [LAME]
