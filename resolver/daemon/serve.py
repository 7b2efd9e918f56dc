"""The daemon in a world that is handed in, the real one or a simulated one: opens, starts, and drains at the end."""

from functools import partial
from typing import Final

import structlog
import trio

from internal_zones.database import Runner, own_thread
from resolver.daemon.around import NOTHING_AROUND, Around
from resolver.daemon.background import keep_internal, keep_resolving, look_each_second
from resolver.daemon.beliefs import Anchors
from resolver.daemon.counters import Counts
from resolver.daemon.doors import Door, Doors
from resolver.daemon.eyes import Eyes, Switches
from resolver.daemon.failure_log import FailureLog
from resolver.daemon.handover import NotTakenOver, Predecessor
from resolver.daemon.health import check_line
from resolver.daemon.log_switch import LogSwitch
from resolver.daemon.notifying import keep_notifying
from resolver.daemon.parts import NO_ANCHORS, Parts, make_parts
from resolver.daemon.reload import Reloader
from resolver.daemon.running import VERSION, Running
from resolver.daemon.self_test import faults_of_successor
from resolver.daemon.tapping import Tapping, make_tapping
from resolver.daemon.trust_keeper import TrustKeeper
from resolver.daemon.warm import LAST_SAVE
from resolver.daemon.windows import Windows
from resolver.env import Address, Env
from resolver.iterate.delegation import Delegation
from resolver.observe.holders import Holders
from resolver.observe.metrics import Exposition
from resolver.observe.pages import Page, pages
from resolver.options import Options
from resolver.policy.local import NO_LOCAL, Local
from resolver.service.control import serve_control
from resolver.service.draining import DRAIN_SECONDS

log = structlog.get_logger()

# s that the end may take, told to the service manager: what is in flight is answered, the cache saved, the last words written
END_WITHIN: Final = DRAIN_SECONDS + LAST_SAVE + 2.0

Listening = tuple[Address, ...]  # the addresses that clients may ask, once the daemon answers


