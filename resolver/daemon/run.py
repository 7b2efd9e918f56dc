"""From options to an exit code: the real world around the daemon, and the signals that end it."""

import contextlib
import errno
import gc
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Final

import structlog
import trio

from resolver.daemon.around import Around
from resolver.daemon.prepared import Prepared, log_what_is_read, prepare
from resolver.daemon.serve import serve
from resolver.env import Env
from resolver.observe.log import configure_log
from resolver.options import Options
from resolver.real_env import RealEnv

EXIT_OK: Final = 0
EXIT_FAILURE: Final = 1
COLLECTOR_THRESHOLDS: Final = (20_000, 50, 100)  # allocations, and collections of the younger generation
ENDING_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

log = structlog.get_logger()


def run(prepared: Prepared, config: Path) -> int:
    """Run the daemon until SIGTERM or SIGINT; returns the exit code and logs why. config: the file to read at SIGHUP."""
    options = prepared.options
    configure_log(options.log, sys.stderr)
    log_what_is_read(prepared)
    tune_collector()
    unopened: list[OSError] = []
    try:
        trio.run(_serve_until_signal, prepared, RealEnv(), config)
    except* OSError as errors:
        unopened = leaves(errors)
    for unopenable in unopened:
        trio.run(_report_socket, unopenable, options)
    return EXIT_FAILURE if unopened else EXIT_OK


def tune_collector() -> None:
    """Have the garbage collector look rarely at what hardly ever is garbage: the program itself, and the cache.

    Reference counts free nearly everything; what is left is a few cycles per question waited for. With CPython's own
    thresholds the collector took a tenth of the CPU of a cache miss (`make bench-peers`, misses).
    """
    gc.freeze()
    gc.set_threshold(*COLLECTOR_THRESHOLDS)


def leaves(errors: ExceptionGroup[OSError]) -> list[OSError]:
    """The errors in a group of groups."""
    found: list[OSError] = []
    for error in errors.exceptions:
        found += leaves(error) if isinstance(error, ExceptionGroup) else [error]
    return found


async def _serve_until_signal(prepared: Prepared, env: Env, config: Path) -> None:
    draining = trio.Event()
    hangup, hangups = trio.open_memory_channel[None](1)
    around = Around(
        read=partial(trio.to_thread.run_sync, prepare, config),
        hangups=hangups,
        relog=lambda options: configure_log(options, sys.stderr),
    )
    async with trio.open_nursery() as nursery:
        with trio.open_signal_receiver(*ENDING_SIGNALS, signal.SIGHUP) as signals:
            nursery.start_soon(_serve_and_end, prepared, env, draining, around, nursery.cancel_scope)
            async for number in signals:
                if number == signal.SIGHUP:
                    with contextlib.suppress(trio.WouldBlock):  # one waits already, and will read the same file
                        hangup.send_nowait(None)
                    continue
                log.info("stopping", signal=signal.Signals(number).name)
                if draining.is_set():  # asked twice: at once
                    nursery.cancel_scope.cancel()
                draining.set()


async def _serve_and_end(
    prepared: Prepared, env: Env, draining: trio.Event, around: Around, whole: trio.CancelScope
) -> None:
    await serve(prepared.options, env, prepared.hints, draining, anchors=prepared.anchors, around=around)
    whole.cancel()


async def _report_socket(error: OSError, options: Options) -> None:
    """Say what could not be opened, and who has it where that can be known."""
    held_by = ""
    if error.errno == errno.EADDRINUSE and await _answers(options.control.socket):
        held_by = f"another cistern, which answers on {options.control.socket}"
    log.error("cannot_listen", address=error.filename, reason=error.strerror, held_by=held_by or "unknown")


async def _answers(path: str) -> bool:
    """Does somebody accept connections on this control socket?"""
    try:
        stream = await RealEnv().network.open_unix(path)
    except OSError:
        return False
    await stream.aclose()
    return True
