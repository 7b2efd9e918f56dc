"""The small internet of fixtures/internet.toml: its servers by name, to be broken, healed, counted and changed while it runs."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import dns.name
import msgspec
from dns.name import Name
from dns.rdatatype import RdataType

from resolver.demo.behaviour import Behaviour, Silent
from resolver.demo.files import file_of
from resolver.demo.server import Server
from resolver.demo.zone import Zone, closest_zone, parse_record, read_zone

INTERNET_FILE: Final = file_of("fixtures/internet.toml")
HINTS_TTL: Final = 518400  # s; conf/root.hints has it too


class ServerSeed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One server as the file describes it. delay: milliseconds; versions: see the file."""

    name: str
    addresses: tuple[str, ...]
    zones: tuple[str, ...]
    delay: float = 0.0
    behaviours: tuple[Behaviour, ...] = ()
    versions: tuple[str, ...] = ()


class InternetSeed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What fixtures/internet.toml describes. port: where all of its servers listen."""

    port: int
    root_servers: tuple[str, ...]
    servers: tuple[ServerSeed, ...]


class Internet:
    """Servers that know of each other through their zones only."""

    def __init__(self, servers: tuple[Server, ...], root_servers: tuple[str, ...], port: int) -> None:
        self.servers = {server.name: server for server in servers}
        self.port = port
        self._root_servers = root_servers

    @property
    def root_hints(self) -> str:
        """A root hints file for resolvers of this internet."""
        lines = []
        for server in (self.servers[name] for name in self._root_servers):
            lines.append(f". {HINTS_TTL} NS {server.name}.test.")
            lines += [f"{server.name}.test. {HINTS_TTL} A {address}" for address in server.addresses]
        return "\n".join(lines) + "\n"

    def break_server(self, name: str, *behaviours: Behaviour) -> None:
        """Have the server behave like this, or fall silent; what is usual with it comes on top."""
        server = self.servers[name]
        server.behaviours = (*server.usual, *(behaviours or (Silent(),)))

    def heal_server(self, name: str) -> None:
        """Have the server behave as usual."""
        server = self.servers[name]
        server.behaviours = server.usual

    def publish(self, record: str) -> list[Zone]:
        """Put the RRset of this one record into its zone, on every server of it; the zone's versions as they are now."""
        rrset = parse_record(record)
        return self._change(rrset.name, lambda zone: zone.with_rrset(rrset))

    def withdraw(self, owner: str, rtype: str) -> list[Zone]:
        """Take an RRset out of its zone, on every server of it; the zone's versions as they are now."""
        name, kind = dns.name.from_text(owner), RdataType.from_text(rtype)
        return self._change(name, lambda zone: zone.without(name, kind))

    def zones(self) -> list[Zone]:
        """Every version of every zone that is served now, each as often as it is served."""
        authorities = [authority for server in self.servers.values() for authority in server.authorities]
        return [zone for authority in authorities for zone in authority.zones.values()]

    def _change(self, name: Name, change: Callable[[Zone], Zone]) -> list[Zone]:
        closest = closest_zone(self.zones(), name)
        assert closest is not None  # the root is above every name
        return [zone for server in self.servers.values() for zone in server.change(closest.origin, change)]


class Fixtures(NamedTuple):
    """The parsed files: values from which any number of internets can be built."""

    seed: InternetSeed
    zones: dict[str, Zone]


def read_fixtures(path: Path = INTERNET_FILE) -> Fixtures:
    """The file, and the zones beside it; raises msgspec.ValidationError, OSError and DNSException."""
    seed = msgspec.toml.decode(path.read_bytes(), type=InternetSeed)
    names = sorted({name for server in seed.servers for name in server.zones})
    return Fixtures(seed, {name: read_zone(path.parent / "zones" / f"{name}.zone") for name in names})


def build_internet(fixtures: Fixtures) -> Internet:
    """An internet in which nothing has happened yet."""
    seed, zones = fixtures
    return Internet(tuple(_server(server, zones) for server in seed.servers), seed.root_servers, seed.port)


def _server(seed: ServerSeed, zones: dict[str, Zone]) -> Server:
    served = tuple(zones[name] for name in seed.zones)
    versions = [served, *(_other_version(served, record) for record in seed.versions)]
    return Server(seed.name, seed.addresses, versions, delay=seed.delay / 1000, behaviours=seed.behaviours)


def _other_version(zones: tuple[Zone, ...], record: str) -> tuple[Zone, ...]:
    rrset = parse_record(record)
    return tuple(zone.with_rrset(rrset) if rrset.name in zone.nodes else zone for zone in zones)
