"""Who held the event loop."""

from functools import partial

import trio
from structlog.testing import capture_logs

from resolver.engine import Mesh
from resolver.observe.holders import Holders
from tests.resolver.engine.turned import raise_fault
from tests.resolver.observe.test_turns import Clock


def test_what_held_the_loop_is_named() -> None:
    clock = Clock()

    async def hold() -> None:
        await trio.lowlevel.checkpoint()
        clock.now += 0.01
        await trio.lowlevel.checkpoint()

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(hold)

    with capture_logs() as events:
        trio.run(main, instruments=[Holders(clock)])
    assert [(event["event"], event["milliseconds"]) for event in events] == [("loop_held", 10.0)]
    assert "hold" in str(events[0]["by"])


def test_what_of_the_engines_held_the_loop_is_named() -> None:
    clock = Clock()

    def take_long() -> None:
        clock.now += 0.003

    async def compute() -> None:
        take_long()
        await mesh.sleep(1)

    mesh = Mesh(raise_fault)
    mesh.stopwatch = Holders(clock).watch
    with capture_logs() as events:
        mesh.start(compute(), "client question")
        mesh.turn(1.0, partial(take_long))
        mesh.turn(2.0, lambda: None)
    named = [(str(event["by"]).rpartition(".")[2], event["milliseconds"]) for event in events]
    assert named == [("take_long", 3.0), ("client question", 3.0)]
