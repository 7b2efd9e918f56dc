"""Every ending of Corrosion's API on simulated time: what is asked next, when, and what the operator sees."""

import gzip
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path

import pytest
import trio
import trio.testing

from internal_zones.counts import InternalCounts
from internal_zones.database import inline
from internal_zones.line_stream import MAX_LINE_OCTETS
from internal_zones.options import SubscriptionOptions
from internal_zones.subscription import MAX_ROWS, MAX_SILENCE, OPENING_TIMEOUT, Subscription, read_token
from tests.internal_zones.breaking import ADDRESS, OTHER, move, small_state
from tests.internal_zones.fake_corrosion import (
    END,
    LIVE,
    NOTICE,
    FakeCorrosion,
    Play,
    Server,
    chunk,
    ends,
    sends,
    status,
)
from tests.internal_zones.running import asking

QUERY = "SELECT id, state FROM machines"
CAUGHT = b'{"eoq":{"time":8e-8,"change_id":7}}'
RESUMED = b"GET /v1/subscriptions/3f-a1?from=%d HTTP/1.1"
ANEW = b"POST /v1/subscriptions?skip_rows=true HTTP/1.1"


def change(number: int) -> bytes:
    return b'{"change":["update",1,["x"],%d]}' % number


class Stage:
    """A subscription and the pretended server that it speaks to."""

    def __init__(self, nursery: trio.Nursery, script: list[Play | None], options: SubscriptionOptions) -> None:
        self.server = FakeCorrosion(nursery, script)
        self.counts = InternalCounts()
        self.events: list[tuple[str, dict[str, str | int]]] = []
        self.hurried: list[float] = []
        self.subscription = Subscription(
            options,
            self.server.connect,
            inline,
            lambda: self.hurried.append(trio.current_time()),
            now=trio.current_time,
            counts=self.counts,
            warn=self._warn,
        )

    def _warn(self, event: str, /, **fields: str | int) -> None:
        self.events.append((event, fields))

    @property
    def first_lines(self) -> list[bytes]:
        return [request.split(b"\r\n")[0] for request in self.server.requests]

    @property
    def state(self) -> str:
        [state] = self.subscription.status().values()
        return state


def on(
    script: list[Play | None], main: Callable[[Stage], Awaitable[None]], *, options: SubscriptionOptions | None = None
) -> None:
    """Run `main` beside a subscription to one table, or what `options` say."""

    async def run() -> None:
        async with trio.open_nursery() as nursery:
            stage = Stage(nursery, script, options or SubscriptionOptions(api="127.0.0.1:8080", tables=("machines",)))
            nursery.start_soon(stage.subscription.run)
            await main(stage)
            nursery.cancel_scope.cancel()

    trio.run(run, clock=trio.testing.MockClock(autojump_threshold=0))


OF_A_QUERY = SubscriptionOptions(api="127.0.0.1:8080", tables=(), queries=(QUERY,))


def test_each_notice_makes_a_look_come_early() -> None:
    async def main(stage: Stage) -> None:
        await trio.sleep(3.5)
        assert stage.hurried == [0, 1, 2, 2, 3]  # at the beginning, too: what was before is not told
        assert stage.state == "live"
        assert (stage.counts.feed_openings, stage.counts.open_feeds, stage.counts.feed_notices) == (1, 1, 4)
        assert stage.first_lines == [b"POST /v1/updates/machines HTTP/1.1"]

    on([sends(LIVE, 1.0, chunk(NOTICE), 1.0, chunk(NOTICE, NOTICE), 1.0, chunk(NOTICE))], main)


def test_each_table_and_query_has_a_feed_of_its_own() -> None:
    async def main(stage: Stage) -> None:
        await trio.sleep(1)
        assert stage.subscription.status() == {"apps": "live", "peers": "live", QUERY: "live"}
        assert stage.counts.open_feeds == 3
        assert sorted(stage.first_lines) == [
            ANEW,
            *(b"POST /v1/updates/%s HTTP/1.1" % it for it in (b"apps", b"peers")),
        ]

    on([sends(LIVE)], main, options=SubscriptionOptions(api="a:1", tables=("apps", "peers"), queries=(QUERY,)))


