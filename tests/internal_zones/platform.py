"""Seeded random platforms, as rows of conf/state-schema.sql, and the files that hold them."""

from dataclasses import dataclass, field
from ipaddress import IPv6Address
from pathlib import Path
from random import Random

from resolver.demo.corrosion_file import CorrosionWriter, Value, create
from resolver.demo.state import SCHEMA_FILE

Row = dict[str, Value]

REGIONS = {"ams": (52.4, 4.9), "fra": (50.1, 8.7), "ord": (42.0, -87.9), "nrt": (35.8, 140.4), "global": (0.0, 0.0)}
HOSTS = {"h1": "ams", "h2": "ams", "h3": "fra", "h4": "ord", "h5": "nrt"}
APPS = ("web", "api", "DB", "x-1")
GROUPS = ("web", "Worker")
STATES = ("started", "started", "started", "stopped", "created", "destroyed")
PEERS = ("laptop", "Office", "interactive-9")
NETWORKS = (24, 57)


@dataclass
class State:
    """The user tables, the measured round-trip times by host, and the hosts that are down."""

    apps: list[Row] = field(default_factory=list)
    machines: list[Row] = field(default_factory=list)
    flycast_addresses: list[Row] = field(default_factory=list)
    peers: list[Row] = field(default_factory=list)
    hosts: list[Row] = field(default_factory=list)
    regions: list[Row] = field(default_factory=list)
    checks: list[Row] = field(default_factory=list)
    services: list[Row] = field(default_factory=list)
    rtts: dict[str, int] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)

    @property
    def tables(self) -> dict[str, list[Row]]:
        names = ("apps", "machines", "flycast_addresses", "peers", "hosts", "regions", "checks", "services")
        return {name: getattr(self, name) for name in names}


def actor_of(host: str) -> bytes:
    return host.encode().ljust(16, b"\0")


def app(app_id: int, name: str, network: int) -> Row:
    return {"id": app_id, "name": name, "network_id": network}


def machine(machine_id: str, app_id: int, network: int, **columns: Value) -> Row:
    """A started machine in ams, unless said otherwise."""
    address = str(IPv6Address(f"fdaa:0:{network:x}:a:b:0:{int(machine_id, 16) & 0xFFFF:x}:2"))
    row: Row = {"id": machine_id, "app_id": app_id, "network_id": network, "host": "h1", "region": "ams"}
    return row | {"address": address, "state": "started", "metadata": "{}", "skip_dns": 0} | columns


def random_state(seed: int, networks: tuple[int, ...] = NETWORKS, max_machines: int = 8) -> State:
    """A platform with every kind of row, and every kind of row that has half arrived. Each network depends on its seed only."""
    state = State()
    for network in networks:
        _add_network(state, Random(f"{seed}/{network}"), network, max_machines)
    rng = Random(seed)
    state.hosts = [{"name": host, "region": region, "actor_id": actor_of(host)} for host, region in HOSTS.items()]
    for region, (latitude, longitude) in REGIONS.items():
        if rng.random() < 0.8:
            state.regions.append({"code": region, "latitude": latitude, "longitude": longitude})
    state.rtts = {host: rng.randrange(300) for host in HOSTS if rng.random() < 0.6}
    state.down = {host for host in HOSTS if rng.random() < 0.2}
    return state


def write_state(path: Path, state: State) -> None:
    """Make the database file of the platform."""
    create(path, SCHEMA_FILE.read_text(), [actor_of(host) for host in HOSTS])
    writer = CorrosionWriter(path)
    with writer.commit():
        for table, rows in state.tables.items():
            for row in rows:
                writer.put(table, row)
        for host in {**state.rtts, **dict.fromkeys(state.down)}:
            foca = '{"state":"Down"}' if host in state.down else '{"state":"Alive"}'
            values = (actor_of(host), foca, state.rtts.get(host))
            writer.connection.execute("INSERT INTO __corro_members VALUES (?, '', ?, ?, 0)", values)
    writer.close()


def _add_network(state: State, rng: Random, network: int, max_machines: int) -> None:
    for name in rng.sample(APPS, rng.randrange(len(APPS) + 1)):
        app_id = network * 10 + APPS.index(name)
        state.apps.append(app(app_id, name, network))
        for number in range(rng.randrange(max_machines + 1)):
            state.machines.append(_random_machine(rng, app_id, network, number))
            _add_health(state, rng, str(state.machines[-1]["id"]))
    for name in rng.sample(PEERS, rng.randrange(len(PEERS) + 1)):
        address = rng.choice((f"fdaa:0:{network:x}:9::{PEERS.index(name) + 1:x}", ""))
        state.peers.append({"network_id": network, "name": name, "address": address})
    for name in rng.sample(APPS, rng.randrange(3)):
        for number in range(rng.randrange(3)):
            address = f"fdaa:0:{network:x}:f:{APPS.index(name) + 1}::{number + 1:x}"
            state.flycast_addresses.append({"address": address, "app_name": name, "network_id": network})


def _add_health(state: State, rng: Random, machine_id: str) -> None:
    for name in rng.sample(("http", "disk"), rng.randrange(3)):
        status = rng.choice(("passing", "passing", "warning", "critical", ""))
        state.checks.append({"machine_id": machine_id, "name": name, "status": status})
    for port, name in rng.sample(((80, "Web"), (81, "web"), (5432, "pg"), (9, "")), rng.randrange(3)):
        protocol = rng.choice(("tcp", "tcp", "udp"))
        state.services.append({"machine_id": machine_id, "protocol": protocol, "port": port, "name": name})


def _random_machine(rng: Random, app_id: int, network: int, number: int) -> Row:
    host = rng.choice((*HOSTS, "unknown"))
    metadata = rng.choice(("{}", '{"role":"Primary"}', '{"role":"replica","n":1}'))
    if rng.random() < 0.7:
        metadata = f'{{"fly_process_group":"{rng.choice(GROUPS)}","role":"primary"}}'
    row = machine(
        f"{app_id:x}{number:04x}",
        app_id,
        network,
        host=host,
        region=HOSTS.get(host, "global"),
        state=rng.choice(STATES),
        metadata=metadata,
        skip_dns=int(rng.random() < 0.1),
    )
    if rng.random() < 0.1:
        row[rng.choice(("address", "state", "region"))] = ""
    if rng.random() < 0.1:
        row["address"] = f"fdaa:0:{network:x}:a:b:0:dddd:2"
    return row
