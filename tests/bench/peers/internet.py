"""The internet that both servers resolve in: a root, one TLD and some thousand zones, each level on NSD of its own.

    root   192.0.2.1, 192.0.2.2           .
    tld    198.51.100.1, 198.51.100.2     test.
    zones  203.0.113.1, 203.0.113.2       z0.test. … with hosts, aliases across zones and a wildcard; c0.test. … to be cold
Every server has an IPv6 address beside each IPv4 one.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from tests.real.namespaces import Namespace, namespace
from tests.real.nsd import nsd

ZONES: Final = 200
HOSTS_PER_ZONE: Final = 5
COLD_ZONES: Final = 4000
SERVER: Final = "127.0.0.1"  # where the resolver under test listens
PORT: Final = 5300  # not that of the servers that it asks, which may own every address

NAME_SERVERS: Final = {
    "root": (("192.0.2.1", "2001:db8:0::1"), ("192.0.2.2", "2001:db8:0::2")),
    "tld": (("198.51.100.1", "2001:db8:1::1"), ("198.51.100.2", "2001:db8:1::2")),
    "zones": (("203.0.113.1", "2001:db8:2::1"), ("203.0.113.2", "2001:db8:2::2")),
}
SOA: Final = "@ 3600 IN SOA ns1 host 1 3600 600 86400 60\n"


class Internet(NamedTuple):
    """hints: the root hints file that leads into it."""

    namespace: Namespace
    hints: Path


@contextmanager
def internet(folder: Path, prefix: tuple[str, ...]) -> Iterator[Internet]:
    """All servers running; `prefix` (such as taskset) is put before each NSD."""
    zones = {
        "root": {".": _root()},
        "tld": {"test.": _tld()},
        "zones": {f"z{zone}.test.": _zone(zone) for zone in range(ZONES)}
        | dict.fromkeys((f"c{zone}.test." for zone in range(COLD_ZONES)), _cold_zone()),
    }
    hints = folder / "root.hints"
    hints.write_text(_name_servers("root", ".", owner="."))
    with namespace() as inside, ExitStack() as stack:
        for level, pairs in NAME_SERVERS.items():
            addresses = [address for pair in pairs for address in pair]
            inside.own(addresses)
            stack.enter_context(nsd(folder / level, inside, addresses, zones[level], prefix))
        yield Internet(inside, hints)


def _name_servers(level: str, apex: str, owner: str = "@") -> str:
    """The NS records of `owner`, and the addresses of the name servers below `apex`; "": relative to the zone."""
    lines = []
    for number, (ipv4, ipv6) in enumerate(NAME_SERVERS[level], 1):
        name = f"ns{number}{apex and '.'}{apex.removeprefix('.')}"
        lines += [f"{owner} 86400 IN NS {name}", f"{name} 86400 IN A {ipv4}", f"{name} 86400 IN AAAA {ipv6}"]
    return "\n".join(lines) + "\n"


def _root() -> str:
    return "$ORIGIN .\n" + SOA + _name_servers("root", ".") + _name_servers("tld", "test.", owner="test.")


def _tld() -> str:
    names = [f"z{zone}.test." for zone in range(ZONES)] + [f"c{zone}.test." for zone in range(COLD_ZONES)]
    delegations = (_name_servers("zones", name, owner=name) for name in names)
    return "$ORIGIN test.\n" + SOA + _name_servers("tld", "test.") + "".join(delegations)


def _zone(zone: int) -> str:
    """Hosts h0…; aliases a0… to aliases b0… in the next zone, to hosts in the one after it; and a wildcard."""
    apex = f"z{zone}.test."
    after = (zone + 1) % ZONES
    lines = [f"$ORIGIN {apex}", SOA + _name_servers("zones", apex), "* 3600 IN A 192.0.2.80"]
    for host in range(HOSTS_PER_ZONE):
        lines += [
            f"h{host} 86400 IN A 192.0.2.{host + 10}",
            f"a{host} 86400 IN CNAME b{host}.z{after}.test.",
            f"b{host} 86400 IN CNAME h{host}.z{after}.test.",
        ]
    return "\n".join(lines) + "\n"


def _cold_zone() -> str:
    """One text for all of them: its names are relative to whichever apex it is read for."""
    return SOA + _name_servers("zones", "") + "www 3600 IN A 192.0.2.81\n"
