"""What the daemon rests on, how it is and since when; and one line when public names fail as a whole."""

from collections.abc import Awaitable, Callable

import msgspec
import structlog
import trio
import trio.testing

from internal_zones import StateOptions
from internal_zones.database import inline
from resolver.cli.doctor import ADVICE
from resolver.daemon.background import A_SECOND, look_each_second
from resolver.daemon.health import JUMP_SHOWN, SILENT_AFTER, Health, Process, check_line
from resolver.daemon.parts import Parts, make_parts
from resolver.dnssec.options import DnssecOptions
from resolver.options import Options
from resolver.service.control_protocol import CheckRow
from tests.resolver.daemon.alone import ALONE, HINTS, simulated
from tests.simulation.env import SimulatedEnv

ROOMY = Process(10, 1024)
Test = Callable[[Health, Parts], Awaitable[None]]


def with_health(test: Test, options: Options = ALONE, ask_kernel: Callable[[], Process | None] = lambda: ROOMY) -> None:
    async def main() -> None:
        async with trio.open_nursery() as nursery:
            parts = make_parts(options, simulated(), HINTS, nursery, inline)
            health = Health(lambda: parts, ask_kernel)
            nursery.start_soon(look_each_second, lambda: parts, {"health": health.look})
            await test(health, parts)
            nursery.cancel_scope.cancel()

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def states(health: Health) -> dict[str, str]:
    return {row.name: row.state for row in health.rows()}


def test_it_is_not_ready_before_somebody_was_asked_and_then_is_whatever_came_of_it() -> None:
    async def test(health: Health, parts: Parts) -> None:
        assert health.problems() == ("no server was asked yet",)
        parts.counts.upstream.sent += 1
        assert health.problems() == ()
        assert health.remarks() == ("no server has answered yet; 1 queries were sent",)
        parts.counts.upstream.received += 1
        await trio.sleep(1.5 * A_SECOND)
        assert states(health)["upstream"] == "ok"

    with_health(test)


def test_who_has_nobody_to_ask_is_ready_after_a_while() -> None:
    async def test(health: Health, parts: Parts) -> None:
        await trio.sleep(6)
        assert health.problems() == ()

    with_health(test)


def test_a_total_outage_is_told_once_and_its_end_once_and_makes_nobody_unready() -> None:
    async def test(health: Health, parts: Parts) -> None:
        counts = parts.counts.upstream
        counts.sent, counts.received = 10, 10
        with structlog.testing.capture_logs() as events:
            await trio.sleep(2)
            for _ in range(60):
                counts.sent += 2
                await trio.sleep(1)
            assert [event["event"] for event in events] == ["public_resolution_fails"]
            assert SILENT_AFTER <= events[0]["seconds"] < SILENT_AFTER + 3 * A_SECOND
            assert health.problems() == ()
            assert "no server answers" in health.remarks()[0]
            counts.sent += 1
            counts.received += 1
            await trio.sleep(60)
            assert [event["event"] for event in events][1:] == ["public_resolution_is_back"]
        assert states(health)["upstream"] == "ok"

    with_health(test)


def test_few_lost_queries_are_no_outage() -> None:
    async def test(health: Health, parts: Parts) -> None:
        parts.counts.upstream.sent = 3
        with structlog.testing.capture_logs() as events:
            await trio.sleep(100)
        assert events == []

    with_health(test)


def test_a_check_tells_since_when_it_is_so() -> None:
    async def test(health: Health, parts: Parts) -> None:
        parts.counts.upstream.sent = 1
        health.look()
        await trio.sleep(10)
        rows = {row.name: row for row in health.rows()}
        assert rows["upstream"].since == 10
        parts.counts.upstream.received = 1
        health.look()
        rows = {row.name: row for row in health.rows()}
        assert (rows["upstream"].state, rows["upstream"].since) == ("ok", 0)
        await trio.sleep(3)
        readings = {reading.name: reading.value for reading in health.readings()}
        assert 2 <= readings["upstream_reply_age_seconds"] <= 4
        assert readings["ready"] == 1

    with_health(test)


def test_a_state_database_that_is_unwell_is_a_problem() -> None:
    async def test(health: Health, parts: Parts) -> None:
        parts.counts.upstream.sent = 1
        assert health.problems() == ("state database: starting",)

    with_health(test, msgspec.structs.replace(ALONE, state=StateOptions(database="/nonexistent/state.db")))


def test_doctor_knows_what_to_do_about_each_check() -> None:
    async def test(health: Health, parts: Parts) -> None:
        assert set(states(health)) <= set(ADVICE)

    with_health(test)