async def serve(
    options: Options,
    env: Env,
    hints: Delegation,
    draining: trio.Event,
    *,
    run_io: Runner | None = None,
    anchors: Anchors = NO_ANCHORS,
    local: Local = NO_LOCAL,
    around: Around = NOTHING_AROUND,
    counts: Counts | None = None,
    task_status: trio.TaskStatus[Listening] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Be the daemon until cancelled, or until `draining` is set and what is in flight is answered.

    hints: where recursion begins. anchors: of dnssec.trust_anchors. local: of [local]. around: what it is told and whom it tells.
    counts: where some things are counted already.
    run_io: where files are read and written; None: in threads of their own.
    Raises OSError for what cannot be listened on, its address or path as the file name, and NotTakenOver.
    """
    async with trio.open_nursery() as background:
        counts = counts or Counts()
        tapping = make_tapping(options, env, counts, around.connect, VERSION)
        parts = make_parts(
            options, env, hints, background, run_io, anchors=anchors, local=local, counts=counts, tapping=tapping
        )
        if options.log.level == "debug":
            _watch_turns(parts)
        around.when_scarce(parts.boundary.make_room)
        if tapping is not None:
            tapping.start()
        running = Running(parts, around.process)
        parts.handler.tell_failure = FailureLog(lambda: running.parts).note
        keeper = TrustKeeper(lambda: running.parts, run_io or own_thread())
        await keeper.load()
        await background.start(env.drive, parts.mesh)
        await _answer(running, keeper, around, run_io, background, draining, task_status)
        log.info("drained")
        if parts.warm is not None:
            await parts.warm.ended.wait()
        await _end_tapping(running.parts.tapping)
        background.cancel_scope.cancel()


async def _answer(
    running: Running,
    keeper: TrustKeeper,
    around: Around,
    run_io: Runner | None,
    background: trio.Nursery,
    draining: trio.Event,
    task_status: trio.TaskStatus[Listening],
) -> None:
    """Clients, and operators, until `draining` is set and what is in flight is answered."""
    parts = running.parts
    async with trio.open_nursery() as serving:
        # everything is opened before anything is answered: a port that is taken is found before a client is met
        doors = Doors(parts.env.network, parts.handler, parts.mesh, parts.connections, serving)
        opened = await doors.open(parts.options.listen.addresses)
        windows = Windows(parts.env.network, _pages_of(running), background, parts.boundary)
        scopes: dict[str, trio.CancelScope] = {}
        log_switch = LogSwitch(running, around.relog)
        reloader = Reloader(running, doors, windows, background, around, run_io, scopes, log_switch.go_by)
        stepping_down = trio.Event()

        def step_down() -> None:
            stepping_down.set()
            if parts.warm is not None:
                parts.warm.is_given_up = True
            draining.set()

        switches = Switches(reloader.reload, step_down, log_switch, keeper, around)
        eyes = Eyes(running, lambda: doors.addresses, switches)
        await _open_eyes(running, eyes, windows, background)
        await _begin_to_answer(parts, doors, opened, around, background, scopes)
        if parts.warm is not None:
            is_filled = around.predecessor is not None
            background.start_soon(partial(parts.warm.keep, draining, is_filled=is_filled))
        log.info("ready", listening=list(map(str, doors.addresses)))
        task_status.started(doors.addresses)
        background.start_soon(parts.boundary.keep, "reload", reloader.reload_at_hangups)
        looks = {"host": parts.host.look, "health": running.health.look, "log_switch": log_switch.look}
        background.start_soon(look_each_second, lambda: running.parts, looks)
        background.start_soon(parts.boundary.keep, "trust", keeper.keep)
        if around.tells:
            notifying = partial(keep_notifying, running, around, lambda: doors.addresses)
            background.start_soon(parts.boundary.keep, "notifying", notifying)
        await draining.wait()
        around.notify(f"STOPPING=1\nEXTEND_TIMEOUT_USEC={END_WITHIN * 1e6:.0f}")
        doors.drain(gently=stepping_down.is_set())


def _watch_turns(parts: Parts) -> None:
    """Have log lines say what held the loop for long."""
    holders = Holders(parts.env.now)
    trio.lowlevel.add_instrument(holders)
    parts.mesh.stopwatch = holders.watch


def _pages_of(running: Running) -> dict[str, Page]:
    """What is shown over HTTP."""
    exposition = Exposition(running.measures, running.parts.env.now)
    return pages(
        exposition.text,
        exposition.open_text,
        running.problems,
        running.remarks,
        lambda: [check_line(row) for row in running.health.rows()],
    )


async def _begin_to_answer(
    parts: Parts,
    doors: Doors,
    opened: dict[str, Door],
    around: Around,
    background: trio.Nursery,
    scopes: dict[str, trio.CancelScope],
) -> None:
    """At once, or where a daemon answers already when we know what it knows. scopes: of what is begun. Raises NotTakenOver."""
    predecessor = around.predecessor
    if predecessor is None:
        doors.serve(opened)
    scopes["resolving"] = await background.start(keep_resolving, parts)
    if parts.internal is not None:
        scopes["internal"] = await background.start(keep_internal, parts.internal, parts.boundary)
    if predecessor is not None:
        await _succeed(predecessor, parts)
        doors.serve(opened)
        await predecessor.step_down(around.pid)


async def _end_tapping(tapping: Tapping | None) -> None:
    """What was told is written, if that takes no longer than a moment."""
    if tapping is not None:
        tapping.tell_end()
        await trio.to_thread.run_sync(tapping.wait_for_end)


async def _succeed(predecessor: Predecessor, parts: Parts) -> None:
    """Know what the daemon before us knows, and be sure that we can answer. Raises NotTakenOver."""
    await predecessor.bring_cache(parts)
    faults = await faults_of_successor(parts, predecessor.row.problems)
    if faults:
        raise NotTakenOver(f"the daemon with pid {predecessor.row.pid} goes on: {'; '.join(faults)}")


async def _open_eyes(running: Running, eyes: Eyes, windows: Windows, background: trio.Nursery) -> None:
    """The control socket and the metrics, for operators."""
    parts = running.parts
    control = await parts.env.network.listen_unix(parts.options.control.socket)
    try:
        window = await windows.open_other(parts.options.metrics.listen)
    except OSError:
        control.close()
        raise
    windows.replace(window, parts.options.metrics.listen)
    background.start_soon(serve_control, control, eyes, parts.boundary)