ENDINGS = [
    pytest.param(ends(LIVE, chunk(NOTICE), END), "closed", 0.1, id="a clean end: lag or shut-down"),
    pytest.param(ends(LIVE, chunk(NOTICE)), "broken", 0.1, id="the connection is lost"),
    pytest.param(ends(), "broken", 0.1, id="closed before the response"),
    pytest.param(ends(b"220 mail.example ESMTP\r\n"), "broken", 0.1, id="no HTTP"),
    pytest.param(None, "unreachable", 0.1, id="nobody listens"),
    pytest.param(sends(LIVE, chunk(b'{"error":"exceeded events buffer"}')), "failed", 0.1, id="an error line"),
    pytest.param(ends(LIVE, chunk(b'{"error":"x"}')), "failed", 0.1, id="an error line, then the end"),
    pytest.param(sends(LIVE, chunk(b"what?")), "garbled", 0.1, id="a line of something else"),
    pytest.param(sends(LIVE, chunk(b"x" * (MAX_LINE_OCTETS + 1))), "garbled", 0.1, id="a line without measure"),
    pytest.param(sends(LIVE, chunk(b'{"row":' + b"[" * 100_000)), "garbled", 0.1, id="brackets without end"),
    pytest.param(sends(LIVE, chunk(*[b'{"row":[1,["x"]]}'] * (MAX_ROWS + 1))), "garbled", 0.1, id="rows without end"),
    pytest.param(sends(LIVE, chunk(gzip.compress(NOTICE + b"\n", mtime=0))), "garbled", 0.1, id="gzip"),
    pytest.param(
        sends(b"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/v1/updates/machines\r\nContent-Length: 0\r\n\r\n"),
        "refused",
        0.1,
        id="a redirect is not followed",
    ),
    pytest.param(sends(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000), "broken", 0.1, id="a head without measure"),
    pytest.param(sends(status(503, b"max concurrency limit reached")), "busy", 0.1, id="503"),
    pytest.param(sends(status(500, b'{"error":"x"}')), "refused", 0.1, id="500"),
    pytest.param(sends(status(400, b'{"error":"table not found in schema: x"}')), "rejected", 60, id="400"),
    pytest.param(sends(status(401)), "unauthorized", 60, id="401"),
    pytest.param(sends(status(404)), "unknown", 60, id="404: no such API"),
    pytest.param(sends(status(421, b"Misdirected Request")), "misdirected", 60, id="421"),
]


@pytest.mark.parametrize(("play", "ending", "pause"), ENDINGS)
def test_every_ending_is_counted_told_once_and_tried_again(play: Play | None, ending: str, pause: float) -> None:
    async def main(stage: Stage) -> None:
        await trio.sleep(pause / 2)
        assert stage.counts.feed_endings == {ending: 1}
        assert stage.counts.open_feeds == 0
        assert stage.state.startswith(f"waits {pause:g} s, {ending}: ")
        assert [(event, fields["ending"]) for event, fields in stage.events] == [("state_feed_ended", ending)]
        await trio.sleep(pause)
        assert stage.state == "live"
        assert stage.server.connected_at[1] - stage.server.connected_at[0] == pytest.approx(pause, abs=0.01)
        assert [event for event, _ in stage.events] == ["state_feed_ended", "state_feed_live_again"]
        assert stage.hurried[-1] == stage.server.connected_at[1]  # what came in between is not told

    on([play, sends(LIVE)], main)


def test_an_ending_of_a_live_feed_makes_a_look_come_early() -> None:
    async def main(stage: Stage) -> None:
        await trio.sleep(5.05)
        assert stage.hurried == pytest.approx([0, 5], abs=0.01)

    on([ends(LIVE, 5.0, END), None], main)


def test_no_response_in_time_is_an_ending() -> None:
    async def main(stage: Stage) -> None:
        await trio.sleep(OPENING_TIMEOUT + 0.05)
        assert stage.counts.feed_endings == {"unreachable": 1}

    on([sends(b"HTTP/1.1 "), sends(LIVE)], main)


def test_a_connection_that_never_comes_about_is_an_ending() -> None:
    async def main(stage: Stage) -> None:
        await trio.sleep(OPENING_TIMEOUT + 0.05)
        assert stage.counts.feed_endings == {"unreachable": 1}
        assert "no connection within" in stage.state

    async def never() -> trio.abc.Stream:
        await trio.sleep_forever()

    async def run() -> None:
        async with trio.open_nursery() as nursery:
            stage = Stage(nursery, [None], SubscriptionOptions(api="a:1", tables=("machines",)))
            stage.subscription._followers[0]._door._connect = never
            nursery.start_soon(stage.subscription.run)
            await main(stage)
            nursery.cancel_scope.cancel()

    trio.run(run, clock=trio.testing.MockClock(autojump_threshold=0))


