"""The daemon in a world that is handed in, the real one or a simulated one: opens, starts, and drains at the end."""

from contextlib import ExitStack
from functools import partial
from typing import Final

import structlog
import trio

from internal_zones.database import Runner
from resolver.daemon.eyes import Eyes
from resolver.daemon.parts import NO_ANCHORS, Parts, make_parts
from resolver.daemon.trust import Anchors
from resolver.env import Address, Env, address_from_text
from resolver.iterate import keep_primed
from resolver.iterate.delegation import Delegation
from resolver.observe.http import pages, serve_http
from resolver.observe.metrics import exposition
from resolver.options import Options
from resolver.service.control import serve_control
from resolver.service.tcp import serve_tcp
from resolver.service.udp import serve_udp

ANY_PORT_TRIES: Final = 5  # port 0: UDP's choice may be taken for TCP

log = structlog.get_logger()

Listening = tuple[Address, ...]  # the addresses that clients may ask, once the daemon answers


async def serve(
    options: Options,
    env: Env,
    hints: Delegation,
    draining: trio.Event,
    *,
    run_io: Runner | None = None,
    anchors: Anchors = NO_ANCHORS,
    task_status: trio.TaskStatus[Listening] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Be the daemon until cancelled, or until `draining` is set and what is in flight is answered.

    hints: where recursion begins. anchors: of dnssec.trust_anchors.
    run_io: where files are read and written; None: in threads of their own.
    Raises OSError for what cannot be listened on, its address or path as the file name.
    """
    async with trio.open_nursery() as background:
        parts = make_parts(options, env, hints, background, run_io, anchors=anchors)
        async with trio.open_nursery() as serving:
            # everything is opened before anything is answered: a port that is taken is found before a client is met
            addresses = [await _listen(text, parts, serving, draining) for text in options.listen.addresses]
            await _open_eyes(parts, tuple(map(str, addresses)), background)
            background.start_soon(
                partial(
                    keep_primed,
                    env,
                    parts.iterator,
                    parts.cache,
                    parts.new_budget,
                    parts.counts.iterate,
                    is_for_clients=parts.trusting is None,
                )
            )
            background.start_soon(parts.refresher.run)
            if parts.warm is not None:
                background.start_soon(parts.warm.keep, draining)
            if parts.internal is not None:
                await background.start(parts.internal.run)
            log.info("ready", listening=[str(address) for address in addresses])
            task_status.started(tuple(addresses))
        log.info("drained")
        if parts.warm is not None:
            await parts.warm.ended.wait()
        background.cancel_scope.cancel()


async def _listen(text: str, parts: Parts, serving: trio.Nursery, draining: trio.Event) -> Address:
    """Serve one address over both transports; the address with the port that it really has."""
    network = parts.env.network
    udp = await network.listen_udp(address_from_text(text))
    try:
        tcp = await network.listen_tcp(udp.address)
    except OSError:
        udp.close()
        raise
    serving.start_soon(serve_udp, udp, parts.handler, draining)
    serving.start_soon(serve_tcp, tcp, parts.handler, parts.connections, draining)
    return udp.address


async def _open_eyes(parts: Parts, listening: tuple[str, ...], background: trio.Nursery) -> None:
    """The control socket and the metrics, for operators."""
    network, options = parts.env.network, parts.options
    with ExitStack() as opened:
        control = await network.listen_unix(options.control.socket)
        opened.callback(control.close)
        if options.metrics.listen:
            http = await network.listen_tcp(address_from_text(options.metrics.listen))
            shown = pages(exposition(parts.measures), parts.problems, parts.remarks)
            background.start_soon(serve_http, http, shown)
        background.start_soon(serve_control, control, Eyes(parts, listening))
        opened.pop_all()
