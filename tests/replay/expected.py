"""Did the scenarios go as expected? What the runner says of each, beside the list of those that cannot pass. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

EXPECTED_HEADING: Final = ("set", "scenario", "reason")


class Key(NamedTuple):
    """A scenario: the same name stands in several sets."""

    set: str
    scenario: str


class Outcome(NamedTuple):
    """What the runner says: pass, fail or skip, and why."""

    key: Key
    result: str
    reason: str


class BadTable(ValueError):
    """A table is not as it should be; the message tells the line."""


def read_expected(text: str) -> dict[Key, str]:
    """The scenarios that are expected not to pass, each with its reason. Raises BadTable."""
    expected: dict[Key, str] = {}
    lines = text.splitlines()
    if not lines or tuple(lines[0].split("\t")) != EXPECTED_HEADING:
        raise BadTable(f"line 1: expected the heading {' '.join(EXPECTED_HEADING)}")
    for number, line in enumerate(lines[1:], 2):
        fields = line.split("\t")
        if len(fields) != len(EXPECTED_HEADING) or not all(fields):
            raise BadTable(f"line {number}: expected a set, a scenario and a reason")
        key = Key(*fields[:2])
        if key in expected:
            raise BadTable(f"line {number}: {key.set} {key.scenario} stands here twice")
        expected[key] = fields[2]
    return expected


def read_outcomes(text: str) -> list[Outcome]:
    """The runner's table. Raises BadTable."""
    heading, *lines = text.splitlines() or [""]
    columns = heading.split("\t")
    try:
        scenario, result, reason, path = map(columns.index, ("scenario", "result", "reason", "path"))
    except ValueError as error:
        raise BadTable(f"line 1: {error}") from error
    outcomes = []
    for number, line in enumerate(lines, 2):
        fields = line.split("\t")
        if len(fields) != len(columns):
            raise BadTable(f"line {number}: {len(fields)} columns instead of {len(columns)}")
        outcomes.append(Outcome(Key(set_of(fields[path]), fields[scenario]), fields[result], fields[reason]))
    return outcomes


def set_of(path: str) -> str:
    """The set that a scenario file belongs to: its folder."""
    return path.rpartition("/")[0].rpartition("/")[2]


def surprises(outcomes: Iterable[Outcome], expected: Mapping[Key, str]) -> Iterator[str]:
    """What went otherwise than expected and must be looked at: each scenario that should have passed and did not."""
    for outcome in outcomes:
        if outcome.result != "pass" and outcome.key not in expected:
            yield f"{outcome.key.set}/{outcome.key.scenario}: {outcome.result}: {outcome.reason}"


def good_news(outcomes: Iterable[Outcome], expected: Mapping[Key, str]) -> list[Key]:
    """What passes although it is listed: the list may lose it."""
    return [outcome.key for outcome in outcomes if outcome.result == "pass" and outcome.key in expected]
