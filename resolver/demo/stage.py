"""All that the demo stands on: a platform's state database that changes, a small internet, and the daemon between them."""

import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from subprocess import DEVNULL
from typing import Final

import trio

from cache.options import CacheOptions
from internal_zones import StateOptions
from resolver.daemon import serve
from resolver.daemon.around import Around
from resolver.daemon.counters import Counts
from resolver.daemon.run import this_process
from resolver.demo.internet import Internet, build_internet, read_fixtures
from resolver.demo.serve_authority import serve_internet
from resolver.demo.state import make_state
from resolver.dnssec import DnssecOptions
from resolver.env import Address, Env
from resolver.iterate import parse_hints
from resolver.iterate.options import RecursionOptions
from resolver.options import Options
from resolver.service.options import ControlOptions, ListenOptions, MetricsOptions

PORT: Final = 5300
NETWORK: Final = 24  # of clients at 127.0.0.1
OTHER_NETWORK: Final = 57  # of clients at 127.0.57.1
REGION: Final = "ams"  # where this host is said to stand
CHANGE_EVERY: Final = 1.0  # s between two machines that start, stop or migrate


@dataclass(frozen=True, slots=True)
class Stage:
    """What is up. server: the daemon's first address; socket: of its operators; env: this host, to ask from."""

    env: Env
    internet: Internet
    server: Address
    addresses: tuple[Address, ...]
    socket: str


def demo_options(folder: Path, addresses: tuple[str, ...], port: int) -> Options:
    """The daemon's options: all of its world is on loopback, and its files are in `folder`. port: of the small internet."""
    return Options(
        listen=ListenOptions(addresses),
        networks={"127.0.0.0/8": NETWORK, "127.0.57.0/24": OTHER_NETWORK, "::1/128": NETWORK},
        state=StateOptions(database=str(folder / "state.db"), region=REGION),
        recursion=RecursionOptions(port=port, do_not_query=("0.0.0.0/8", "::/128")),
        cache=CacheOptions(snapshot=str(folder / "cache.db")),
        dnssec=DnssecOptions(validate=False),
        control=ControlOptions(str(folder / "control.sock")),
        metrics=MetricsOptions(""),
    )


async def set_stage(env: Env, folder: Path, counts: Counts, *, task_status: trio.TaskStatus[Stage]) -> None:
    """Set everything up and keep it up until cancelled. counts: the daemon's. Raises OSError for what cannot be listened on."""
    internet = build_internet(read_fixtures())
    make_state(folder / "state.db")
    options = demo_options(folder, await _loopback_addresses(env), internet.port)
    hints = parse_hints(internet.root_hints, internet.port)
    async with trio.open_nursery() as nursery:
        await nursery.start(serve_internet, internet, env)
        nursery.start_soon(_keep_changing, folder / "state.db")
        around = Around(process=this_process)
        serving = partial(serve, options, env, hints, trio.Event(), around=around, counts=counts)
        addresses = await nursery.start(serving)
        task_status.started(Stage(env, internet, addresses[0], addresses, options.control.socket))


async def _loopback_addresses(env: Env) -> tuple[str, ...]:
    """127.0.0.1 and, on a host that has IPv6, ::1."""
    try:
        probe = await env.network.listen_udp(Address("::1", 0))
    except OSError:
        return (str(Address("127.0.0.1", PORT)),)
    probe.close()
    return str(Address("127.0.0.1", PORT)), str(Address("::1", PORT))


async def _keep_changing(database: Path) -> None:
    """Another process writes to the database, as Corrosion does."""
    module = [
        "-m",
        "resolver.demo.change_state",
        str(database),
        "--interval",
        str(CHANGE_EVERY),
        "--count",
        "0",
        "--quiet",
    ]
    await trio.run_process([sys.executable, *module], stdin=DEVNULL)
