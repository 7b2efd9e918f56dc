"""What lines, statuses and endings of Corrosion's API mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from internal_zones.feeds import (
    BEGINNING,
    FIRST_PAUSE,
    HOPELESS_PAUSE,
    LONGEST_PAUSE,
    STEADY,
    Caught,
    Ending,
    Failure,
    Feed,
    Notice,
    Position,
    Preamble,
    Request,
    Said,
    advance,
    ending_of_failure,
    ending_of_status,
    read_line,
    request_of,
    resumption_after,
)

HERE = Position("3f-a1", 7)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"notify":["update",["148e21"]]}', Notice()),
        (b'{"notify":["delete",[24,"laptop"]]}', Notice()),
        (b'{"change":["update",1,["smoked meat",[1,2],null],4]}', Notice(4)),
        (b'{"columns":["sandwich"]}', Preamble()),
        (b'{"row":[1,["shiitake"]]}', Preamble()),
        (b'{"eoq":{"time":8e-8,"change_id":3}}', Caught(3)),
        (b'{"eoq":{"time":8e-8}}', Caught(None)),
        (b'{"error":"exceeded events buffer"}', Failure("exceeded events buffer")),
        (b'{"notify":["update"]}', None),
        (b'{"change":["update",1,["x"],"4"]}', None),
        (b'{"something":1}', None),
        (b"{}", None),
        (b"[]", None),
        (b'{"notify":["upd', None),
        (b"max concurrency limit reached", None),
        (b'{"error":"\xff"}', None),
    ],
)
def test_a_line_says_one_thing_or_is_none_of_the_api_s(line: bytes, said: Said | None) -> None:
    assert read_line(line) == said


@given(st.binary())
def test_no_line_raises(line: bytes) -> None:
    read_line(line)


@pytest.mark.parametrize("opening", [b'{"row":', b'{"change":["update",1,', b'{"unknown":', b""])
@pytest.mark.parametrize("bracket", [b"[", b'{"a":'])
def test_a_line_of_nothing_but_brackets_is_none_of_the_api_s(opening: bytes, bracket: bytes) -> None:
    assert read_line(opening + bracket * 100_000) is None


@pytest.mark.parametrize(
    ("position", "said", "after"),
    [
        (HERE, Notice(), HERE),
        (HERE, Notice(8), Position("3f-a1", 8)),
        (HERE, Notice(9), None),
        (HERE, Notice(7), None),
        (Position("3f-a1"), Caught(3), Position("3f-a1", 3)),
        (Position("3f-a1"), Caught(None), Position("3f-a1")),
        (Position("3f-a1"), Notice(9), Position("3f-a1", 9)),
    ],
)
def test_changes_are_numbered_without_a_gap(position: Position, said: Notice | Caught, after: Position | None) -> None:
    assert advance(position, said) == after


@pytest.mark.parametrize(
    ("status", "ending"),
    [
        (200, None),
        (400, Ending.REJECTED),
        (401, Ending.UNAUTHORIZED),
        (404, Ending.UNKNOWN),
        (421, Ending.MISDIRECTED),
        (500, Ending.REFUSED),
        (503, Ending.BUSY),
        (302, Ending.REFUSED),
        (204, Ending.REFUSED),
    ],
)
def test_each_status_is_an_ending_but_200(status: int, ending: Ending | None) -> None:
    assert ending_of_status(status) is ending


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        ("subscription already deleted older changes, min change id: 9", Ending.FORGOTTEN),
        ("exceeded events buffer", Ending.FAILED),
        ("could not catch up to changes in 5 attempts", Ending.FAILED),
        ("catching up too slowly", Ending.FAILED),
    ],
)
def test_error_lines_are_told_apart(text: str, ending: Ending) -> None:
    assert ending_of_failure(Failure(text)) is ending


@pytest.mark.parametrize(
    ("feed", "position", "request_"),
    [
        (Feed(table="machines"), BEGINNING, Request("POST", "/v1/updates/machines")),
        (Feed(table="a/b c"), HERE, Request("POST", "/v1/updates/a%2Fb%20c")),
        (Feed(query="SELECT 1"), BEGINNING, Request("POST", "/v1/subscriptions?skip_rows=true", b'"SELECT 1"')),
        (Feed(query="SELECT 1"), HERE, Request("GET", "/v1/subscriptions/3f-a1?from=7")),
        (Feed(query="q"), Position("3f-a1"), Request("POST", "/v1/subscriptions?skip_rows=true", b'"q"')),
        (Feed(query="q"), Position("../x HTTP", 7), Request("POST", "/v1/subscriptions?skip_rows=true", b'"q"')),
    ],
)
def test_only_a_query_with_a_position_is_resumed(feed: Feed, position: Position, request_: Request) -> None:
    assert request_of(feed, position) == request_


@pytest.mark.parametrize(
    ("ending", "position", "is_kept", "pause"),
    [
        (Ending.CLOSED, HERE, True, FIRST_PAUSE),
        (Ending.BROKEN, HERE, True, FIRST_PAUSE),
        (Ending.UNREACHABLE, HERE, True, FIRST_PAUSE),
        (Ending.SILENT, HERE, True, FIRST_PAUSE),
        (Ending.BUSY, HERE, True, FIRST_PAUSE),
        (Ending.REFUSED, HERE, True, FIRST_PAUSE),
        (Ending.FAILED, HERE, False, FIRST_PAUSE),
        (Ending.FORGOTTEN, HERE, False, FIRST_PAUSE),
        (Ending.MISSED_CHANGE, HERE, False, FIRST_PAUSE),
        (Ending.GARBLED, HERE, False, FIRST_PAUSE),
        (Ending.UNKNOWN, HERE, False, FIRST_PAUSE),
        (Ending.UNKNOWN, BEGINNING, False, HOPELESS_PAUSE),
        (Ending.REJECTED, HERE, False, FIRST_PAUSE),
        (Ending.REJECTED, BEGINNING, False, HOPELESS_PAUSE),
        (Ending.UNAUTHORIZED, HERE, True, HOPELESS_PAUSE),
        (Ending.MISDIRECTED, HERE, False, HOPELESS_PAUSE),
    ],
)
def test_each_ending_keeps_or_loses_the_position_and_has_its_pause(
    ending: Ending, position: Position, is_kept: bool, pause: float
) -> None:
    resumption = resumption_after(ending, position, 0, 0.0)
    assert (resumption.position, resumption.pause, resumption.failures) == (
        position if is_kept else BEGINNING,
        pause,
        1,
    )


def test_pauses_grow_up_to_a_bound_until_a_feed_has_lasted() -> None:
    pauses, failures = [], 0
    for _ in range(10):
        resumption = resumption_after(Ending.CLOSED, BEGINNING, failures, lasted=STEADY / 2)
        failures = resumption.failures
        pauses.append(resumption.pause)
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, LONGEST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE]
    assert resumption_after(Ending.CLOSED, BEGINNING, 10**6, lasted=0.0).pause == LONGEST_PAUSE
    assert resumption_after(Ending.CLOSED, BEGINNING, 10**6, lasted=STEADY).pause == FIRST_PAUSE


def test_every_ending_is_decided() -> None:
    for ending in Ending:
        for position in (HERE, BEGINNING):
            assert FIRST_PAUSE <= resumption_after(ending, position, 3, 0.0).pause <= HOPELESS_PAUSE
