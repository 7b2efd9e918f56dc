"""What an operator watches while it happens: one resolution step by step, and the names that are asked most."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

import trio

from cache.answer import Question
from cache.top import Top
from internal_zones import ChangeRow
from resolver.daemon.parts import Parts
from resolver.errors import LocalTarget, ResolutionFailure
from resolver.observe.trace import Tracer
from resolver.policy.explain import ExplainRow, answer_rows, explain, verdict_row
from resolver.service.rows import LiveRows

SUCCESSION: Final = 1.0  # s; until it is seen that a reload has begun to read another database


async def resolve_watched(parts: Parts, question: Question, rows: LiveRows) -> Sequence[ExplainRow]:
    """Resolve a public name as for a client, its steps sent to `rows` as they are taken; the rows of what came of it."""
    tracer = Tracer(parts.env.now, rows.send_nowait)  # fewer than the channel has room for
    guard, budget, trace = parts.known.guard, parts.new_budget(), parts.mesh.trace
    trace.begin(budget, tracer)
    try:
        resolving = parts.public.resolve(question, budget)
        answer = guard.watched(await parts.bridge.wait(resolving, "explain --resolve"))
    except ResolutionFailure as failure:
        if isinstance(failure, LocalTarget) and guard.rebind == "resolve":
            return explain(parts.known, question, parts.env.now())  # the rest differs by client
        known = explain(parts.known, question, parts.env.now())[:-1]  # how far it got
        return [*known, verdict_row(failure.answer())]
    finally:
        trace.end(budget)
        tracer.end()
    return answer_rows(answer, question, parts.env.now())


async def watch_top(parts: Parts, most: int, interval: float, frames: int, rows: LiveRows) -> None:
    """Send a frame each `interval` seconds, `frames` times or (0) until cancelled."""
    top = Top(parts.memory.cache, most)
    await _look(top)
    top.frame(parts.env.now())  # the beginning, of which nothing can be told yet
    sent = 0
    while not frames or sent < frames:
        await trio.sleep(interval)
        await _look(top)
        await rows.send(top.frame(parts.env.now()))
        sent += 1


async def watch_changes(parts: Callable[[], Parts], network: int | None, app: str, rows: LiveRows) -> None:
    """Send each change of the state database as it becomes visible, until cancelled; what is not read in time is left out. parts:
    those of now.

    A change of which nobody can tell whose it is, is everybody's.
    """

    def take(row: ChangeRow) -> None:
        is_wanted = network is None or row.network == network
        if row.network is None or (is_wanted and app.lower() in ("", row.app.lower())):
            with suppress(trio.WouldBlock, trio.BrokenResourceError):
                rows.send_nowait(row)

    while True:
        internal = parts().internal
        if internal is None:
            return
        with internal.news.heard_by(take):
            while parts().internal is internal:  # noqa: ASYNC110  # a reload puts another one in its place, and tells nobody
                await trio.sleep(SUCCESSION)


async def _look(top: Top) -> None:
    for _ in top.look():
        await trio.lowlevel.checkpoint()
