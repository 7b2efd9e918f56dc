"""More is logged for a while, and then as much as before."""

from collections.abc import Awaitable, Callable

import trio
import trio.testing

from resolver.daemon.background import look_each_second
from resolver.daemon.log_switch import LogSwitch
from resolver.daemon.parts import make_parts
from resolver.daemon.running import Running
from resolver.observe.options import LogOptions
from resolver.service.control_protocol import LogLevel, LogQueries, LogRow, LogShow
from tests.resolver.daemon.alone import ALONE, HINTS, simulated

AS_CONFIGURED = LogRow("info", None, "off", None, None)


class Looks(list[LogOptions]):
    """How the log was told to look, one after the other."""


def with_switch(test: Callable[[LogSwitch, Running, Looks], Awaitable[None]]) -> None:
    async def main() -> None:
        async with trio.open_nursery() as nursery:
            running, looks = Running(make_parts(ALONE, simulated(), HINTS, nursery)), Looks()
            switch = LogSwitch(running, looks.append)
            nursery.start_soon(look_each_second, lambda: running.parts, {"log_switch": switch.look})
            await test(switch, running, looks)
            nursery.cancel_scope.cancel()

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_a_level_lasts_as_long_as_was_said() -> None:
    async def test(switch: LogSwitch, running: Running, looks: Looks) -> None:
        assert switch.change(LogShow()) == AS_CONFIGURED
        assert switch.change(LogLevel("debug", 60.0)) == LogRow("debug", 60.0, "off", None, None)
        assert looks == [LogOptions(level="debug")]
        await trio.sleep(30)
        assert switch.change(LogShow()).level_for == 30.0
        await trio.sleep(32)
        assert looks == [LogOptions(level="debug"), LogOptions()]
        assert switch.change(LogShow()) == AS_CONFIGURED

    with_switch(test)


def test_a_level_can_be_taken_back_and_a_reload_takes_it_back() -> None:
    async def test(switch: LogSwitch, running: Running, looks: Looks) -> None:
        switch.change(LogLevel("debug"))
        assert switch.change(LogLevel("")) == AS_CONFIGURED
        switch.change(LogLevel("error"))
        switch.go_by(LogOptions(format="json"))
        assert switch.change(LogShow()) == AS_CONFIGURED
        assert [look.level for look in looks] == ["debug", "info", "error", "info"]
        assert looks[-1].format == "json"

    with_switch(test)


def test_queries_are_logged_as_long_as_was_said_or_until_it_is_off_or_a_reload() -> None:
    async def test(switch: LogSwitch, running: Running, looks: Looks) -> None:
        handler = running.parts.handler
        assert handler.tap is None
        assert switch.change(LogQueries("all", 24, 60.0)) == LogRow("info", None, "all", 24, 60.0)
        assert handler.tap is not None
        await trio.sleep(62)
        assert handler.tap is None
        switch.change(LogQueries("sampled"))
        assert handler.tap is not None
        assert switch.change(LogQueries("off")) == AS_CONFIGURED
        assert handler.tap is None
        switch.change(LogQueries("all"))
        switch.go_by(LogOptions())  # a reload
        assert switch.change(LogShow()) == AS_CONFIGURED
        assert handler.tap is None

    with_switch(test)
