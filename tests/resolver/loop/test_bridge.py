"""Trio waits for the mesh, and the mesh for trio."""

from functools import partial

import pytest
import trio

from resolver.engine import Landing
from resolver.errors import NoReachableAuthority
from tests.resolver.engine.turned import Turned, simulate


def test_trio_gets_what_the_mesh_brings() -> None:
    async def test(turned: Turned) -> None:
        async def work() -> int:
            await turned.mesh.sleep(2.0)
            return 7

        assert await turned.bridge.wait(work()) == 7
        assert trio.current_time() == 2.0

    simulate(test)


def test_what_needs_no_waiting_is_there_at_once() -> None:
    async def test(turned: Turned) -> None:
        async def work() -> float:
            return turned.mesh.now

        await trio.sleep(3.0)
        assert await turned.bridge.wait(work()) == 3.0

    simulate(test)


@pytest.mark.parametrize("failure", [NoReachableAuthority("silent"), ZeroDivisionError()])
def test_what_the_mesh_raises_is_raised_where_it_is_waited_for(failure: Exception) -> None:
    """And reported nowhere else: the kit would fail the test."""

    async def test(turned: Turned) -> None:
        async def work() -> None:
            await turned.mesh.sleep(1.0)
            raise failure

        with pytest.raises(type(failure)) as met:
            await turned.bridge.wait(work())
        assert met.value is failure

    simulate(test)


def test_who_is_cancelled_leaves_the_work_to_go_on() -> None:
    async def test(turned: Turned) -> None:
        ended: list[float] = []

        async def work() -> None:
            await turned.mesh.sleep(2.0)
            ended.append(turned.mesh.now)

        with trio.move_on_after(1.0) as scope:
            await turned.bridge.wait(work())
        assert scope.cancelled_caught
        await trio.sleep(2.0)
        assert ended == [2.0]

    simulate(test)


def test_the_mesh_gets_what_trio_brings() -> None:
    async def test(turned: Turned) -> None:
        async def outside(number: int) -> int:
            await trio.sleep(1.5)
            return number

        async def work() -> tuple[int, float]:
            return await turned.bridge.outside(partial(outside, 7)), turned.mesh.now

        assert await turned.bridge.wait(work()) == (7, 1.5)

    simulate(test)


def test_what_trio_raises_is_raised_in_the_mesh() -> None:
    async def test(turned: Turned) -> None:
        async def outside() -> None:
            await trio.sleep(1.0)
            raise ZeroDivisionError

        async def work() -> str:
            try:
                await turned.bridge.outside(outside)
            except ZeroDivisionError:
                return "met"
            return "not met"

        assert await turned.bridge.wait(work()) == "met"

    simulate(test)


def test_while_one_waits_for_trio_the_others_go_on() -> None:
    async def test(turned: Turned) -> None:
        steps: list[str] = []
        landing = Landing()

        async def outside() -> None:
            await trio.sleep(2.0)

        async def slow() -> None:
            await turned.bridge.outside(outside)
            steps.append("slow")

        async def quick() -> None:
            await turned.mesh.landed(landing)
            steps.append("quick")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(turned.bridge.wait, slow())
            nursery.start_soon(turned.bridge.wait, quick())
            await trio.sleep(1.0)
            turned.do(landing.land)
        assert steps == ["quick", "slow"]

    simulate(test)
