"""What the log looks like."""

import io
import json
from collections.abc import Iterator

import pytest
import structlog

from resolver.observe.log import configure_log
from resolver.observe.options import LogOptions

log = structlog.get_logger()  # made before the log is configured, as in every module


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def logged(options: LogOptions, *, is_journal: bool = False) -> str:
    stream = io.StringIO()
    configure_log(options, stream.write, is_journal=is_journal)
    log.debug("query_answered", qname="www.example.")
    log.info("listening", address="127.0.0.1:53", tcp=True)
    try:
        _ = 1 // 0
    except ZeroDivisionError:
        secret = "10.0.0.1"  # a local variable, such as a client's address
        log.exception("query_fault", length=len(secret))
    return stream.getvalue()


def test_text_is_an_event_with_its_keys_on_a_line() -> None:
    line = logged(LogOptions()).splitlines()[0]
    assert line.endswith("[info     ] listening address=127.0.0.1:53 tcp=True")
    assert line.startswith("20"), "the time comes first"


def test_a_plain_stream_gets_no_colours() -> None:
    assert "\x1b" not in logged(LogOptions())


def test_json_is_an_object_on_each_line() -> None:
    listening, fault = map(json.loads, logged(LogOptions(format="json")).splitlines())
    assert (listening["event"], listening["level"], listening["tcp"]) == ("listening", "info", True)
    assert "ZeroDivisionError" in fault["exception"]


@pytest.mark.parametrize("options", [LogOptions(), LogOptions(format="json")], ids=["text", "json"])
def test_a_traceback_shows_no_values(options: LogOptions) -> None:
    text = logged(options)
    assert "Traceback (most recent call last)" in text
    assert "10.0.0.1" not in text


@pytest.mark.parametrize(
    ("level", "events"),
    [
        pytest.param("debug", ["query_answered", "listening", "query_fault"], id="debug"),
        pytest.param("info", ["listening", "query_fault"], id="info"),
        pytest.param("error", ["query_fault"], id="error"),
    ],
)
def test_the_level_says_what_is_left_out(level: str, events: list[str]) -> None:
    options = LogOptions(level=level, format="json")  # type: ignore[arg-type]  # one of the literals, from a table
    assert [json.loads(line)["event"] for line in logged(options).splitlines()] == events


class Unspeakable:
    """A value without a text."""

    def __repr__(self) -> str:
        raise ValueError("no text")


@pytest.mark.parametrize("options", [LogOptions(), LogOptions(format="json")], ids=["text", "json"])
def test_who_logs_meets_no_failure_of_the_log(options: LogOptions) -> None:
    def put(line: str) -> None:
        raise MemoryError

    lost: list[None] = []
    configure_log(options, put, note_lost=lambda: lost.append(None))
    log.info("no_room")
    log.error("no_text", value=Unspeakable())
    assert len(lost) == 2


@pytest.mark.parametrize("options", [LogOptions(), LogOptions(format="json")], ids=["text", "json"])
def test_the_journal_gets_a_priority_before_each_line(options: LogOptions) -> None:
    lines = logged(options, is_journal=True).splitlines()
    assert lines[0].startswith("<6>")
    assert {line[:3] for line in lines[1:]} == {"<3>"}
    assert len(lines) > 3 or options.format == "json"


def test_the_journal_has_a_time_and_a_level_of_its_own() -> None:
    assert logged(LogOptions(), is_journal=True).splitlines()[0] == "<6>listening address=127.0.0.1:53 tcp=True"


@pytest.mark.parametrize(
    ("method", "priority"), [("debug", 7), ("info", 6), ("warning", 4), ("error", 3), ("critical", 2)]
)
def test_each_level_has_its_priority(method: str, priority: int) -> None:
    lines: list[str] = []
    configure_log(LogOptions(level="debug"), lines.append, is_journal=True)
    getattr(log, method)("something")
    assert lines == [f"<{priority}>something\n"]
