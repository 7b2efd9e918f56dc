"""From options to an exit code: the real world around the daemon, and the signals that end it."""

import contextlib
import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import structlog
import trio

from cache.options import CacheOptions
from resolver.daemon.around import Around
from resolver.daemon.counters import Counts
from resolver.daemon.descriptors import fit, raise_limit
from resolver.daemon.handover import NotTakenOver, Predecessor, meet
from resolver.daemon.health import Process
from resolver.daemon.prepared import Prepared, log_what_is_read, prepare
from resolver.daemon.serve import serve
from resolver.env import Env, source_ports
from resolver.loop import BESIDE, Collecting
from resolver.observe.log import configure_log
from resolver.observe.log_writer import writer_to
from resolver.observe.options import LogOptions
from resolver.observe.turns import Turns
from resolver.options import Options
from resolver.real_env import RealEnv, reserved_ports
from resolver.real_env_inherited import passed_sockets
from resolver.real_env_loop import Loop
from resolver.real_env_notify import is_journal, notifier, watchdog_seconds
from resolver.real_env_process import descriptors, resident
from resolver.real_env_unix import connect_and_wait

EXIT_OK: Final = 0
EXIT_FAILURE: Final = 1
ENDING_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
# s for which a thread that computes keeps the loop waiting, at most: with CPython's 5 ms, who asked while an app of 10,000
# machines was read waited for so long, again and again
HANDED_OVER: Final = 0.0005
IGNORED_SIGNALS: Final = (signal.SIGUSR1,)  # it ends a process that does not say otherwise

Relog = Callable[[LogOptions], None]

E = TypeVar("E", bound=Exception)

log = structlog.get_logger()


def run(prepared: Prepared, config: Path, *, replace: bool = False) -> int:
    """Run the daemon until SIGTERM, SIGINT or SIGQUIT; returns the exit code and logs why.

    config: the file to read at SIGHUP. replace: take the place of the daemon that answers on the control socket, if one does.
    """
    descriptors = raise_limit()
    wanted, prepared = prepared.options.limits, fit(prepared, descriptors)
    options, counts = prepared.options, Counts()
    unopened: list[OSError] = []
    refused: list[NotTakenOver] = []
    with _logging(options, counts) as relog:
        log_what_is_read(prepared)
        if options.limits != wanted:
            fitting = {"in_flight": options.limits.in_flight, "tcp_connections": options.limits.tcp_connections}
            log.warning("limits_fitted", descriptors=descriptors, **fitting)
        env = RealEnv()
        care_for(env.loop, counts, options.cache)
        env.network.source_ports = source_ports(options.recursion.avoid_ports, reserved_ports())
        env.network.inherited.add(passed_sockets(os.environ, os.getpid()))
        try:
            env.loop.run(_serve_until_signal, prepared, env, config, counts, relog, replace, descriptors)
        except* NotTakenOver as refusals:
            refused = leaves(refusals)
        except* OSError as errors:
            unopened = leaves(errors)
        for refusal in refused:
            log.error("not_taken_over", reason=str(refusal))
        for unopenable in unopened:
            trio.run(_report_socket, unopenable, options)
    return EXIT_FAILURE if unopened or refused else EXIT_OK


def care_for(loop: Loop, counts: Counts, cache: CacheOptions) -> None:
    """Have its turns measured and tidied up after, and never wait long for a thread: of the process that is a daemon."""
    collecting = Collecting(counts.resolve, resident, cache.max_octets + BESIDE)
    collecting.begin()
    sys.setswitchinterval(HANDED_OVER)
    loop.tidy = collecting.look
    loop.note_turn = Turns(counts.loop).note


@contextmanager
def _logging(options: Options, counts: Counts) -> Iterator[Relog]:
    """The log goes to the standard error stream while the block runs, if there is one; what has it look another way."""
    if sys.stderr is None:
        silent = partial(configure_log, put=lambda line: None)
        silent(options.log)
        yield silent
        return
    writer = writer_to(sys.stderr.fileno(), counts.log)
    relog = partial(
        configure_log,
        put=writer.put,
        is_terminal=sys.stderr.isatty(),
        is_journal=is_journal(os.environ, sys.stderr.fileno()),
        note_lost=counts.log.note_lost,
    )
    relog(options.log)
    writer.start()
    try:
        yield relog
    finally:
        writer.end()


