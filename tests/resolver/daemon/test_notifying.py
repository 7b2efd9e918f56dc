"""What the service manager is told, and when."""

import msgspec
import trio
import trio.testing

from internal_zones import StateOptions
from resolver.daemon import serve
from resolver.daemon.around import Around
from resolver.daemon.notifying import keep_notifying, status_line
from resolver.daemon.parts import Parts, make_parts
from resolver.daemon.running import Running
from resolver.daemon.serve import END_WITHIN
from tests.resolver.daemon.alone import ALONE, HINTS, simulated


def test_it_is_ready_once_it_answers_then_turns_and_at_last_stops() -> None:
    told: list[tuple[float, str]] = []

    async def main() -> None:
        draining = trio.Event()
        around = Around(
            notify=lambda state: told.append((trio.current_time(), state)), watchdog=3.0, pid=77, tells=True
        )
        async with trio.open_nursery() as nursery:
            began = trio.current_time()
            await nursery.start(_serving, draining, around)
            await trio.sleep(2.5)
            draining.set()
        assert trio.current_time() - began < 6

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    states = [state for _, state in told]
    assert states[0].startswith("READY=1\nMAINPID=77\nSTATUS=ready: ")
    assert [state for state in states if state.startswith("WATCHDOG=1\nSTATUS=ready")] == states[1:3]
    stopping, _, patience = states[3].partition("\nEXTEND_TIMEOUT_USEC=")
    assert stopping == "STOPPING=1"
    assert int(patience) == END_WITHIN * 1_000_000


async def _serving(draining: trio.Event, around: Around, task_status: trio.TaskStatus[object]) -> None:
    await serve(ALONE, simulated(), HINTS, draining, around=around, task_status=task_status)


def test_the_line_says_what_is_wrong_first() -> None:
    async def main() -> None:
        options = msgspec.structs.replace(ALONE, state=StateOptions(database="/nonexistent"))
        async with trio.open_nursery() as nursery:
            running = Running(make_parts(options, simulated(), HINTS, nursery))
            assert status_line(running, 5) == ("not ready: state database: starting (and 1 more)")
            running = Running(asked(make_parts(ALONE, simulated(), HINTS, nursery)))
            assert status_line(running, 5) == "ready: 5 queries a second, 0 names cached, 0 remarks"

    trio.run(main)


def asked(parts: Parts) -> Parts:
    """The parts of a daemon that has asked a server and was answered."""
    parts.counts.upstream.sent = parts.counts.upstream.received = 1
    return parts


def test_it_is_not_ready_before_a_server_was_asked_unless_there_is_none_to_ask() -> None:
    async def ready_after(asked_at: float) -> float:
        """Seconds until READY, of a daemon that asks a server after so many."""
        told: list[str] = []
        ready = trio.Event()

        def notify(state: str) -> None:
            told.append(state)
            if state.startswith("READY=1"):
                ready.set()

        async with trio.open_nursery() as nursery:
            running = Running(make_parts(ALONE, simulated(), HINTS, nursery))
            began = trio.current_time()
            nursery.start_soon(keep_notifying, running, Around(notify=notify), tuple)
            await trio.sleep(asked_at)
            running.parts.counts.upstream.sent += 1
            await ready.wait()
            assert "STATUS=not ready: no server was asked yet" in told
            nursery.cancel_scope.cancel()
            return trio.current_time() - began
        raise AssertionError("it never was")

    async def main() -> None:
        assert 1.0 <= await ready_after(1.0) < 1.2
        assert await ready_after(60.0) >= 5.0

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
