"""How soon is a commit in the answers, while another process commits a thousand times a second and clients keep asking?"""

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import trio

from cache.answer import Answer
from cache.rrtypes import NOERROR, SERVFAIL
from tests.internal_zones.platform import State, app, machine, write_state
from tests.internal_zones.running import Asker, asking

APPS = 200
QUESTIONS = 5000  # a second
PAUSE = 0.002
PATIENCE = 30  # seconds after the last commit, on the slowest of test machines


@dataclass(slots=True)
class Freshness:
    """delays: seconds from a commit until it was first seen in an answer, sorted; rate: commits a second."""

    rate: int = 0
    asked: int = 0
    stale: int = 0
    sweeping: int = 0
    changes: int = 0
    reads: int = 0
    faults: dict[int | str, int] = field(default_factory=dict)
    delays: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        p50, p99, worst = (percentile(self.delays, share) * 1000 for share in (0.5, 0.99, 1.0))
        return (
            f"visible after p50 {p50:.0f} ms, p99 {p99:.0f} ms, max {worst:.0f} ms ({len(self.delays)} commits watched);"
            f" {self.rate} commits/s, {self.asked} questions, {self.reads} reads,"
            f" {self.sweeping} of {self.changes} changes sweeping"
        )


def percentile(ordered: Sequence[float], share: float) -> float:
    """What that share of the values is at most; infinite when there are none."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("inf")


def measure(
    folder: Path, rate: int, seconds: float, *, questions: int = QUESTIONS, max_wait: float = 0.25
) -> Freshness:
    """Ask a platform of 200 apps while it is committed to. Every watched commit has to be seen, in its order.

    questions: a second, over all apps; max_wait: as the option; nothing is stale, however slow the machine is, when it is long.
    """
    path = folder / "state.db"
    apps = [app(number, f"app{number}", 24) for number in range(1, APPS + 1)]
    machines = [machine(f"{number:04x}", number, 24) for number in range(1, APPS + 1)]
    write_state(path, State(apps=apps, machines=machines))
    return trio.run(partial(_measure, path, rate, seconds, questions, max_wait))


async def _measure(path: Path, rate: int, seconds: float, questions: int, max_wait: float) -> Freshness:
    found = Freshness()
    committed: dict[int, float] = {}
    seen: dict[int, float] = {}
    command = [sys.executable, "-m", "tests.internal_zones.committing", str(path), str(rate), str(seconds), str(APPS)]
    async with asking(path, max_wait=max_wait) as asker, trio.open_nursery() as nursery:
        await asker.ask("app1.internal")
        process = await nursery.start(partial(trio.run_process, command, stdout=subprocess.PIPE, capture_stdout=False))
        nursery.start_soon(_listen, process.stdout, committed, seen, found, nursery.cancel_scope)
        nursery.start_soon(_watch, asker, seen)
        await _keep_asking(asker, questions, found)
    found.delays = sorted(delays(committed, seen))
    counts = asker.zones.counts
    found.changes, found.sweeping, found.reads = counts.changes, counts.sweeping_changes, counts.reads
    found.stale = counts.stale_answers + counts.failures
    found.faults = {**counts.failed_reads, **counts.failed_looks}
    return found


def delays(committed: dict[int, float], seen: dict[int, float]) -> list[float]:
    """A commit that was overtaken by the next one counts as seen when that one was."""
    numbers = sorted(seen)
    return [
        max(0.0, seen[next(later for later in numbers if later >= number)] - at)
        for number, at in committed.items()
        if numbers and number <= numbers[-1]
    ]


async def _listen(
    output: trio.abc.ReceiveStream,
    committed: dict[int, float],
    seen: dict[int, float],
    found: Freshness,
    scope: trio.CancelScope,
) -> None:
    text = b""
    async for octets in output:
        text += octets
    for line in text.splitlines():
        what, value = line.split()
        if what == b"rate":
            found.rate = int(value)
        else:
            committed[int(what)] = float(value)
    with trio.move_on_after(PATIENCE):
        while max(seen, default=-1) < max(committed):  # noqa: ASYNC110  # the watcher has no event for a number
            await trio.sleep(PAUSE)
    scope.cancel()


async def _watch(asker: Asker, seen: dict[int, float]) -> None:
    """Note when each number of the watched machine was first answered."""
    newest = -1
    while True:
        answer = await asker.texts("0001.vm.app1.internal")
        groups = answer[0].split(":")
        number = int(groups[6], 16) if groups[5] == "1" else -1
        assert number >= newest, "answers never go back"
        if number > newest:
            newest = number
            seen[number] = time.monotonic()
        await trio.sleep(0.001)


async def _keep_asking(asker: Asker, questions: int, found: Freshness) -> None:
    """Ask at a steady rate, each question that has to wait in a task of its own, as the daemon does."""

    async def ask(name: str) -> None:
        _check(await asker.ask(name))

    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        while True:
            due = int((trio.current_time() - began) * questions)
            for number in range(found.asked, due):
                name = f"app{number % APPS + 1}.internal"
                answer = asker.find(name)
                if answer is None:
                    nursery.start_soon(ask, name)
                else:
                    _check(answer)
            found.asked = max(found.asked, due)
            await trio.sleep(PAUSE)


def _check(answer: Answer) -> None:
    assert answer.rcode == SERVFAIL or (answer.rcode == NOERROR and answer.answer)