def test_a_feed_that_is_silent_for_very_long_is_opened_anew() -> None:
    async def main(stage: Stage) -> None:
        await trio.sleep(MAX_SILENCE + 1)
        assert stage.counts.feed_endings == {"silent": 1}
        assert stage.state == "live"

    on([sends(LIVE)], main)


def drips(octets: bytes, pause: float) -> Play:
    """One octet after the other, so slowly that each may be the last but none is late."""
    return sends(*(part for octet in octets for part in (bytes((octet,)), pause)))


def test_a_head_that_drips_in_is_given_up_in_time() -> None:
    async def main(stage: Stage) -> None:
        await trio.sleep(OPENING_TIMEOUT + 0.05)
        assert stage.counts.feed_endings == {"unreachable": 1}

    on([drips(LIVE * 10, 5.0), sends(LIVE)], main)


def test_the_reason_of_a_refusal_that_drips_in_is_given_up_in_time() -> None:
    async def main(stage: Stage) -> None:
        await trio.sleep(OPENING_TIMEOUT + 0.05)
        assert stage.counts.feed_endings == {"unreachable": 1}

    head = b"HTTP/1.1 500 Said\r\nContent-Length: 1000000\r\n\r\n"
    on([sends(head, *(part for _ in range(100) for part in (b"x", 5.0))), sends(LIVE)], main)


def test_a_line_that_drips_in_is_no_word() -> None:
    """An octet every 5 minutes keeps a connection alive, and no feed."""

    async def main(stage: Stage) -> None:
        await trio.sleep(MAX_SILENCE + 1)
        assert stage.counts.feed_endings == {"silent": 1}
        assert stage.state == "live"

    drip = (part for _ in range(100) for part in (b"1\r\nx\r\n", 300.0))
    on([sends(LIVE, *drip), sends(LIVE)], main)


def test_a_server_that_restarts_again_and_again_is_asked_ever_more_seldom_and_found_again() -> None:
    async def main(stage: Stage) -> None:
        await trio.sleep(30)
        assert stage.state == "live"
        assert stage.first_lines[:1] == [ANEW]
        assert set(stage.first_lines[1:]) == {RESUMED % 7}  # the position holds over all of it
        assert len(stage.server.connected_at) == 6

    dies: list[Play | None] = [ends(LIVE, chunk(CAUGHT)), None, ends(LIVE), None, ends(LIVE), sends(LIVE)]
    on(dies, main, options=OF_A_QUERY)


def test_a_flood_of_notices_is_one_look_after_the_other_and_nothing_grows(tmp_path: Path) -> None:
    """10,000 notices in one write: clients are answered meanwhile, and looks keep their distance."""
    path = small_state(tmp_path)

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            corrosion = FakeCorrosion(nursery, [sends(LIVE, chunk(*[NOTICE] * 10_000), 0.5)])
            options = SubscriptionOptions(api="a:1", tables=("machines",))
            async with asking(path, run=inline, connect=corrosion.connect, poll=10.0, subscription=options) as asker:
                await trio.sleep(1)
                assert asker.zones.counts.feed_notices == 10_000
                assert asker.zones.counts.hurried_looks < 10
            nursery.cancel_scope.cancel()

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_pauses_grow_while_a_server_ends_each_feed_at_once() -> None:
    async def main(stage: Stage) -> None:
        await trio.sleep(60)
        at = stage.server.connected_at
        gaps = [round(later - earlier, 1) for earlier, later in pairwise(at)]
        assert gaps == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0, 10.0, 10.0]

    on([ends(LIVE, END)], main)


def test_a_query_is_resumed_where_it_was_left() -> None:
    async def main(stage: Stage) -> None:
        await trio.sleep(1)
        assert stage.first_lines == [ANEW, RESUMED % 9]
        assert stage.server.requests[0].endswith(f'\r\n\r\n"{QUERY}"'.encode())
        assert stage.counts.feed_notices == 3
        assert stage.state == "live"

    first = ends(LIVE, chunk(b'{"columns":["id"]}', CAUGHT, change(8), change(9)), END)
    on([first, sends(LIVE, chunk(change(10)))], main, options=OF_A_QUERY)


def test_a_query_that_was_left_before_its_first_change_is_asked_anew() -> None:
    async def main(stage: Stage) -> None:
        await trio.sleep(1)
        assert stage.first_lines == [ANEW, ANEW]  # from=0 would bring all rows

    on([ends(LIVE, chunk(b'{"eoq":{"time":0,"change_id":0}}'), END), sends(LIVE)], main, options=OF_A_QUERY)


