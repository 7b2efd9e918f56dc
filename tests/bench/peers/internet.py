"""The internet that both servers resolve in: a root, one TLD and some thousand zones, each level on NSD of its own.

    root   192.0.2.1, 192.0.2.2           .
    tld    198.51.100.1, 198.51.100.2     test.
    zones  203.0.113.1, 203.0.113.2       z0.test. … with hosts, aliases and a wildcard; c0.test. … cold; s0.test. … signed
The root and the TLD are signed, too. Every server has an IPv6 address beside each IPv4 one.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from tests.bench.peers.signed import signed
from tests.real.namespaces import Namespace, namespace
from tests.real.nsd import nsd
from tests.signing import SignedZone

ZONES: Final = 200
HOSTS_PER_ZONE: Final = 5
COLD_ZONES: Final = 4000
ALIASES_PER_ZONE: Final = 500  # that nobody has asked for before, each to a name of its own
SIGNED_ZONES: Final = 50
SIGNED_HOSTS: Final = 400  # each: what is asked once of them must last for a run
SERVER: Final = "127.0.0.1"  # where the resolver under test listens
PORT: Final = 5300  # not that of the servers that it asks, which may own every address

NAME_SERVERS: Final = {
    "root": (("192.0.2.1", "2001:db8:0::1"), ("192.0.2.2", "2001:db8:0::2")),
    "tld": (("198.51.100.1", "2001:db8:1::1"), ("198.51.100.2", "2001:db8:1::2")),
    "zones": (("203.0.113.1", "2001:db8:2::1"), ("203.0.113.2", "2001:db8:2::2")),
}
SOA: Final = "@ 3600 IN SOA ns1 host 1 3600 600 86400 60\n"


class Internet(NamedTuple):
    """hints: the root hints file that leads into it. anchors: the file of the root's trust anchor."""

    namespace: Namespace
    hints: Path
    anchors: Path | None = None


@contextmanager
def internet(folder: Path, prefix: tuple[str, ...]) -> Iterator[Internet]:
    """All servers running; `prefix` (such as taskset) is put before each NSD."""
    root, tld = SignedZone("."), SignedZone("test.")
    below = [SignedZone(f"s{zone}.test.") for zone in range(SIGNED_ZONES)]
    zones = {
        "root": {".": signed(_root(), root, [tld])},
        "tld": {"test.": signed(_tld(), tld, below)},
        "zones": {zone.apex: signed(_signed_zone(zone.apex), zone) for zone in below}
        | {f"z{zone}.test.": _zone(zone) for zone in range(ZONES)}
        | dict.fromkeys((f"c{zone}.test." for zone in range(COLD_ZONES)), _cold_zone()),
    }
    hints = folder / "root.hints"
    hints.write_text(_name_servers("root", ".", owner="."))
    anchors = folder / "root.key"
    anchors.write_text(f"{root.anchor}\n")
    with namespace() as inside, ExitStack() as stack:
        for level, pairs in NAME_SERVERS.items():
            addresses = [address for pair in pairs for address in pair]
            inside.own(addresses)
            stack.enter_context(nsd(folder / level, inside, addresses, zones[level], prefix))
        yield Internet(inside, hints, anchors)


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
    names += [f"s{zone}.test." for zone in range(SIGNED_ZONES)]
    delegations = (_name_servers("zones", name, owner=name) for name in names)
    return "$ORIGIN test.\n" + SOA + _name_servers("tld", "test.") + "".join(delegations)


def _zone(zone: int) -> str:
    """Hosts h0…; aliases a0… to aliases b0… in the next zone, to hosts in the one after it; aliases m0… to what the next
    zone's wildcard answers; and a wildcard."""
    apex = f"z{zone}.test."
    after = (zone + 1) % ZONES
    lines = [f"$ORIGIN {apex}", SOA + _name_servers("zones", apex), "* 3600 IN A 192.0.2.80"]
    for host in range(HOSTS_PER_ZONE):
        lines += [
            f"h{host} 86400 IN A 192.0.2.{host + 10}",
            f"a{host} 86400 IN CNAME b{host}.z{after}.test.",
            f"b{host} 86400 IN CNAME h{host}.z{after}.test.",
        ]
    lines += [f"m{alias} 3600 IN CNAME t{alias}.z{after}.test." for alias in range(ALIASES_PER_ZONE)]
    return "\n".join(lines) + "\n"


def _signed_zone(apex: str) -> str:
    hosts = (f"q{host} 3600 IN A 192.0.2.{host % 200 + 1}\n" for host in range(SIGNED_HOSTS))
    return f"$ORIGIN {apex}\n" + SOA + _name_servers("zones", apex) + "".join(hosts)


def _cold_zone() -> str:
    """One text for all of them: its names are relative to whichever apex it is read for."""
    return SOA + _name_servers("zones", "") + "www 3600 IN A 192.0.2.81\n"
