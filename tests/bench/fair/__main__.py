"""`make bench-fair`: what do its neighbours notice of one client that floods with names nobody has asked for?

The internet of the latency benchmark, without loss. The same questions are asked three times at the same rate: once to fill
the cache, once in calm, and once while another address floods. Exits 1 when the neighbours' p99 is more than twice that of
calm, or questions of theirs fail that did not in calm. Then a client is alone: it is to have as many new names a second as with
no limits at all.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.bench.fair.flood import LINGER
from tests.bench.fair.lone import NO_LIMITS, lone_rate
from tests.bench.fair.lone import WANTED as LONE_WANTED
from tests.bench.latency.__main__ import open_internet
from tests.bench.latency.client import Result
from tests.bench.latency.figures import NOERROR, percentile
from tests.bench.latency.resolvers import RESOLVERS
from tests.bench.peers.internet import PORT, SERVER, Internet
from tests.bench.peers.measure import cpu_seconds, run
from tests.bench.peers.servers import Start, running
from tests.real.harness import config, start
from tests.real.namespaces import why_not

RATE: Final = 200  # questions a second of the neighbours
FLOOD: Final = 20_000  # questions a second of the client that floods
SECONDS: Final = 10
SETTLE: Final = 1.0  # s that the flood is on before the neighbours' questions count
FLOODER: Final = "127.0.0.66"
WANTED: Final = 2.0  # times the p99 of calm
SETTINGS: Final[dict[str, dict[str, object]]] = {"cache": {"max_octets": 1 << 28}}  # and the limits as shipped
SHARES: Final = (0.5, 0.9, 0.99, 0.999)


def main() -> int:
    arguments = _arguments()
    if reason := why_not():
        sys.exit(reason)
    with (
        tempfile.TemporaryDirectory(prefix="cistern-fair-") as name,
        open_internet(Path(name)) as internet,
        running(STARTS[arguments.resolver], Path(name) / "run", internet, ()) as pid,
    ):
        _ask(internet, arguments.seconds)
        calm = _measured("calm", internet, pid, arguments.seconds)
        flood = _start_flood(internet, arguments.flood, arguments.seconds + SETTLE + LINGER)
        time.sleep(SETTLE)
        flooded = _measured("flooded", internet, pid, arguments.seconds)
        print(f"flood: {flood.communicate()[0]}")
    ratio = percentile(_took(flooded), 0.99) / percentile(_took(calm), 0.99)
    lost = max(0, _failed(flooded) - _failed(calm))
    print(f"p99: {ratio:.2f} times that of calm (wanted: {WANTED}); {lost} more failures")
    is_alone_free = arguments.resolver != "cistern" or _is_alone_free()
    return 0 if ratio <= WANTED and not lost and is_alone_free else 1


def _is_alone_free() -> bool:
    """Has a lone client of this daemon as much as if there were no limits?"""
    rates = [_lone_rate(start) for start in (start_cistern, start_unlimited)]
    print(
        f"alone: {rates[0]:.0f} new names a second; {rates[1]:.0f} with no limits (wanted: {LONE_WANTED:.0%} of that)"
    )
    return rates[0] >= LONE_WANTED * rates[1]


def _lone_rate(start: Start) -> float:
    with (
        tempfile.TemporaryDirectory(prefix="cistern-fair-") as name,
        open_internet(Path(name)) as internet,
        running(start, Path(name) / "run", internet, ()),
    ):
        return lone_rate(internet, Path(name))


def start_unlimited(folder: Path, internet: Internet, prefix: tuple[str, ...]) -> subprocess.Popen[bytes]:
    """This daemon with no limits that one client could meet."""
    changes = SETTINGS | {"recursion": {"root_hints": str(internet.hints)}, "limits": dict(NO_LIMITS)}
    return start(folder, config(SERVER, PORT, changes), internet.namespace, prefix)[0]


def start_cistern(
    folder: Path, internet: Internet, prefix: tuple[str, ...], *, port: int = PORT
) -> subprocess.Popen[bytes]:
    """This daemon with its limits as they are shipped."""
    changes = SETTINGS | {"recursion": {"root_hints": str(internet.hints)}}
    return start(folder, config(SERVER, port, changes), internet.namespace, prefix)[0]


def _measured(name: str, internet: Internet, pid: int, seconds: float) -> list[Result]:
    before = cpu_seconds(pid)
    results = _ask(internet, seconds)
    cpu = (cpu_seconds(pid) - before) / seconds
    took = _took(results)
    times = "  ".join(f"p{100 * share:g} {1000 * percentile(took, share):.1f} ms" for share in SHARES)
    print(f"{name:8} {times}  failed {_failed(results)}  CPU {cpu:.0%}", flush=True)
    return results


def _ask(internet: Internet, seconds: float) -> list[Result]:
    client = ("tests.bench.latency.client", SERVER, str(PORT), str(RATE), str(seconds))
    results: list[Result] = json.loads(run(*internet.namespace.inside(sys.executable, "-m", *client)))
    return results


def _start_flood(internet: Internet, rate: float, seconds: float) -> subprocess.Popen[str]:
    flood = ("tests.bench.fair.flood", SERVER, str(PORT), FLOODER, str(rate), str(seconds))
    command = internet.namespace.inside(sys.executable, "-m", *flood)
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)


def _took(results: list[Result]) -> list[float]:
    return sorted(seconds for seconds, _ in results)


def _failed(results: list[Result]) -> int:
    return sum(rcode != NOERROR for _, rcode in results)


STARTS: Final = RESOLVERS | {"cistern": start_cistern}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.fair", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"of each run (default: {SECONDS})")
    parser.add_argument("--flood", type=float, default=FLOOD, help=f"questions a second (default: {FLOOD})")
    parser.add_argument("--resolver", choices=list(STARTS), default="cistern")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
