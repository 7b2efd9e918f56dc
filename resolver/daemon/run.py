"""From options to an exit code: the real world around the daemon, and the signals that end it."""

import errno
import gc
import signal
import sys
from pathlib import Path
from typing import Final

import structlog
import trio

from cache.names import ROOT, to_text
from resolver.daemon.serve import serve
from resolver.daemon.trust import Anchors, read_anchors
from resolver.dnssec.anchors import BadAnchors
from resolver.env import Env
from resolver.iterate import BadHints, built_in_hints, configured, parse_hints
from resolver.iterate.delegation import Delegation, Origin
from resolver.observe.log import configure_log
from resolver.options import Options
from resolver.real_env import RealEnv

EXIT_OK: Final = 0
EXIT_FAILURE: Final = 1
EXIT_USAGE: Final = 2
COLLECTOR_THRESHOLDS: Final = (20_000, 50, 100)  # allocations, and collections of the younger generation
ENDING_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

log = structlog.get_logger()


def run(options: Options) -> int:
    """Run the daemon until SIGTERM or SIGINT; returns the exit code and logs why."""
    configure_log(options.log, sys.stderr)
    try:
        hints = read_hints(options)
    except (OSError, BadHints) as error:
        log.error("bad_root_hints", file=options.recursion.root_hints, reason=str(error))
        return EXIT_USAGE
    try:
        anchors = read_anchors(options.dnssec)
    except (OSError, BadAnchors) as error:
        log.error("bad_trust_anchors", file=options.dnssec.trust_anchors, reason=str(error))
        return EXIT_USAGE
    if options.dnssec.validate:
        log.info("dnssec_validated", anchors=[to_text(zone) for zone in anchors])
    tune_collector()
    unopened: list[OSError] = []
    try:
        trio.run(_serve_until_signal, options, RealEnv(), hints, anchors)
    except* OSError as errors:
        unopened = leaves(errors)
    for unopenable in unopened:
        trio.run(_report_socket, unopenable, options)
    return EXIT_FAILURE if unopened else EXIT_OK


def read_hints(options: Options) -> Delegation:
    """Where recursion begins: the root's own configured servers, or its hints. Raises OSError and BadHints.

    An empty file is good enough: beside forward or stub zones nothing else is resolved then, and without any recursion
    begins at the root servers known to this version. Either is said.
    """
    zones = configured(options.forward, options.stub)
    root = zones.get(ROOT)
    has_fallback = root is not None and root.origin is Origin.FORWARD_FIRST
    if root is not None and not has_fallback:
        return root
    text = Path(options.recursion.root_hints).read_text()
    if text.strip():
        return parse_hints(text, options.recursion.port)
    if zones and not has_fallback:
        log.warning("no_root_hints", resolved_only=[to_text(zone) for zone in zones])
        return Delegation(zone=ROOT, origin=Origin.HINTS, servers=())
    log.warning("built_in_root_hints", empty=options.recursion.root_hints)
    return built_in_hints(options.recursion.port)


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


async def _serve_until_signal(options: Options, env: Env, hints: Delegation, anchors: Anchors) -> None:
    draining = trio.Event()
    async with trio.open_nursery() as nursery:
        with trio.open_signal_receiver(*ENDING_SIGNALS) as signals:
            nursery.start_soon(_serve_and_end, options, env, hints, anchors, draining, nursery.cancel_scope)
            async for number in signals:
                log.info("stopping", signal=signal.Signals(number).name)
                if draining.is_set():  # asked twice: at once
                    nursery.cancel_scope.cancel()
                draining.set()


async def _serve_and_end(
    options: Options, env: Env, hints: Delegation, anchors: Anchors, draining: trio.Event, whole: trio.CancelScope
) -> None:
    await serve(options, env, hints, draining, anchors=anchors)
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
