"""The daemon as a process: started with a config of its own, waited for, ended by SIGTERM, its output kept."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.real.namespaces import Namespace
from tests.real.sockets import is_listening, wait_until

ROOT: Final = Path(__file__).parents[2]
CISTERN: Final = str(Path(sys.executable).with_name("cistern"))
START_TIMEOUT: Final = 20.0  # s, on a busy machine; it takes half a second
STOP_TIMEOUT: Final = 5.0  # s: what is promised of SIGTERM

Tables = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Daemon:
    """A running `cistern serve`. log: where its output goes; namespace: None for the host's own network."""

    process: subprocess.Popen[bytes]
    address: str
    port: int
    log: Path
    folder: Path
    namespace: Namespace | None

    def inside(self, *command: str) -> list[str]:
        """The command line that runs `command` where this daemon can be reached."""
        return self.namespace.inside(*command) if self.namespace else list(command)

    def stop(self) -> tuple[int, float]:
        """SIGTERM; the exit code and the seconds it took."""
        asked = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(2 * STOP_TIMEOUT)
        return code, time.monotonic() - asked


def config(address: str, port: int, changes: Tables | None = None) -> str:
    """A config with the shipped root hints that listens at one address; `changes` are put over its tables."""
    at = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    tables: dict[str, dict[str, object]] = {
        "listen": {"addresses": [at]},
        "networks": {"127.0.0.0/8": 24, "::1/128": 24},
        "recursion": {"root_hints": str(ROOT / "conf" / "root.hints")},
        "dnssec": {"trust_anchors": str(ROOT / "conf" / "root.key"), "validate": False},
        "state": {"database": ""},
        "control": {"socket": "control.sock"},
        "metrics": {"listen": ""},
        "cache": {"snapshot": "cache.db"},
    }
    for name, settings in (changes or {}).items():
        tables.setdefault(name, {}).update(settings)
    lines = []
    for name, settings in tables.items():
        lines.append(f"[{name}]")
        lines += [f"{json.dumps(key)} = {json.dumps(value)}" for key, value in settings.items()]
    return "\n".join(lines) + "\n"


def start(
    folder: Path,
    text: str,
    namespace: Namespace | None = None,
    prefix: tuple[str, ...] = (),
    program: str = CISTERN,
) -> tuple[subprocess.Popen[bytes], Path]:
    """`cistern serve` with this config, started and not waited for; and the file that its output goes to.

    prefix: what the command is an argument of, such as taskset or a profiler; program: another installation's `cistern`.
    """
    file = folder / "cistern.toml"
    file.write_text(text)
    log = folder / "cistern.log"
    command = [*prefix, program, "serve", "--config", str(file)]
    with log.open("ab") as output:
        process = subprocess.Popen(
            namespace.inside(*command) if namespace else command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
        )
    return process, log


@contextmanager
def serving(
    folder: Path, address: str, port: int, changes: Tables | None = None, namespace: Namespace | None = None
) -> Iterator[Daemon]:
    """A daemon that listens, for as long as the block runs."""
    process, log = start(folder, config(address, port, changes), namespace)
    try:
        wait_until(lambda: process.poll() is not None or is_listening(process.pid, address, port), START_TIMEOUT)
        assert is_listening(process.pid, address, port), f"nobody listens at {address} port {port}:\n{log.read_text()}"
        yield Daemon(process, address, port, log, folder, namespace)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
