"""`cistern demo`: sets the stage, shows the tour, and stays up for whoever wants to ask."""

import signal
import sys
import tempfile
from pathlib import Path
from typing import Final

import trio
from rich.console import Console

from cache.options import CacheOptions
from resolver.daemon.counters import Counts
from resolver.daemon.run import care_for, leaves
from resolver.demo.stage import Stage, set_stage
from resolver.demo.steps import OUR_CLIENT, STEPS, THEIR_CLIENT
from resolver.demo.tour import Tour
from resolver.env import Env, Network
from resolver.observe.log import configure_log
from resolver.observe.options import LogOptions
from resolver.real_env import RealEnv

EXIT_OK: Final = 0
EXIT_FAILURE: Final = 1

FAREWELL: Final = """
The daemon stays up on {addresses}. In another terminal:
   dig @{host} -p {port} AAAA web.internal
   cistern query --server {server} alias.src.test
   cistern explain --socket {socket} alias.src.test A
   cistern explain --resolve --socket {socket} www.glueless.test TXT
   cistern cache list --sort hits --socket {socket}
   cistern cache top --socket {socket}
   cistern servers --socket {socket}
   cistern stats --socket {socket}
   cistern doctor --socket {socket}
Ctrl-C ends it."""


def main(tour: bool) -> int:
    """Run the demo; returns its exit code. tour: end after the tour, 0 only if every step was right."""
    console = Console(highlight=False)
    configure_log(LogOptions(level="warning"), sys.stderr.write, is_terminal=sys.stderr.isatty())
    unopened: list[OSError] = []
    failed = 0
    with tempfile.TemporaryDirectory(prefix="cistern-demo-") as folder:
        try:
            env, counts = RealEnv(), Counts()
            care_for(env.loop, counts, CacheOptions())
            failed = env.loop.run(_show, env, Path(folder), console, tour, counts)
        except* OSError as errors:
            unopened = leaves(errors)
        except* KeyboardInterrupt:
            console.print("\nEnded.")
    for error in unopened:
        console.print(f"{error.filename} cannot be listened on: {error.strerror}. Is another demo running?")
    return EXIT_FAILURE if failed or unopened else EXIT_OK


async def _show(env: Env, folder: Path, console: Console, tour: bool, counts: Counts) -> int:
    """Returns how many steps were not right."""
    failed = 0
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_end_at_sigterm, nursery.cancel_scope)
        stage = await nursery.start(set_stage, env, folder, counts)
        networks: dict[str, Network] = {client: RealEnv(client).network for client in (OUR_CLIENT, THEIR_CLIENT)}
        console.print("[bold]Cistern[/bold]: the daemon, between a state database that changes and a small internet.")
        failed = await Tour(stage.server, stage.internet, networks, stage.env.now, console).show(STEPS)
        console.print(f"\n[bold]{len(STEPS) - failed} of {len(STEPS)} steps were right.[/bold]")
        if not tour:
            console.print(farewell(stage), markup=False, soft_wrap=True)
            await trio.sleep_forever()
        nursery.cancel_scope.cancel()
    return failed


async def _end_at_sigterm(all_of_it: trio.CancelScope) -> None:
    """As Ctrl-C does: the process that changes the state database ends, too, and the folder goes."""
    with trio.open_signal_receiver(signal.SIGTERM) as signals:
        async for _ in signals:
            all_of_it.cancel()


def farewell(stage: Stage) -> str:
    """What a person can try while the demo is up."""
    return FAREWELL.format(
        addresses=" and ".join(map(str, stage.addresses)),
        host=stage.server.host,
        port=stage.server.port,
        server=stage.server,
        socket=stage.socket,
    )
