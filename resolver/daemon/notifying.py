"""What the service manager is told: that the daemon answers, how it is, and that its event loop turns."""

from collections.abc import Callable, Sequence
from typing import Final, Never

import structlog
import trio

from resolver.daemon.around import Around
from resolver.daemon.running import Running
from resolver.daemon.self_test import answers
from resolver.env import Address

EVERY: Final = 10.0  # s between two lines of state, unless the watchdog wants to hear more often
PROBE: Final = 0.1  # s between two looks whether a server was asked: priming does so at the start, by itself
RETRY: Final = 1.0  # s between two self-tests, as long as nothing is answered
MAX_LAG: Final = 1.0  # s that the loop may be late and still be told as turning; a batch takes some ms

log = structlog.get_logger()


async def keep_notifying(running: Running, around: Around, addresses: Callable[[], Sequence[Address]]) -> Never:
    """Say READY once a query at each address is answered and a server was asked, or none could be within some seconds.

    From then on say STATUS and WATCHDOG, for ever.
    """
    env = running.parts.env
    while not all([await answers(env, address) for address in addresses()]):
        around.notify("STATUS=not ready: no answer came to a query of its own")
        log.error("self_test_failed", listening=list(map(str, addresses())))
        await trio.sleep(RETRY)
    while running.health.is_first_try_due():
        around.notify("STATUS=not ready: no server was asked yet")
        await trio.sleep(PROBE)
    around.notify(f"READY=1\nMAINPID={around.pid}\nSTATUS={status_line(running, 0.0)}")
    pause = min(EVERY, around.watchdog / 3) if around.watchdog else EVERY
    before, queries = env.now(), 0
    while True:
        await trio.sleep(pause)
        now, service = env.now(), running.parts.counts.service
        asked = service.queries_udp + service.queries_tcp
        lag, rate = now - before - pause, (asked - queries) / (now - before)
        before, queries = now, asked
        if lag < MAX_LAG:
            around.notify(f"WATCHDOG=1\nSTATUS={status_line(running, rate)}")
        else:
            log.warning("event_loop_late", seconds=round(lag, 3))


def status_line(running: Running, rate: float) -> str:
    """The daemon in one line. rate: queries a second."""
    problems = running.problems()
    if problems:
        return f"not ready: {problems[0]}" + (f" (and {len(problems) - 1} more)" if len(problems) > 1 else "")
    parts = running.parts
    return (
        f"ready: {rate:.0f} queries a second, {len(parts.memory.cache)} names cached, {len(running.remarks())} remarks"
    )
