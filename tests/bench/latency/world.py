"""Who is where in the simulated internet, how far away, and what does each serve? Made from one seed, the same each time.

    .                      ROOT_HOSTS servers
    example.               TOP_HOSTS
    r0.example. …          REGISTRIES, each with servers of its own
    p0.r0.example. …       PROVIDERS with 2 to 4 servers; names e0 … e7 to which aliases lead
    z0.r0.example. …       ZONES, each on the servers of one provider: half with name servers of their own name and glue, half
                           named after the provider; www, api, mail and cdn, the last one an alias to the provider
Every server has an IPv4 and an IPv6 address and one round-trip time for both.
"""

import ipaddress
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random
from typing import Final

from tests.bench.latency.records import Zone, aaaa, cname, ns, wire
from tests.bench.latency.records import a as a_record

SEED: Final = 20
NETWORK4: Final = ipaddress.ip_network("198.18.0.0/15")  # RFC 2544: for benchmarks
NETWORK6: Final = ipaddress.ip_network("2001:db8::/32")
MIN_RTT, MAX_RTT = 0.005, 0.180  # s
DEAD: Final = 0.25  # of all servers, though never all of one set
ROOT_HOSTS, TOP_HOSTS, REGISTRY_HOSTS = 4, 4, 4
REGISTRIES: Final = 16
PROVIDERS: Final = 150
PROVIDER_HOSTS: Final = (2, 3, 4)
ALIAS_TARGETS: Final = 8
ZONES: Final = 2000
HOSTS: Final = ("www", "api", "mail", "cdn")
ALIAS: Final = "cdn"
ZIPF: Final = 0.9


@dataclass(frozen=True, slots=True)
class Host:
    """A server: its addresses, its round-trip time in seconds, and whether it is among the dead where some are."""

    ipv4: str
    ipv6: str
    rtt: float
    may_be_dead: bool


@dataclass(slots=True)
class Operator:
    """Some servers that all serve the same zones."""

    hosts: tuple[Host, ...]
    zones: dict[bytes, Zone] = field(default_factory=dict)


@dataclass(slots=True)
class World:
    """root: who serves the root. names: what clients ask for, the most popular first."""

    operators: list[Operator]
    names: list[str]

    @property
    def root(self) -> Operator:
        return self.operators[0]


def build(seed: int = SEED) -> World:
    """The whole internet."""
    rng = Random(seed)
    hosts = _Hosts(rng)
    root, top = Operator(hosts.some(ROOT_HOSTS)), Operator(hosts.some(TOP_HOSTS))
    registries = [Operator(hosts.some(REGISTRY_HOSTS)) for _ in range(REGISTRIES)]
    providers = [Operator(hosts.some(rng.choice(PROVIDER_HOSTS))) for _ in range(PROVIDERS)]
    _delegate(None, root, ".")
    _delegate(root.zones[wire(".")], top, "example.")
    parents = []
    for number, registry in enumerate(registries):
        _delegate(top.zones[wire("example.")], registry, f"r{number}.example.")
        parents.append(registry.zones[wire(f"r{number}.example.")])
    for number, provider in enumerate(providers):
        zone = _delegate(parents[number % REGISTRIES], provider, provider_zone(number))
        for target in range(ALIAS_TARGETS):
            zone.add(f"e{target}.{provider_zone(number)}", a_record("192.0.2.80"))
    names = [name for number in range(ZONES) for name in _customer(number, parents, providers, rng)]
    rng.shuffle(names)
    return World([root, top, *registries, *providers], names)


def _customer(number: int, parents: list[Zone], providers: list[Operator], rng: Random) -> list[str]:
    """Make one of the ZONES; the names in it that clients ask for."""
    provider, registry = rng.randrange(PROVIDERS), rng.randrange(REGISTRIES)
    apex = f"z{number}.r{registry}.example."
    names_at = apex if number % 2 else provider_zone(provider)
    zone = _delegate(parents[registry], providers[provider], apex, names_at)
    for host in HOSTS:
        target = f"e{rng.randrange(ALIAS_TARGETS)}.{provider_zone(rng.randrange(PROVIDERS))}"
        zone.add(f"{host}.{apex}", cname(target) if host == ALIAS else a_record("192.0.2.81"))
    return [f"{host}.{apex}" for host in HOSTS]


def provider_zone(number: int) -> str:
    return f"p{number}.r{number % REGISTRIES}.example."


def questions(names: list[str], count: int, rng: Random) -> list[str]:
    """What clients ask, one after the other: the n-th name 1/n^ZIPF times as often as the first."""
    weights = list(accumulate((rank + 1) ** -ZIPF for rank in range(len(names))))
    return rng.choices(names, cum_weights=weights, k=count)


def root_hints(world: World) -> str:
    """The hints file, as zone text."""
    lines = []
    for number, host in enumerate(world.root.hosts, 1):
        name = f"ns{number}."
        lines += [f". 86400 IN NS {name}", f"{name} 86400 IN A {host.ipv4}", f"{name} 86400 IN AAAA {host.ipv6}"]
    return "\n".join(lines) + "\n"


def _delegate(parent: Zone | None, operator: Operator, apex: str, names_at: str | None = None) -> Zone:
    """Make `apex` a zone of the operator. names_at: where its name servers' names and their addresses are; None: in it."""
    zone = operator.zones[wire(apex)] = Zone(apex)
    inside = apex if names_at is None else names_at
    servers = [(f"ns{number}.{inside}".replace("..", "."), host) for number, host in enumerate(operator.hosts, 1)]
    has_glue = inside == apex
    for name, host in servers:
        zone.add(apex, ns(name))
        if has_glue:
            zone.add(name, a_record(host.ipv4), aaaa(host.ipv6))
        if parent is not None:
            parent.cut(apex, ns(name))
            if has_glue:
                parent.glue(apex, name, a_record(host.ipv4), aaaa(host.ipv6))
    return zone


class _Hosts:
    """Gives out addresses one after the other."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._count = 0

    def some(self, number: int) -> tuple[Host, ...]:
        hosts = [self._one() for _ in range(number)]
        if all(host.may_be_dead for host in hosts):
            hosts[0] = Host(hosts[0].ipv4, hosts[0].ipv6, hosts[0].rtt, may_be_dead=False)
        return tuple(hosts)

    def _one(self) -> Host:
        self._count += 1
        rtt = self._rng.uniform(MIN_RTT, MAX_RTT)
        is_dead = self._rng.random() < DEAD
        # each in a network of its own: some resolvers judge neighbours alike
        offset4, offset6 = self._count << 7 | 53, self._count << 80 | 53
        return Host(str(NETWORK4[offset4]), str(NETWORK6[offset6]), rtt, is_dead)
