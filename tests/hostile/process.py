"""The daemon as a process on a host that lacks something: where its log goes and what it may take are the test's to say."""

import resource
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import dns.message
import msgspec

from tests.real.harness import CISTERN, START_TIMEOUT, Tables, config
from tests.real.sockets import free_port, is_listening, wait_until

HOST: Final = "127.0.0.1"
PATIENCE: Final = 10.0  # s: for what takes milliseconds on a machine that has nothing else to do
END_TIMEOUT: Final = 20.0  # s; it promises 5
LOCAL_NAME: Final = "localhost"  # is answered here, and nobody is asked


@dataclass(frozen=True, slots=True)
class Victim:
    """A running daemon. http: the port of its metrics."""

    process: subprocess.Popen[bytes]
    port: int
    http: int
    folder: Path

    def ask(self, name: str = LOCAL_NAME, qtype: str = "A", *, seconds: float = PATIENCE) -> dns.message.Message | None:
        """The reply over UDP; None: there was none in time."""
        query = dns.message.make_query(name, qtype)
        with socket.socket(type=socket.SOCK_DGRAM) as sock:
            sock.settimeout(seconds)
            sock.sendto(query.to_wire(), (HOST, self.port))
            try:
                return dns.message.from_wire(sock.recv(65535))
            except TimeoutError:
                return None

    def connect(self, *, seconds: float = PATIENCE) -> socket.socket:
        """A TCP connection to where clients ask."""
        return socket.create_connection((HOST, self.port), seconds)

    def page(self, path: str, *, seconds: float = PATIENCE) -> tuple[int, str]:
        """Status and text of a page of its HTTP."""
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self.http}{path}", timeout=seconds) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def counter(self, name: str) -> float:
        """The sum of a counter over its labels, as /metrics has it."""
        lines = [line for line in self.page("/metrics")[1].splitlines() if line.startswith(f"cistern_{name}")]
        return sum(float(line.rpartition(" ")[2]) for line in lines)

    def rss(self) -> int:
        """Octets of memory that it has."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize()

    def cpu(self) -> float:
        """Seconds of CPU that it has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100.0

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Its exit code and the seconds it took to end."""
        began = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(END_TIMEOUT), time.monotonic() - began


@contextmanager
def victim(
    folder: Path,
    changes: Tables | None = None,
    *,
    stderr: int | IO[bytes] | None = None,
    limits: Mapping[int, tuple[int, int]] | None = None,
    tail: str = "",
) -> Iterator[Victim]:
    """A daemon that answers, for as long as the block runs.

    stderr: where its log goes; None: a file. limits: of resource, soft and hard. tail: further lines of its config.
    """
    port, http = free_port(), free_port()
    tables: dict[str, dict[str, object]] = {"metrics": {"listen": f"{HOST}:{http}"}}
    for name, settings in (changes or {}).items():
        tables.setdefault(name, {}).update(settings)
    file = folder / "cistern.toml"
    file.write_text(config(HOST, port, tables) + tail)

    def lower() -> None:
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)
        for what, bounds in (limits or {}).items():
            resource.setrlimit(what, bounds)

    with (folder / "cistern.log").open("ab") as log:
        process = subprocess.Popen(
            [CISTERN, "serve", "--config", str(file)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log if stderr is None else stderr,
            cwd=folder,
            preexec_fn=lower,  # no thread of ours holds a lock meanwhile
        )
    try:
        wait_until(lambda: process.poll() is not None or is_listening(process.pid, HOST, port), START_TIMEOUT)
        made = Victim(process, port, http, folder)
        assert made.ask() is not None, (folder / "cistern.log").read_text()
        yield made
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def logged(folder: Path) -> list[dict[str, object]]:
    """The events of a daemon that logs JSON."""
    lines = (folder / "cistern.log").read_bytes().splitlines()
    return [msgspec.json.decode(line) for line in lines if line.startswith(b"{")]