def leaves(errors: ExceptionGroup[E]) -> list[E]:
    """The errors in a group of groups."""
    found: list[E] = []
    for error in errors.exceptions:
        found += leaves(error) if isinstance(error, ExceptionGroup) else [error]
    return found


async def _serve_until_signal(
    prepared: Prepared, env: RealEnv, config: Path, counts: Counts, relog: Relog, replace: bool, descriptors: int
) -> None:
    draining = trio.Event()
    hangup, hangups = trio.open_memory_channel[None](1)
    notify = notifier(os.environ)
    around = Around(
        # a file that does not come, from a network perhaps, keeps nobody from ending
        read=partial(trio.to_thread.run_sync, lambda: fit(prepare(config), descriptors), abandon_on_cancel=True),
        hangups=hangups,
        relog=relog,
        notify=notify or _tell_nobody,
        tells=notify is not None,
        watchdog=watchdog_seconds(os.environ, os.getpid()),
        hand=env.network.hand_sockets,
        predecessor=await _predecessor(env, prepared.options.control.socket) if replace else None,
        pid=os.getpid(),
        process=this_process,
        connect=connect_and_wait,
        when_scarce=partial(setattr, env.loop.reserve, "shed"),
    )
    async with trio.open_nursery() as nursery:
        with trio.open_signal_receiver(*ENDING_SIGNALS, *IGNORED_SIGNALS, signal.SIGHUP, signal.SIGUSR2) as signals:
            nursery.start_soon(_serve_and_end, prepared, env, draining, around, nursery.cancel_scope, counts)
            async for number in signals:
                if number == signal.SIGHUP:
                    with contextlib.suppress(trio.WouldBlock):  # one waits already, and will read the same file
                        hangup.send_nowait(None)
                    continue
                if number == signal.SIGUSR2:
                    nursery.start_soon(_start_successor, config)
                    continue
                if number in IGNORED_SIGNALS:
                    log.warning("signal_ignored", signal=signal.Signals(number).name)
                    continue
                log.info("stopping", signal=signal.Signals(number).name)
                if draining.is_set():  # asked twice: at once
                    nursery.cancel_scope.cancel()
                draining.set()


async def _start_successor(config: Path) -> None:
    """Start the program as it stands on the disk now, to take our place; in our control group, where its manager looks."""
    command = [sys.executable, "-m", "resolver.cli", "serve", "--replace", "--config", str(config)]
    try:
        process = await trio.lowlevel.open_process(command, stdin=subprocess.DEVNULL)
    except OSError as error:
        log.error("successor_not_started", reason=error.strerror)
        return
    log.info("successor_started", pid=process.pid)
    code = await process.wait()  # it goes on after us, unless it ends before it has taken over
    log.error("successor_ended", code=code)


async def _predecessor(env: RealEnv, path: str) -> Predecessor | None:
    """The daemon that is to be replaced, its sockets ours; None: nobody is there. Raises NotTakenOver."""
    network = env.network
    found = await meet(lambda: network.open_unix(path), network.inherit, network.publish, network.pid_of)
    if found is None:
        log.info("nobody_to_replace", socket=path)
    network.replaces = found is not None
    return found


def this_process() -> Process | None:
    """What the kernel says of it."""
    found = descriptors()
    return None if found is None else Process(*found)


def _tell_nobody(state: str) -> None:
    """There is no service manager."""


async def _serve_and_end(
    prepared: Prepared,
    env: Env,
    draining: trio.Event,
    around: Around,
    whole: trio.CancelScope,
    counts: Counts,
) -> None:
    await serve(
        prepared.options,
        env,
        prepared.hints,
        draining,
        anchors=prepared.anchors,
        local=prepared.local,
        around=around,
        counts=counts,
    )
    whole.cancel()


async def _report_socket(error: OSError, options: Options) -> None:
    """Say what could not be opened, and who has it where that can be known."""
    held_by = ""
    pid = await _listens(options.control.socket) if error.errno == errno.EADDRINUSE else None
    if pid is not None:
        held_by = f"another cistern, pid {pid}, which listens on {options.control.socket}; --replace takes its place"
    log.error("cannot_listen", address=error.filename, reason=error.strerror, held_by=held_by or "unknown")


async def _listens(path: str) -> int | None:
    """The process that listens on this control socket, whether or not it still answers."""
    network = RealEnv().network
    try:
        stream = await network.open_unix(path)
    except OSError:
        return None
    pid = network.pid_of(stream)
    await stream.aclose()
    return pid
