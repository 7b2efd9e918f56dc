"""What the daemon tells of itself beside its counters."""

import trio

from resolver.daemon.parts import make_parts
from resolver.daemon.running import VERSION, Running
from resolver.options import digest
from tests.resolver.daemon.alone import ALONE, HINTS, simulated


def test_a_failed_reload_is_remarked_and_measured_until_one_succeeds() -> None:
    async def main() -> None:
        async with trio.open_nursery() as nursery:
            parts = make_parts(ALONE, simulated(), HINTS, nursery)
            parts.counts.upstream.sent = parts.counts.upstream.received = 1
            running = Running(parts)
            assert running.problems() == running.remarks() == ()
            assert measured(running)["cistern_config_last_reload_successful"] == 1
            running.note_failed_reload()
            assert "the last reload failed" in running.remarks()[0]
            assert measured(running)["cistern_config_last_reload_successful"] == 0
            running.take(running.parts)
            assert running.remarks() == ()

    trio.run(main)


def test_the_version_and_the_config_are_measured() -> None:
    async def main() -> None:
        async with trio.open_nursery() as nursery:
            running = Running(make_parts(ALONE, simulated(), HINTS, nursery))
            found = measured(running)
            assert found["cistern_config_hash"] == digest(ALONE)
            assert found["cistern_config_last_reload_success_timestamp_seconds"] == running.loaded_at
            [build] = [one for one in running.measures() if one.name == "cistern_build_info"]
            assert (build.label, build.values) == ("version", {VERSION: 1})

    trio.run(main)


def measured(running: Running) -> dict[str, float]:
    """The measures without label."""
    return {one.name: one.values[""] for one in running.measures() if isinstance(one.values, dict) and "" in one.values}
