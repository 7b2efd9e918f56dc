"""`make soak`: ten minutes of floods, faults and restarts on the real process; then memory is flat and all is right.

One thing after the other, by chance but the same for a seed: each load of the hostile benchmark, name servers that stop, are
silenced and come back, the interface going down and up, IPv6 going and coming back, the wall clock jumping by a day and back, the
state database replaced, reloads, operators who go away. `--seconds`, `--seed`.

The cache is as small as can be, and is filled before the time counts; each load has been met by then, too. What grows afterwards
is something else. Other tables fill for longer (docs/memory.md); how full they are is printed for each third, and what they may
still take is granted.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from statistics import mean
from typing import Final

from tests.bench.hostile.loads import LOADS
from tests.internal_zones.platform import State, app, machine, write_state
from tests.real.clients import dig
from tests.real.harness import CISTERN, START_TIMEOUT, Daemon, config, start
from tests.real.internet import DAEMON, Internet, internet
from tests.real.namespaces import why_not
from tests.real.sockets import is_listening, wait_until
from tests.soak.clock import OFFSET, set_clock

SECONDS: Final = 600.0
LOAD: Final = 4.0  # s that each load goes on
FLAT: Final = 1.05  # times the memory of the second third, in the last
CALM: Final = 35.0  # s in which what was held down comes back
TRUTH: Final = {
    ("www.site.test", "A"): "A 192.0.2.80",
    ("x.wild.site.test", "A"): "A 192.0.2.81",
    ("www.dst.example", "AAAA"): "AAAA 2001:db8:2::80",
    ("web.internal", "AAAA"): "AAAA fdaa:0:18:a:b:0:1:2",
}
DAY: Final = 86400.0
CACHE: Final = 1 << 20  # octets
FULL: Final = 0.9  # of it
MOST_FILLS: Final = 60  # loads that this may take
STATE: Final = State(apps=[app(1, "web", 24)], machines=[machine("0001", 1, 24)])
TABLES: Final = {  # gauges, and octets that one more of them takes at most (docs/memory.md)
    "cistern_cache_failures": 1300,
    "cistern_cache_servers": 2400,
}
SETTINGS: Final[dict[str, dict[str, object]]] = {
    "networks": {"127.0.0.0/8": 24, "::1/128": 24},
    "cache": {"max_octets": CACHE, "snapshot": "cache.db"},
    "recursion": {"do_not_query": []},
    "state": {"database": "state.db"},
}


class Soak:
    """What is done to one daemon."""

    def __init__(self, daemon: Daemon, servers: Internet, rng: Random) -> None:
        self.daemon = daemon
        self.servers = servers
        self.rng = rng
        self.stopped = set[str]()

    def acts(self) -> Sequence[Callable[[], None]]:
        faults = (
            self.stop,
            self.silence,
            self.mend,
            self.reload,
            self.no_network,
            self.no_ipv6,
            self.jump,
            self.replace_state,
        )
        return (self.load, self.load, self.load, self.break_off, *faults)

    def warm_up(self) -> None:
        """Each load once, and made-up names until the cache is full of them."""
        for name in LOADS:
            self.load(name)
        for _ in range(MOST_FILLS):
            if held(self.daemon)["cistern_cache_bytes"] > FULL * CACHE:
                return
            self.load("made-up names")
        raise RuntimeError("the cache did not fill: what it takes would be taken for a leak")

    def load(self, name: str = "") -> None:
        """name: which; else one by chance."""
        words = (
            "tests.bench.hostile.loads",
            name or self.rng.choice(list(LOADS)),
            DAEMON,
            "53",
            "www.site.test",
            str(LOAD),
        )
        subprocess.run(self.daemon.inside(sys.executable, "-m", *words), check=False, capture_output=True)

    def stop(self) -> None:
        name = self.rng.choice(["alias", "target", "tld"])
        if name not in self.stopped:
            self.servers.stop(name)
            self.stopped.add(name)

    def silence(self) -> None:
        name = self.rng.choice(["alias", "target"])
        if name not in self.stopped:
            self.servers.silence(name)

    def mend(self) -> None:
        self.servers.mend()
        self.stopped.clear()

    def reload(self) -> None:
        self.daemon.process.send_signal(signal.SIGHUP)

    def no_network(self) -> None:
        for state in ("down", "up"):
            subprocess.run(["ip", "-n", self.servers.namespace.name, "link", "set", "lo", state], check=True)
            time.sleep(0.5)

    def no_ipv6(self) -> None:
        """The host loses IPv6 with all its addresses, and has it again."""
        for value in (1, 0):
            setting = f"net.ipv6.conf.all.disable_ipv6={value}"
            subprocess.run(self.servers.namespace.inside("sysctl", "-qw", setting), check=True)
            time.sleep(0.5)
        self.servers.namespace.own(self.servers.ipv6_addresses())

    def jump(self) -> None:
        """The wall clock is a day off, in either direction, and right again."""
        for ahead in (self.rng.choice([DAY, -DAY]), 0.0):
            set_clock(self.daemon.folder / "clock", ahead)
            time.sleep(1.5)

    def replace_state(self) -> None:
        """Another file with the same rows takes the place of the state database, as a restore does."""
        folder = self.daemon.folder
        fresh = folder / "fresh.db"
        write_state(fresh, STATE)
        for tail in ("-wal", "-shm"):
            (folder / f"state.db{tail}").unlink(missing_ok=True)
        fresh.replace(folder / "state.db")

    def break_off(self) -> None:
        """An operator who goes away in the middle of a list."""
        command = self.daemon.inside(CISTERN, "cache", "list", "--socket", str(self.daemon.folder / "control.sock"))
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        time.sleep(self.rng.random())
        process.kill()
        process.communicate()


def rss(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def faults(daemon: Daemon) -> list[str]:
    """The counters that must be 0 and are not."""
    command = [CISTERN, "stats", "--json", "--socket", str(daemon.folder / "control.sock")]
    text = subprocess.run(daemon.inside(*command), check=True, capture_output=True, text=True).stdout
    rows = [json.loads(line) for line in text.splitlines()]
    return [f"{row['name']} {row.get('label', '')}: {row['value']}" for row in rows if is_of_faults(row)]


def is_of_faults(row: dict[str, object]) -> bool:
    name = str(row["name"])
    return bool(row["value"]) and name.startswith("cistern_") and ("_fault_" in name or name.endswith("_faults"))


def wrong(daemon: Daemon) -> list[str]:
    """The questions whose answer is not the truth."""
    found = []
    for (name, rtype), record in TRUTH.items():
        reply = dig(daemon, name, rtype)
        if record not in reply.rdatas:
            found.append(f"{name} {rtype}: {reply.status} {reply.rdatas}")
    return found


def held(daemon: Daemon) -> dict[str, float]:
    """How many entries the tables have that fill for long, and what the cache takes."""
    command = [CISTERN, "stats", "--all", "--json", "--socket", str(daemon.folder / "control.sock")]
    text = subprocess.run(daemon.inside(*command), check=False, capture_output=True, text=True).stdout
    rows = {row["name"]: row["value"] for row in map(json.loads, text.splitlines())}
    return {name: rows.get(name, 0.0) for name in (*TABLES, "cistern_cache_bytes")}


@contextmanager
def daemon_of(folder: Path, servers: Internet) -> Iterator[Daemon]:
    """The daemon on a host whose clock can be set."""
    folder.mkdir()
    (folder / "clock").write_bytes(OFFSET.pack(0.0))
    write_state(folder / "state.db", STATE)
    prefix = (sys.executable, str(Path(__file__).with_name("clock.py")), str(folder / "clock"))
    process, log = start(folder, config(DAEMON, 53, SETTINGS), servers.namespace, prefix)
    try:
        wait_until(lambda: process.poll() is not None or is_listening(process.pid, DAEMON, 53), START_TIMEOUT)
        yield Daemon(process, DAEMON, 53, log, folder, servers.namespace)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if reason := why_not():
        sys.exit(reason)
    with tempfile.TemporaryDirectory(prefix="cistern-soak-") as name, internet(Path(name)) as servers:
        for interface in ("all", "lo"):  # else IPv6 addresses would not come back with it
            keep = f"net.ipv6.conf.{interface}.keep_addr_on_down=1"
            subprocess.run(servers.namespace.inside("sysctl", "-qw", keep), check=True)
        servers.start()
        with daemon_of(Path(name) / "daemon", servers) as daemon:
            soak = Soak(daemon, servers, Random(arguments.seed))
            soak.warm_up()
            sizes, tables = act(soak, arguments.seconds)
            if daemon.process.poll() is not None:
                print(daemon.log.read_text()[-4000:])
                print("the daemon is gone")
                return 1
            soak.mend()
            time.sleep(CALM)
            troubles = [*faults(daemon), *wrong(daemon), *growth(sizes, tables)]
            code, seconds = daemon.stop()
            if code:
                troubles.append(f"exit code {code} after {seconds:.1f} s")
    print("\n".join(troubles) or "all is well")
    return 1 if troubles else 0


def act(soak: Soak, seconds: float) -> tuple[list[int], list[dict[str, float]]]:
    """Do one thing after the other; how much memory the daemon had after each, and how full its tables were at each third."""
    sizes, tables, began = list[int](), list[dict[str, float]](), time.monotonic()
    while (gone := time.monotonic() - began) < seconds and soak.daemon.process.poll() is None:
        if gone >= len(tables) * seconds / 3:
            tables.append(held(soak.daemon))
        soak.rng.choice(soak.acts())()
        if soak.daemon.process.poll() is None:
            sizes.append(rss(soak.daemon.process.pid))
    tables.append(held(soak.daemon))
    return sizes, tables


def growth(sizes: list[int], tables: list[dict[str, float]]) -> Iterator[str]:
    """What is wrong with how the memory grew from the second third to the last: more than its bounded tables have filled."""
    third = len(sizes) // 3
    before, last = mean(sizes[third : 2 * third]), mean(sizes[-third:])
    filled = sum(octets * max(0.0, tables[-1][name] - tables[1][name]) for name, octets in TABLES.items())
    print(f"{len(sizes)} acts; RSS {last / 1e6:.1f} MB, {last / before:.3f} times that of the third before")
    for number, table in enumerate(tables):
        print(f"  after {number} thirds: " + ", ".join(f"{name} {value:.0f}" for name, value in table.items()))
    if last - filled > before * FLAT:
        yield f"memory grows: by {(last - before) / 1e6:.1f} MB, of which tables have filled by {filled / 1e6:.1f} MB"


if __name__ == "__main__":
    sys.exit(main())
