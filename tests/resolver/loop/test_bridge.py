"""Trio waits for the mesh."""

import pytest
import trio

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
