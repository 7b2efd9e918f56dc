"""What does a stream of Corrosion's HTTP API say, and what is to be done when it has ended? (pure)

A feed is one such stream: the updates of a table (`/v1/updates`), or a query with its changes (`/v1/subscriptions`). Nothing
of what it tells is believed: any word of a change only means «look at the file now». So a change that was missed costs the
head start and nothing else, and a position in a feed is kept only to spare the server a new subscription.
"""

import re
from enum import StrEnum
from typing import Final, NamedTuple
from urllib.parse import quote

import msgspec

FIRST_PAUSE: Final = 0.1  # seconds after a feed ended, doubled each time till LONGEST_PAUSE
LONGEST_PAUSE: Final = 10.0
HOPELESS_PAUSE: Final = 60.0  # after an ending that only an operator can mend
STEADY: Final = 10.0  # seconds that a feed must last to be worth coming back to at once
_QUERY_ID: Final = re.compile(r"[0-9A-Za-z-]{1,64}")  # it becomes a part of a path: nothing else may


class Ending(StrEnum):
    """How a feed ended."""

    CLOSED = "closed"  # a clean end: we lagged behind, or the server shuts down; it does not say which
    BROKEN = "broken"  # the connection was lost in the middle, or what came is no HTTP
    UNREACHABLE = "unreachable"  # no connection, or no response in time
    SILENT = "silent"  # nothing was said for so long that the connection may be dead
    FAILED = "failed"  # an error line
    FORGOTTEN = "forgotten"  # an error line: the changes since our position are no longer kept
    MISSED_CHANGE = "missed_change"  # the number of a change is not the next one
    GARBLED = "garbled"  # a line that is none of the API's, or too long
    REJECTED = "rejected"  # 400: no such table or query, or no such subscription to resume
    UNAUTHORIZED = "unauthorized"  # 401
    UNKNOWN = "unknown"  # 404: no such subscription any more, or no such API
    MISDIRECTED = "misdirected"  # 421: another cluster than the one that is meant
    BUSY = "busy"  # 503: 128 requests of this kind are served already
    REFUSED = "refused"  # any other status


OF_STATUS: Final = {
    400: Ending.REJECTED,
    401: Ending.UNAUTHORIZED,
    404: Ending.UNKNOWN,
    421: Ending.MISDIRECTED,
    503: Ending.BUSY,
}
# After these the position in the feed still holds. After all others a feed begins anew.
KEEPS_POSITION: Final = frozenset(
    (Ending.CLOSED, Ending.BROKEN, Ending.UNREACHABLE, Ending.SILENT, Ending.BUSY, Ending.UNAUTHORIZED, Ending.REFUSED)
)
HOPELESS: Final = frozenset((Ending.UNAUTHORIZED, Ending.MISDIRECTED))
HOPELESS_WHEN_NEW: Final = frozenset((Ending.REJECTED, Ending.UNKNOWN))  # when resumed: only the position was wrong


class Position(NamedTuple):
    """How far a query's feed was followed: the subscription's id, and the number of the last change."""

    query_id: str = ""
    change: int = 0

    @property
    def is_resumable(self) -> bool:
        """`from=0` would mean all rows once more, and an id that is no id must not get into a path."""
        return self.change > 0 and _QUERY_ID.fullmatch(self.query_id) is not None


BEGINNING: Final = Position()


class Feed(NamedTuple):
    """The updates of `table`, or else the changes of `query`."""

    table: str = ""
    query: str = ""

    @property
    def name(self) -> str:
        return self.table or self.query


class Request(NamedTuple):
    """What is asked of the server. body: JSON, or nothing."""

    method: str
    target: str
    body: bytes = b""


class Notice(NamedTuple):
    """Something changed. change: its number in a query's feed; None in a table's."""

    change: int | None = None


class Caught(NamedTuple):
    """All that was there when a query's feed began has been told, up to the change of this number."""

    change: int | None


class Failure(NamedTuple):
    """The server's last word."""

    text: str


class Preamble(NamedTuple):
    """Columns and rows, which a feed begins with: nothing new."""


Said = Notice | Caught | Failure | Preamble


class Resumption(NamedTuple):
    """What to do after an ending: wait `pause` seconds, then go on at `position`. failures: endings in a row."""

    pause: float
    position: Position
    failures: int


class _End(msgspec.Struct, frozen=True):
    change_id: int | None = None


class _Line(msgspec.Struct, frozen=True):
    """Every field that a line of the API may have; each line has one of them."""

    notify: tuple[str, msgspec.Raw] | None = None
    change: tuple[str, int, msgspec.Raw, int] | None = None
    eoq: _End | None = None
    error: str | None = None
    columns: msgspec.Raw = msgspec.Raw()
    row: msgspec.Raw = msgspec.Raw()


_DECODER: Final = msgspec.json.Decoder(_Line)


def request_of(feed: Feed, position: Position) -> Request:
    """How the feed is asked for: anew, or from its position on."""
    if feed.table:
        return Request("POST", f"/v1/updates/{quote(feed.table, safe='')}")
    if position.is_resumable:
        return Request("GET", f"/v1/subscriptions/{position.query_id}?from={position.change}")
    return Request("POST", "/v1/subscriptions?skip_rows=true", msgspec.json.encode(feed.query))


def read_line(line: bytes) -> Said | None:
    """What one line says; None: it is none of the API's."""
    try:
        found = _DECODER.decode(line)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError):
        return None  # RecursionError: brackets in brackets, thousands deep
    if found.notify is not None:
        return Notice()
    if found.change is not None:
        return Notice(found.change[3])
    if found.error is not None:
        return Failure(found.error)
    if found.eoq is not None:
        return Caught(found.eoq.change_id)
    return Preamble() if bytes(found.columns) or bytes(found.row) else None


def advance(position: Position, said: Notice | Caught) -> Position | None:
    """The position after it; None: the change is not the next one, so that others were missed."""
    if said.change is None:
        return position
    if isinstance(said, Notice) and position.change and said.change != position.change + 1:
        return None
    return position._replace(change=said.change)


def ending_of_status(status: int) -> Ending | None:
    """How a feed ended that began with this status; None: it has begun well."""
    return None if status == 200 else OF_STATUS.get(status, Ending.REFUSED)


def ending_of_failure(failure: Failure) -> Ending:
    """The ending that an error line is."""
    return Ending.FORGOTTEN if "older changes" in failure.text else Ending.FAILED


def resumption_after(ending: Ending, position: Position, failures: int, lasted: float) -> Resumption:
    """What to do after an ending. failures: endings in a row before; lasted: seconds from the good beginning to the end."""
    failures = 1 if lasted >= STEADY else failures + 1
    kept = position if ending in KEEPS_POSITION else BEGINNING
    if ending in HOPELESS or (ending in HOPELESS_WHEN_NEW and not position.is_resumable):
        return Resumption(HOPELESS_PAUSE, kept, failures)
    return Resumption(min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(failures - 1, 16)), kept, failures)
