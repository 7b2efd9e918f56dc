"""The optional second source of news: Corrosion's HTTP API tells of a change before the next look at the file would see it.

It only ever makes a look come earlier. The looks go on whatever it says, and nothing waits for it: a server that is away, slow,
lying or busy costs the head start. What a line or an ending means is decided in `feeds`.
"""

import os
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Final, Never

import trio

from internal_zones.counts import InternalCounts, bump
from internal_zones.database import Runner
from internal_zones.feeds import (
    BEGINNING,
    Caught,
    Ending,
    Failure,
    Feed,
    Notice,
    Position,
    Preamble,
    advance,
    ending_of_failure,
    ending_of_status,
    read_line,
    request_of,
    resumption_after,
)
from internal_zones.line_stream import LineStream, LineTooLong, Response, StreamBroken, printable
from internal_zones.options import SubscriptionOptions
from internal_zones.watcher import Warn

OPENING_TIMEOUT: Final = 10.0  # seconds for the connection, the request and the head of the response
MAX_SILENCE: Final = (
    600.0  # seconds; a dead connection looks like a quiet table, and only a new one can tell them apart
)
MAX_TOKEN_OCTETS: Final = 4096
MAX_ROWS: Final = (
    1_000  # lines that tell of no change: rows are not asked for, and a server that sends them for ever is to stop
)

Connect = Callable[[], Awaitable[trio.abc.Stream]]  # to the API; raises OSError


class Ended(Exception):
    """A feed has ended; the text is for the operator."""

    def __init__(self, ending: Ending, text: str = "") -> None:
        super().__init__(text)
        self.ending = ending


class Subscription:
    """The feeds of the options, each followed on a connection of its own."""

    def __init__(
        self,
        options: SubscriptionOptions,
        connect: Connect,
        run: Runner,
        hurry: Callable[[], None],
        *,
        now: Callable[[], float],
        counts: InternalCounts,
        warn: Warn,
    ) -> None:
        """hurry: called whenever something may have changed (Watcher.hurry). run: reads the token's file."""
        feeds = [Feed(table=table) for table in options.tables] + [Feed(query=query) for query in options.queries]
        door = _Door(options, connect, run)
        self._followers = [Follower(feed, door, hurry, now=now, counts=counts, warn=warn) for feed in feeds]

    async def run(self) -> None:
        """Follow all feeds for ever."""
        async with trio.open_nursery() as nursery:
            for follower in self._followers:
                nursery.start_soon(follower.follow)

    def status(self) -> dict[str, str]:
        """How each feed is: connecting, live, or what it waits for."""
        return {follower.feed.name: follower.state for follower in self._followers}


