"""What an operator watches while it happens: one resolution step by step, and the names that are asked most."""

from collections.abc import Sequence

import trio

from cache.answer import Question
from cache.top import Top
from resolver.daemon.parts import Parts
from resolver.errors import LocalTarget, ResolutionFailure
from resolver.observe.trace import Tracer
from resolver.policy.explain import ExplainRow, answer_rows, explain, verdict_row
from resolver.policy.sources import without_rebinding
from resolver.service.rows import LiveRows


async def resolve_watched(parts: Parts, question: Question, rows: LiveRows) -> Sequence[ExplainRow]:
    """Resolve a public name as for a client, its steps sent to `rows` as they are taken; the rows of what came of it."""
    tracer = Tracer(parts.env.now, rows.send_nowait)  # fewer than the channel has room for
    rebind = parts.known.rebind
    try:
        resolving = parts.public.resolve(question, parts.new_budget(watch=tracer))
        answer = without_rebinding(await parts.bridge.wait(resolving, "explain --resolve"), rebind)
    except ResolutionFailure as failure:
        if isinstance(failure, LocalTarget) and rebind == "resolve":
            return explain(parts.known, question, parts.env.now())  # the rest differs by client
        known = explain(parts.known, question, parts.env.now())[:-1]  # how far it got
        return [*known, verdict_row(failure.answer())]
    finally:
        tracer.end()
    return answer_rows(answer, question, parts.env.now())


async def watch_top(parts: Parts, most: int, interval: float, frames: int, rows: LiveRows) -> None:
    """Send a frame each `interval` seconds, `frames` times or (0) until cancelled."""
    top = Top(parts.cache, most)
    await _look(top)
    top.frame(parts.env.now())  # the beginning, of which nothing can be told yet
    sent = 0
    while not frames or sent < frames:
        await trio.sleep(interval)
        await _look(top)
        await rows.send(top.frame(parts.env.now()))
        sent += 1


async def _look(top: Top) -> None:
    for _ in top.look():
        await trio.lowlevel.checkpoint()
