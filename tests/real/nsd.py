"""An authoritative server that is not ours: NSD with zones from text, in a namespace, on addresses that it owns."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tests.real.namespaces import Namespace
from tests.real.sockets import is_listening, wait_until

START_TIMEOUT: Final = 30.0  # s: thousands of names are read first
STOP_TIMEOUT: Final = 5.0  # s

CONFIG: Final = """\
server:
  server-count: 1
  username: ""
  chroot: ""
  zonesdir: "{folder}"
  database: ""
  pidfile: ""
  logfile: "{folder}/nsd.log"
  xfrdfile: "{folder}/xfrd.state"
  xfrdir: "{folder}"
  zonelistfile: "{folder}/zone.list"
  rrl-ratelimit: 0
  verbosity: 1
remote-control:
  control-enable: no
"""


class Nsd:
    """A running NSD, with all its processes in one group so that they can be silenced together."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def silence(self) -> None:
        """Packets are taken by the kernel and never answered, as by a host that hangs."""
        os.killpg(self.process.pid, signal.SIGSTOP)

    def heal(self) -> None:
        os.killpg(self.process.pid, signal.SIGCONT)

    def stop(self) -> None:
        """Afterwards the port is closed: the kernel refuses packets, as a host whose server died."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)  # it has nothing to save, and would take its time
        self.process.wait()
        wait_until(lambda: not self._is_alive(), STOP_TIMEOUT)  # its children hold the sockets, too

    def _is_alive(self) -> bool:
        """Does a process of its group still run? A zombie, which waits for somebody else's init, holds no socket."""
        for file in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):  # it ended meanwhile
                state, _, group, *_ = file.read_text().rpartition(")")[2].split()
                if int(group) == self.process.pid and state not in "ZX":
                    return True
        return False


@contextmanager
def nsd(
    folder: Path, namespace: Namespace, addresses: list[str], zones: Mapping[str, str], prefix: tuple[str, ...] = ()
) -> Iterator[Nsd]:
    """NSD at port 53 of `addresses`, authoritative for `zones` (apex -> zone-file text). prefix: such as taskset."""
    process = start_nsd(folder, namespace, addresses, zones, prefix)
    server = Nsd(process)

    def listens() -> bool:
        return all(is_listening(process.pid, address, 53) for address in addresses)

    try:
        wait_until(lambda: process.poll() is not None or listens(), START_TIMEOUT)
        assert listens(), f"NSD does not listen:\n{(folder / 'nsd.log').read_text()}"
        yield server
    finally:
        server.stop()


def start_nsd(
    folder: Path, namespace: Namespace, addresses: list[str], zones: Mapping[str, str], prefix: tuple[str, ...]
) -> subprocess.Popen[bytes]:
    folder.mkdir(exist_ok=True)
    text = CONFIG.format(folder=folder)
    text = text.replace("server:\n", "server:\n" + "".join(f"  ip-address: {address}\n" for address in addresses), 1)
    files = {zone: f"{number}.zone" for number, zone in enumerate(dict.fromkeys(zones.values()))}  # many may share one
    for zone, name in files.items():
        (folder / name).write_text(zone)
    text += "".join(f'zone:\n  name: "{apex}"\n  zonefile: "{files[zone]}"\n' for apex, zone in zones.items())
    file = folder / "nsd.conf"
    file.write_text(text)
    return subprocess.Popen(
        namespace.inside(*prefix, "nsd", "-d", "-c", str(file)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
