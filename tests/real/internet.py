"""A small internet of NSD servers in one namespace, below the addresses that the real root servers have.

root      the 26 addresses of conf/root.hints     .
tld       192.0.2.1     2001:db8::1               test., example.
alias     198.51.100.1  2001:db8:1::1             site.test.
target    203.0.113.1   2001:db8:2::1             dst.example.
untidy    198.51.100.99                           case.site.test., which tests that need it serve by themselves
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from tests.real.harness import ROOT
from tests.real.namespaces import Namespace, namespace
from tests.real.nsd import Nsd, nsd

# Programs of the namespace ask the daemon under test, at the port where glibc expects it.
DAEMON: Final = "127.0.0.53"
UNTIDY: Final = "198.51.100.99"
RESOLV_CONF: Final = f"nameserver {DAEMON}\noptions timeout:12 attempts:1\n"

SOA: Final = "@ 3600 IN SOA ns.{apex} host.{apex} 1 3600 600 86400 60\n@ 3600 IN NS ns.{apex}\n"

TLD: Final = """\
ns 3600 IN A 192.0.2.1
ns 3600 IN AAAA 2001:db8::1
"""
TEST: Final = """\
site 3600 IN NS ns.site
ns.site 3600 IN A 198.51.100.1
ns.site 3600 IN AAAA 2001:db8:1::1
"""
EXAMPLE: Final = """\
dst 3600 IN NS ns.dst
ns.dst 3600 IN A 203.0.113.1
ns.dst 3600 IN AAAA 2001:db8:2::1
"""
SITE: Final = f"""\
case 3600 IN NS ns.case
ns.case 3600 IN A {UNTIDY}
to-crowd 300 IN CNAME crowd
{chr(10).join(f"crowd 300 IN A 192.0.2.{host}" for host in range(100, 160))}
ns 3600 IN A 198.51.100.1
ns 3600 IN AAAA 2001:db8:1::1
www 300 IN A 192.0.2.80
www 300 IN AAAA 2001:db8::80
alias 3600 IN CNAME www.dst.example.
brief 3600 IN CNAME brief.dst.example.
longer 3600 IN CNAME alias
tree 3600 IN DNAME dst.example.
*.wild 300 IN A 192.0.2.81
many 300 IN TXT {" ".join(f'"{"x" * 200}{number:03}"' for number in range(20))}
"""
DST: Final = """\
ns 3600 IN A 203.0.113.1
ns 3600 IN AAAA 2001:db8:2::1
www 300 IN A 203.0.113.80
www 300 IN AAAA 2001:db8:2::80
brief 1 IN A 203.0.113.81
"""


class Part(NamedTuple):
    addresses: list[str]
    zones: Mapping[str, str]


class Internet:
    """The servers by name; each can be stopped, started again, silenced and healed."""

    def __init__(self, folder: Path, inside: Namespace, stack: ExitStack) -> None:
        self.namespace = inside
        self._folder = folder
        self._stack = stack
        self._parts = _parts()
        self._running: dict[str, Nsd] = {}

    def start(self, *names: str) -> None:
        for name in names or tuple(self._parts):
            if name not in self._running:
                part = self._parts[name]
                server = nsd(self._folder / name, self.namespace, part.addresses, part.zones)
                self._running[name] = self._stack.enter_context(server)

    def stop(self, *names: str) -> None:
        """Their ports are closed: the kernel refuses what is sent there."""
        for name in names:
            self._running.pop(name).stop()

    def silence(self, name: str) -> None:
        """What is sent there is never answered."""
        self._running[name].silence()

    def ipv6_addresses(self) -> list[str]:
        """Those of all servers: a namespace that loses IPv6 loses them."""
        return [address for part in self._parts.values() for address in part.addresses if ":" in address]

    def mend(self) -> None:
        """Everything runs and answers."""
        for server in self._running.values():
            server.heal()
        self.start()


@contextmanager
def internet(folder: Path) -> Iterator[Internet]:
    """The namespace with all its addresses; nothing runs yet."""
    with namespace(RESOLV_CONF) as inside, ExitStack() as stack:
        inside.own([DAEMON, UNTIDY, *(address for part in _parts().values() for address in part.addresses)])
        yield Internet(folder, inside, stack)


def root_servers() -> dict[str, list[str]]:
    """Name -> addresses, as conf/root.hints has them."""
    found: dict[str, list[str]] = {}
    for line in (ROOT / "conf" / "root.hints").read_text().splitlines():
        fields = line.partition(";")[0].split()
        if len(fields) >= 4 and fields[-2] in {"A", "AAAA"}:
            found.setdefault(fields[0].lower(), []).append(fields[-1])
    return found


def _parts() -> dict[str, Part]:
    servers = root_servers()
    return {
        "root": Part([address for addresses in servers.values() for address in addresses], {".": _root_zone(servers)}),
        "tld": Part(
            ["192.0.2.1", "2001:db8::1"],
            {"test.": _zone("test.", TLD + TEST), "example.": _zone("example.", TLD + EXAMPLE)},
        ),
        "alias": Part(["198.51.100.1", "2001:db8:1::1"], {"site.test.": _zone("site.test.", SITE)}),
        "target": Part(["203.0.113.1", "2001:db8:2::1"], {"dst.example.": _zone("dst.example.", DST)}),
    }


def _zone(apex: str, records: str) -> str:
    return f"$ORIGIN {apex}\n{SOA.format(apex=apex)}{records}"


def _root_zone(servers: Mapping[str, list[str]]) -> str:
    lines = ["$ORIGIN .", "@ 86400 IN SOA a.root-servers.net. nstld.example. 1 1800 900 604800 86400"]
    for name, addresses in servers.items():
        lines.append(f"@ 518400 IN NS {name}")
        lines += [f"{name} 518400 IN {'AAAA' if ':' in one else 'A'} {one}" for one in addresses]
    for tld in ("test.", "example."):
        lines += [
            f"{tld} 172800 IN NS ns.{tld}",
            f"ns.{tld} 172800 IN A 192.0.2.1",
            f"ns.{tld} 172800 IN AAAA 2001:db8::1",
        ]
    return "\n".join(lines) + "\n"