def test_a_file_of_anchors_that_cannot_be_written_is_no_fault_of_the_anchors() -> None:
    async def test(health: Health, parts: Parts) -> None:
        assert states(health)["trust_file"] == "ok"
        assert parts.trusting is not None
        parts.trusting.beliefs.not_saved = "it cannot be written: no space left on device"
        assert (states(health)["trust_file"], states(health)["trust_anchors"]) == ("remark", "ok")

    with_health(test, msgspec.structs.replace(ALONE, dnssec=DnssecOptions(validate=True)))


def test_anchors_of_which_nothing_proves_secure_are_remarked() -> None:
    async def test(health: Health, parts: Parts) -> None:
        parts.counts.dnssec.bogus = 4
        assert states(health)["trust_anchors"] == "remark"
        parts.counts.dnssec.secure = 1
        assert states(health)["trust_anchors"] == "ok"

    with_health(test, msgspec.structs.replace(ALONE, dnssec=DnssecOptions(validate=True)))


def test_a_clock_that_is_behind_is_remarked_and_told_once_where_signatures_are_checked() -> None:
    async def test(health: Health, parts: Parts) -> None:
        with structlog.testing.capture_logs() as told:
            parts.counts.dnssec.clock_behind_current = 86_400
            await trio.sleep(3.5)
            assert states(health)["clock"] == "remark"
            assert any("86400 s behind" in remark for remark in health.remarks())
            parts.counts.dnssec.clock_behind_current = 0
            await trio.sleep(1.5)
            assert states(health)["clock"] == "ok"
        assert [one["event"] for one in told] == ["clock_is_behind", "clock_is_right_again"]

    with_health(test, msgspec.structs.replace(ALONE, dnssec=DnssecOptions(validate=True)))


def test_a_clock_from_before_this_version_is_remarked_where_signatures_are_checked() -> None:
    async def test(health: Health, parts: Parts) -> None:
        assert isinstance(parts.env, SimulatedEnv)
        parts.env.clock_is_off = -parts.env.wall()
        await trio.sleep(JUMP_SHOWN + 2 * A_SECOND)
        assert states(health)["clock"] == ("remark" if parts.options.dnssec.validate else "ok")

    with_health(test, msgspec.structs.replace(ALONE, dnssec=DnssecOptions(validate=True)))
    with_health(test)


def test_a_clock_that_jumps_is_told_once_and_remarked_for_a_while_whoever_looks() -> None:
    async def test(health: Health, parts: Parts) -> None:
        assert isinstance(parts.env, SimulatedEnv)
        await trio.sleep(3)
        with structlog.testing.capture_logs() as told:
            parts.env.clock_is_off = 40.0
            for _ in range(3):
                await trio.sleep(1.5 * A_SECOND)
                assert any("jumped by 40 s" in remark for remark in health.remarks())
            await trio.sleep(JUMP_SHOWN)
            assert states(health)["clock"] == "ok"
        assert [(one["event"], one["seconds"]) for one in told] == [("clock_jumped", 40)]

    with_health(test)


def test_what_the_kernel_says_is_asked_for_once_a_second_whoever_looks() -> None:
    asked: list[float] = []

    def process() -> Process:
        asked.append(trio.current_time())
        return ROOMY

    async def test(health: Health, parts: Parts) -> None:
        for _ in range(20):
            await trio.sleep(A_SECOND / 4)
            health.rows()
        assert len(asked) <= 7

    with_health(test, ask_kernel=process)


def test_descriptors_that_run_out_are_remarked() -> None:
    async def test(health: Health, parts: Parts) -> None:
        assert "1000 of 1024 descriptors are open" in health.remarks()

    with_health(test, ask_kernel=lambda: Process(1000, 1024))


def test_a_long_turn_of_the_loop_is_remarked() -> None:
    async def test(health: Health, parts: Parts) -> None:
        parts.counts.loop.longest_turn = 0.002
        assert states(health)["event_loop"] == "ok"
        parts.counts.loop.longest_turn = 0.25
        assert states(health)["event_loop"] == "remark"
        assert any("took 250.0 ms" in remark for remark in health.remarks())
        [checks] = health.measures()
        assert checks.values["event_loop"] == 0  # type: ignore[index]  # it is a dict

    with_health(test)


def test_a_line_for_people() -> None:
    assert (
        check_line(CheckRow("clock", "ok", "the clock runs evenly", 90.4)) == "clock ok for 90s: the clock runs evenly"
    )
