"""`make soak`: ten minutes of floods, faults and restarts on the real process; then memory is flat and all is right.

One thing after the other, by chance but the same for a seed: each load of the hostile benchmark, name servers that stop, are
silenced and come back, the network going down and up, reloads, silent and broken control and HTTP clients. `--seconds`, `--seed`.
Clocks that jump and IPv6 that goes are not played: a namespace shares its clock with the machine, and loses its addresses.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from statistics import mean
from typing import Final

from tests.bench.hostile.loads import LOADS
from tests.real.clients import dig
from tests.real.harness import CISTERN, Daemon, serving
from tests.real.internet import DAEMON, Internet, internet
from tests.real.namespaces import why_not

SECONDS: Final = 600.0
LOAD: Final = 4.0  # s that each load goes on
FLAT: Final = 1.05  # times the memory of the second third, in the last
CALM: Final = 35.0  # s in which what was held down comes back
TRUTH: Final = {
    ("www.site.test", "A"): "A 192.0.2.80",
    ("x.wild.site.test", "A"): "A 192.0.2.81",
    ("www.dst.example", "AAAA"): "AAAA 2001:db8:2::80",
}
SETTINGS: Final[dict[str, dict[str, object]]] = {
    "networks": {"127.0.0.0/8": 24, "::1/128": 24},
    "cache": {"max_octets": 1 << 24, "snapshot": "cache.db"},
    "recursion": {"do_not_query": []},
}


class Soak:
    """What is done to one daemon."""

    def __init__(self, daemon: Daemon, servers: Internet, rng: Random) -> None:
        self.daemon = daemon
        self.servers = servers
        self.rng = rng
        self.stopped = set[str]()

    def acts(self) -> Sequence[Callable[[], None]]:
        return (self.load, self.load, self.stop, self.silence, self.mend, self.reload, self.no_network, self.break_off)

    def load(self) -> None:
        words = ("tests.bench.hostile.loads", self.rng.choice(list(LOADS)), DAEMON, "53", "www.site.test", str(LOAD))
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
        folder = Path(name) / "daemon"
        folder.mkdir()
        with serving(folder, DAEMON, 53, SETTINGS, servers.namespace) as daemon:
            soak, sizes, began = Soak(daemon, servers, Random(arguments.seed)), list[int](), time.monotonic()
            while time.monotonic() - began < arguments.seconds and daemon.process.poll() is None:
                soak.rng.choice(soak.acts())()
                if daemon.process.poll() is None:
                    sizes.append(rss(daemon.process.pid))
            if daemon.process.poll() is not None:
                print(daemon.log.read_text()[-4000:])
                print("the daemon is gone")
                return 1
            soak.mend()
            time.sleep(CALM)
            troubles = [*faults(daemon), *wrong(daemon)]
            third = len(sizes) // 3
            grown = mean(sizes[-third:]) / mean(sizes[third : 2 * third])
            print(
                f"{len(sizes)} acts; RSS {mean(sizes[-third:]) / 1e6:.0f} MB, {grown:.3f} times that of the third before"
            )
            if grown > FLAT:
                troubles.append("memory grows")
            code, seconds = daemon.stop()
            if code:
                troubles.append(f"exit code {code} after {seconds:.1f} s")
    print("\n".join(troubles) or "all is well")
    return 1 if troubles else 0


if __name__ == "__main__":
    sys.exit(main())