class Follower:
    """One feed, followed through all its endings. state: how it is, in words."""

    def __init__(
        self,
        feed: Feed,
        door: "_Door",
        hurry: Callable[[], None],
        *,
        now: Callable[[], float],
        counts: InternalCounts,
        warn: Warn,
    ) -> None:
        self.feed, self.state = feed, "connecting"
        self._door, self._hurry = door, hurry
        self._now, self._counts, self._warn = now, counts, warn
        self._position = BEGINNING
        self._live_since: float | None = None
        self._rows = 0  # that came in vain since then
        self._told: Ending | None = None  # the ending that the operator knows of

    async def follow(self) -> Never:
        """Open the feed again and again, with growing pauses."""
        failures = 0
        while True:
            self.state = "connecting"
            ended = await self._follow_once()
            lasted = 0.0 if self._live_since is None else self._now() - self._live_since
            resumption = resumption_after(ended.ending, self._position, failures, lasted)
            self._position, failures = resumption.position, resumption.failures
            self._note(ended, resumption.pause)
            await trio.sleep(resumption.pause)

    async def _follow_once(self) -> Ended:
        try:
            stream = await self._door.open()
        except Ended as ended:
            return ended
        try:
            await self._listen(stream)
        except Ended as ended:
            return ended
        except StreamBroken as broken:
            return Ended(Ending.BROKEN, str(broken))
        except LineTooLong:
            return Ended(Ending.GARBLED, "a line is too long")
        finally:
            if self._live_since is not None:
                self._counts.open_feeds -= 1
            await trio.aclose_forcefully(stream)

    async def _listen(self, connection: trio.abc.Stream) -> Never:
        """Hear the feed out; raises what it ended with."""
        stream = LineStream(connection)
        with trio.move_on_after(OPENING_TIMEOUT):
            response = await self._door.ask(stream, self.feed, self._position)
            ending = ending_of_status(response.status)
            if ending is not None:
                raise Ended(ending, await stream.reason() or f"status {response.status}")
            self._begin(response.query_id)
        if self._live_since is None:
            raise Ended(Ending.UNREACHABLE, f"no response within {OPENING_TIMEOUT:g} s")
        while True:
            lines: list[bytes] | None = None
            with trio.move_on_after(MAX_SILENCE):
                lines = await stream.lines()
            if lines is None:
                raise Ended(Ending.SILENT, f"nothing was said for {MAX_SILENCE:g} s")
            if not lines:
                raise Ended(Ending.CLOSED, "the server ended it")
            for line in lines:
                self._hear(line)

    def _begin(self, query_id: str) -> None:
        """The feed is live. What was committed while it was not, it does not tell: so a look is due now."""
        self._live_since, self._rows = self._now(), 0
        self._counts.feed_openings += 1
        self._counts.open_feeds += 1
        self.state = "live"
        if query_id != self._position.query_id:
            self._position = BEGINNING._replace(query_id=query_id)
        if self._told is not None:
            self._warn("state_feed_live_again", feed=self.feed.name)
            self._told = None
        self._hurry()

    def _hear(self, line: bytes) -> None:
        said = read_line(line)
        match said:
            case None:
                raise Ended(Ending.GARBLED, "a line is none of the API's")
            case Preamble():
                self._rows += 1
                if self._rows > MAX_ROWS:
                    raise Ended(Ending.GARBLED, f"more than {MAX_ROWS} rows came, and none was asked for")
            case Failure():
                raise Ended(ending_of_failure(said), printable(said.text))
            case Notice() | Caught():
                position = advance(self._position, said)
                if isinstance(said, Notice):
                    self._counts.feed_notices += 1
                    self._hurry()
                if position is None:
                    raise Ended(
                        Ending.MISSED_CHANGE, f"change {said.change} came, {self._position.change + 1} was expected"
                    )
                self._position = position

    def _note(self, ended: Ended, pause: float) -> None:
        """The feed has ended: what it would have told is not known, so a look is due now."""
        bump(self._counts.feed_endings, ended.ending)
        self.state = f"waits {pause:g} s, {ended.ending}: {ended}"
        if self._live_since is not None:
            self._hurry()
        self._live_since = None
        if self._told is not ended.ending:
            self._warn("state_feed_ended", feed=self.feed.name, ending=ended.ending.value, reason=str(ended))
        self._told = ended.ending


class _Door:
    """How the API is entered."""

    def __init__(self, options: SubscriptionOptions, connect: Connect, run: Runner) -> None:
        self._options, self._connect, self._run = options, connect, run

    async def open(self) -> trio.abc.Stream:
        """A connection; raises Ended."""
        try:
            with trio.fail_after(OPENING_TIMEOUT):
                return await self._connect()
        except trio.TooSlowError:
            raise Ended(Ending.UNREACHABLE, f"no connection within {OPENING_TIMEOUT:g} s") from None
        except OSError as problem:
            raise Ended(Ending.UNREACHABLE, os.strerror(problem.errno) if problem.errno else str(problem)) from problem

    async def ask(self, stream: LineStream, feed: Feed, position: Position) -> Response:
        """The head of the response to the request for the feed; raises Ended and StreamBroken."""
        options = self._options
        headers = [("Host", options.api), ("User-Agent", "cistern"), ("Content-Type", "application/json")]
        if options.endpoint_name:
            headers.append(("x-corrosion-requested-endpoint-name", options.endpoint_name))
        try:
            if options.token_file:
                token = await self._run(partial(read_token, options.token_file))
                headers.append(("Authorization", f"Bearer {token}"))
            return await stream.ask(request_of(feed, position), headers)
        except OSError as problem:
            raise Ended(Ending.UNAUTHORIZED, f"{options.token_file}: {problem.strerror}") from problem
        except ValueError as problem:
            raise Ended(Ending.UNAUTHORIZED, f"token or endpoint_name: {problem}") from problem


def read_token(path: str) -> str:
    """The token in the file at `path`, which may be changed while we run; raises OSError and ValueError."""
    with Path(path).open("rb") as file:
        return file.read(MAX_TOKEN_OCTETS).decode("ascii").strip()
