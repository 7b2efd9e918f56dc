"""A network namespace with its own loopback addresses, resolv.conf and ports: made, handed out, taken away.

Nothing in it can reach another network, so it may own any address, also those of the real root servers.
"""

import ipaddress
import itertools
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

SETTINGS: Final = Path("/etc/netns")  # ip-netns(8): NAME/resolv.conf is mounted over /etc/resolv.conf inside
NAMES: Final = (f"cistern-{os.getpid()}-{number}" for number in itertools.count())


@dataclass(frozen=True, slots=True)
class Namespace:
    name: str

    def inside(self, *command: str) -> list[str]:
        """The command line that runs `command` inside; its process is the command's own (ip-netns execs)."""
        return ["ip", "netns", "exec", self.name, *command]

    def own(self, addresses: Iterable[str]) -> None:
        """Give the loopback interface these addresses too."""
        lines = []
        for address in addresses:
            ip = ipaddress.ip_address(address)
            lines.append(f"address add {ip}/{ip.max_prefixlen} dev lo{' nodad' if ip.version == 6 else ''}")
        _ip("-n", self.name, "-batch", "-", text="\n".join(lines))

    @contextmanager
    def resolving_by(self, resolv_conf: str) -> Iterator[None]:
        """Programs started inside the block find this /etc/resolv.conf."""
        file = SETTINGS / self.name / "resolv.conf"
        before = file.read_text()
        file.write_text(resolv_conf)
        try:
            yield
        finally:
            file.write_text(before)


@contextmanager
def namespace(resolv_conf: str = "") -> Iterator[Namespace]:
    """A namespace whose programs find `resolv_conf` as their /etc/resolv.conf, and nothing but the DNS for names."""
    name = next(NAMES)
    settings = SETTINGS / name
    is_first = not SETTINGS.exists()
    try:
        settings.mkdir(parents=True)
        (settings / "resolv.conf").write_text(resolv_conf)
        (settings / "nsswitch.conf").write_text("hosts: dns\n")
        _ip("netns", "add", name)
        _ip("-n", name, "link", "set", "lo", "up")
        yield Namespace(name)
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)
        shutil.rmtree(settings, ignore_errors=True)
        if is_first and not any(SETTINGS.iterdir()):
            SETTINGS.rmdir()


@cache
def why_not() -> str:
    """Why no namespace can be made here; "" when one can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if shutil.which("ip") is None:
        return "ip is not installed (Debian: iproute2)"
    try:
        with namespace():
            return ""
    except (OSError, subprocess.CalledProcessError) as error:
        said = error.stderr if isinstance(error, subprocess.CalledProcessError) else error
        return f"no network namespace can be made here: {str(said).strip()}"


def _ip(*arguments: str, text: str = "") -> None:
    subprocess.run(["ip", *arguments], input=text, check=True, capture_output=True, text=True)
