"""What goes on beside the answering ends with its scope, and an earlier one's only when nothing needs it."""

from collections.abc import Callable
from functools import partial

import trio
import trio.testing

from internal_zones import StateOptions
from internal_zones.database import inline
from resolver.daemon.background import RETIREMENT, keep_internal, keep_resolving, look_each_second, retire
from resolver.daemon.parts import internal_zones, make_parts
from tests.resolver.daemon.alone import ALONE, HINTS, simulated
from tests.resolver.observe.bounded import new_boundary

run = partial(trio.run, clock=trio.testing.MockClock(autojump_threshold=0))


def test_resolving_is_kept_until_its_scope_is_cancelled() -> None:
    async def main() -> None:
        async with trio.open_nursery() as flights, trio.open_nursery() as nursery:
            env = simulated()
            parts = make_parts(ALONE, env, HINTS, flights)
            await flights.start(env.drive, parts.mesh)
            scope = await nursery.start(keep_resolving, parts)
            await trio.sleep(30)
            assert parts.counts.iterate.primings_failed  # nobody answers here, and it is tried
            scope.cancel()
            failed = parts.counts.iterate.primings_failed
            await trio.sleep(300)
            assert parts.counts.iterate.primings_failed == failed
            flights.cancel_scope.cancel()

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_a_state_database_is_watched_until_its_scope_retires() -> None:
    async def main() -> None:
        env = simulated()
        parts_counts = None
        async with trio.open_nursery() as flights, trio.open_nursery() as nursery:
            parts = make_parts(ALONE, env, HINTS, flights)
            parts_counts = parts.counts.internal
            options = ALONE.__class__(state=StateOptions(database="/nonexistent/state.db"))
            internal = internal_zones(options, env, parts.mesh, parts_counts, inline)
            assert internal is not None
            scope = await nursery.start(keep_internal, internal, new_boundary())
            began = trio.current_time()
            nursery.start_soon(retire, scope)
            await trio.sleep(RETIREMENT - 0.1)
            assert not scope.cancelled_caught
        assert scope.cancelled_caught
        assert trio.current_time() - began >= RETIREMENT

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_a_fault_of_what_looks_each_second_ends_neither_it_nor_the_others() -> None:
    async def main() -> None:
        async with trio.open_nursery() as nursery:
            parts = make_parts(ALONE, simulated(), HINTS, nursery)
            looked_at: list[float] = []

            def stumble() -> None:
                raise ZeroDivisionError

            looks: dict[str, Callable[[], None]] = {
                "health": stumble,
                "log_switch": lambda: looked_at.append(trio.current_time()),
            }
            nursery.start_soon(look_each_second, lambda: parts, looks)
            await trio.sleep(3.5)
            assert (len(looked_at), parts.counts.fault.met) == (3, {"health": 3})
            nursery.cancel_scope.cancel()

    run(main)
