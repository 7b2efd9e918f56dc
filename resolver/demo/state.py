"""The demo's state database: a platform described in a few lines of TOML, as a file in Corrosion's shape.

Everything follows from the description alone: the same seed gives the same machines, addresses and hosts every time.
"""

from collections.abc import Iterator
from hashlib import blake2b
from ipaddress import IPv6Address
from itertools import count
from pathlib import Path
from typing import Final

import msgspec

from internal_zones.rows import PROCESS_GROUP
from resolver.demo.corrosion_file import CorrosionWriter, Value, create
from resolver.demo.files import file_of

PLATFORM_FILE: Final = file_of("fixtures/state/platform.toml")
SCHEMA_FILE: Final = file_of("conf/state-schema.sql")


class Region(msgspec.Struct, frozen=True):
    code: str
    latitude: float
    longitude: float


class Host(msgspec.Struct, frozen=True):
    """rtt: milliseconds; 0: not measured."""

    name: str
    region: str
    rtt: int

    @property
    def actor_id(self) -> bytes:
        return blake2b(self.name.encode(), digest_size=16).digest()


class Group(msgspec.Struct, frozen=True):
    """Machines of one process group: `each` in each region, the last `stopped` of them stopped.

    services: TCP ports by name; a machine that serves has a check, which the first `failing` of them do not pass.
    """

    name: str
    regions: tuple[str, ...]
    each: int
    stopped: int = 0
    metadata: dict[str, str] = {}
    services: dict[str, int] = {}
    failing: int = 0


class App(msgspec.Struct, frozen=True):
    """flycast: networks in which the app has a Flycast address."""

    name: str
    network: int
    groups: tuple[Group, ...] = ()
    flycast: tuple[int, ...] = ()


class PeerSeed(msgspec.Struct, frozen=True):
    name: str
    network: int


class Platform(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What fixtures/state/platform.toml describes."""

    regions: tuple[Region, ...]
    hosts: tuple[Host, ...]
    apps: tuple[App, ...]
    peers: tuple[PeerSeed, ...]


def read_platform(path: Path = PLATFORM_FILE) -> Platform:
    """The platform described in `path`; raises msgspec.ValidationError."""
    return msgspec.toml.decode(path.read_bytes(), type=Platform)


def make_state(path: Path, platform: Platform | None = None) -> None:
    """Make the state database of `platform` (default: the demo's) at `path`, where no file may be yet."""
    platform = platform or read_platform()
    create(path, SCHEMA_FILE.read_text(), [host.actor_id for host in platform.hosts])
    writer = CorrosionWriter(path)
    with writer.commit():
        for table, row in _rows(platform):
            writer.put(table, row)
        for index, host in enumerate(platform.hosts):
            writer.connection.execute(
                "INSERT INTO __corro_members VALUES (?, ?, ?, ?, 0)",
                (host.actor_id, _gossip_address(index), '{"state":"Alive"}', host.rtt or None),
            )
    writer.close()


def _rows(platform: Platform) -> Iterator[tuple[str, dict[str, Value]]]:
    for region in platform.regions:
        yield "regions", msgspec.structs.asdict(region)
    for index, host in enumerate(platform.hosts):
        gossip = _gossip_address(index)
        yield (
            "hosts",
            {"name": host.name, "region": host.region, "gossip_address": gossip, "actor_id": host.actor_id},
        )
    for app_id, app in enumerate(platform.apps, 1):
        yield "apps", {"id": app_id, "name": app.name, "network_id": app.network}
        yield from _machines(platform, app_id, app)
        for network in app.flycast:
            address = str(IPv6Address(_six_pn(network, b"flycast", app.name.encode())))
            yield "flycast_addresses", {"address": address, "app_name": app.name, "network_id": network}
    for peer in platform.peers:
        address = str(IPv6Address(_six_pn(peer.network, b"peer", peer.name.encode())))
        yield "peers", {"network_id": peer.network, "name": peer.name, "address": address}


def _machines(platform: Platform, app_id: int, app: App) -> Iterator[tuple[str, dict[str, Value]]]:
    """The rows of an app's machines, each followed by those of its checks and services."""
    numbers = count(1)
    for group in app.groups:
        regions = [region for region in group.regions for _ in range(group.each)]
        for place, region in enumerate(regions):
            number = next(numbers)
            hosts = [host for host in platform.hosts if host.region == region]
            host = hosts[number % len(hosts)]
            seed = f"{app.network}/{app.name}/{number}".encode()
            machine_id = blake2b(seed, digest_size=7).hexdigest()
            yield (
                "machines",
                {
                    "id": machine_id,
                    "app_id": app_id,
                    "network_id": app.network,
                    "host": host.name,
                    "region": region,
                    "address": str(IPv6Address(_six_pn(app.network, host.name.encode(), seed))),
                    "state": "stopped" if place >= len(regions) - group.stopped else "started",
                    "metadata": msgspec.json.encode({PROCESS_GROUP: group.name, **group.metadata}).decode(),
                    "skip_dns": 0,
                },
            )
            for name, port in group.services.items():
                status = "critical" if place < group.failing else "passing"
                yield "checks", {"machine_id": machine_id, "name": f"{name}-alive", "status": status}
                yield "services", {"machine_id": machine_id, "protocol": "tcp", "port": port, "name": name}


def _six_pn(network: int, host: bytes, machine: bytes) -> bytes:
    """fdaa + network + host + machine, each of 32 bits, + :2 for the machine itself."""
    parts = b"".join(blake2b(part, digest_size=4).digest() for part in (host, machine))
    return b"\xfd\xaa" + network.to_bytes(4) + parts + b"\x00\x02"


def _gossip_address(index: int) -> str:
    return f"[2001:db8::{index + 1:x}]:8787"
