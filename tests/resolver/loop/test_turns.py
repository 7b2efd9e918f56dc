"""The loop's turns, for those who know no mesh."""

from functools import partial

import trio

from tests.resolver.engine.turned import Turned, simulate


def test_an_event_is_a_turn_and_what_is_wanted_at_its_end_comes_after_it() -> None:
    async def test(turned: Turned) -> None:
        seen: list[tuple[str, float]] = []

        def note(what: str) -> None:
            seen.append((what, turned.mesh.now))

        def event() -> None:
            turned.turns.at_end(partial(note, "end"))
            note("event")

        await trio.sleep(1.0)
        turned.turns.turn(event)
        assert seen == [("event", 1.0), ("end", 1.0)]

    simulate(test)


def test_what_is_posted_or_wanted_outside_of_a_turn_has_a_turn_soon() -> None:
    async def test(turned: Turned) -> None:
        posted, ended = trio.Event(), trio.Event()
        await trio.sleep(1.0)
        turned.turns.post(posted.set)
        turned.turns.at_end(ended.set)
        await posted.wait()
        await ended.wait()
        assert trio.current_time() == turned.mesh.now == 1.0

    simulate(test)


def test_an_alarm_rings_at_its_moment_unless_it_is_called_off() -> None:
    async def test(turned: Turned) -> None:
        rung: list[float] = []
        turned.turns.at(2.0, lambda: rung.append(turned.mesh.now))
        turned.turns.at(3.0, lambda: rung.append(turned.mesh.now)).call_off()
        await trio.sleep(5.0)
        assert rung == [2.0]

    simulate(test)