@pytest.mark.parametrize(
    ("second", "ending"),
    [
        pytest.param(sends(status(404, b'{"error":"could not find subscription with id 3f-a1"}')), "unknown", id="404"),
        pytest.param(sends(status(400, b'{"error":"a `from` query param was supplied"}')), "rejected", id="400"),
        pytest.param(
            sends(LIVE, chunk(b'{"error":"subscription already deleted older changes, min change id: 99"}')),
            "forgotten",
            id="older changes are deleted",
        ),
        pytest.param(sends(LIVE, chunk(change(11))), "missed_change", id="a change was missed"),
    ],
)
def test_a_position_that_is_lost_is_not_asked_for_again(second: Play, ending: str) -> None:
    async def main(stage: Stage) -> None:
        await trio.sleep(2)
        assert stage.first_lines == [ANEW, RESUMED % 7, ANEW]
        assert stage.counts.feed_endings == {"broken": 1, ending: 1}
        assert stage.state == "live"

    on([ends(LIVE, chunk(CAUGHT)), second, sends(LIVE)], main, options=OF_A_QUERY)


def test_a_missed_change_makes_a_look_come_early_as_any_other() -> None:
    async def main(stage: Stage) -> None:
        await trio.sleep(1.05)
        assert stage.hurried[:2] == [0, 1]
        assert stage.counts.feed_endings == {"missed_change": 1}

    on([sends(LIVE, chunk(CAUGHT), 1.0, chunk(change(99))), sends(LIVE)], main, options=OF_A_QUERY)


def test_token_and_endpoint_name_are_sent_and_the_token_is_read_each_time(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first\n")

    async def main(stage: Stage) -> None:
        await trio.sleep(1)
        file.write_text("second")
        await trio.sleep(61)
        first, second = stage.server.requests
        assert b"\r\nAuthorization: Bearer first\r\n" in first
        assert b"\r\nx-corrosion-requested-endpoint-name: ams-1\r\n" in first
        assert b"\r\nAuthorization: Bearer second\r\n" in second
        assert stage.state == "live"

    options = SubscriptionOptions(api="a:1", tables=("machines",), token_file=str(file), endpoint_name="ams-1")
    on([sends(status(401)), sends(LIVE)], main, options=options)


@pytest.mark.parametrize("content", [None, b"two\nlines", b"\xff"])
def test_a_token_that_cannot_be_sent_is_told_and_nothing_is_sent(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)

    async def main(stage: Stage) -> None:
        await trio.sleep(1)
        assert stage.counts.feed_endings == {"unauthorized": 1}
        assert stage.server.requests == []
        assert "token" in stage.state

    on([sends(LIVE)], main, options=SubscriptionOptions(api="a:1", tables=("machines",), token_file=str(file)))


def test_a_token_is_read_without_the_space_around_it(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(" s3cret \n")
    assert read_token(str(tmp_path / "token")) == "s3cret"


def test_a_notice_brings_a_commit_into_the_answers_long_before_the_next_look(tmp_path: Path) -> None:
    path = small_state(tmp_path)

    async def commit_and_tell(server: Server) -> None:
        await server.send_all(LIVE)
        await trio.sleep(1)
        move(path, OTHER)
        await server.send_all(chunk(NOTICE))
        await trio.sleep_forever()

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            corrosion = FakeCorrosion(nursery, [commit_and_tell])
            options = SubscriptionOptions(api="a:1", tables=("machines",))
            async with asking(path, run=inline, connect=corrosion.connect, poll=10.0, subscription=options) as asker:
                assert await asker.texts("web.internal") == [ADDRESS]
                await trio.sleep(1.1)
                assert await asker.texts("web.internal") == [OTHER]
                assert asker.zones.counts.early_changes == 1
                assert asker.zones.status().subscription == {"machines": "live"}
            nursery.cancel_scope.cancel()

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_an_api_that_lies_changes_nothing(tmp_path: Path) -> None:
    """Notices without a commit, and commits without a notice: the file is looked at all the same."""
    path = small_state(tmp_path)

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            corrosion = FakeCorrosion(nursery, [sends(LIVE, chunk(NOTICE), 0.5, chunk(NOTICE), 100.0)])
            options = SubscriptionOptions(api="a:1", tables=("machines",))
            async with asking(path, run=inline, connect=corrosion.connect, subscription=options) as asker:
                assert await asker.texts("web.internal") == [ADDRESS]
                await trio.sleep(1)
                assert asker.zones.counts.changes == 1  # the first look
                assert asker.zones.counts.reads == 1
                move(path, OTHER)
                await trio.sleep(0.05)
                assert await asker.texts("web.internal") == [OTHER]
            nursery.cancel_scope.cancel()

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
