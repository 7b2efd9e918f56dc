"""Who is asking: the network a client belongs to, and whether it may ask here at all.

A 6PN address is `fdaa:`, 32 bits of network id, 32 bits of host, 32 bits of machine, 16 free bits; the network of a
client is bits 16 to 48 of its source address and of nothing else.
"""

import ipaddress
from collections.abc import Callable, Mapping
from typing import Final, final

from mypy_extensions import mypyc_attr

from cache.value import Value

# Network ids by the first bits of an address, for each (bits of an address, how many of them count): the most of them first.
# There may be as many prefixes as networks, and whoever forges his address asks about a new one each time.
Networks = Mapping[tuple[int, int], Mapping[int, int]]

SIX_PN: Final = b"\xfd\xaa"  # fdaa::/16
IPV4_OCTETS: Final = 4
MAPPED: Final = bytes(10) + b"\xff\xff"  # ::ffff:0:0/96: an IPv4 client of a dual-stack socket


@final
@mypyc_attr(acyclic=True)
class View(Value):
    """What a client may see.

    client: its packed source address. network: the 6PN network whose `.internal` it sees, or None: it may ask public
    names only. refusal: "" or the reason why everything it asks is REFUSED. group, machine: what its questions in flight
    are counted under, in all of its network or address and as one client of it.
    """

    __slots__ = ("client", "group", "machine", "network", "refusal")

    def __init__(self, client: bytes, network: int | None, refusal: str, group: str, machine: bytes) -> None:
        self.client: Final = client
        self.network: Final = network
        self.refusal: Final = refusal
        self.group: Final = group
        self.machine: Final = machine

    def parts(self) -> tuple[object, ...]:
        return self.client, self.network, self.refusal, self.group, self.machine

    def network_id(self) -> int:
        """The network of a client that has one."""
        assert self.network is not None
        return self.network


def view_of(client: bytes, local: bytes, networks: Networks) -> View:
    """The view of packed source address `client` that asked packed address `local`. Pure.

    networks: of clients outside fdaa::/16.
    """
    client, local = _unmapped(client), _unmapped(local)
    address = ipaddress.ip_address(client)
    if client.startswith(SIX_PN):
        network: int | None = network_of(client)
        group = f"network {network}"
    else:
        network = _configured(client, networks)
        group = str(address)
    refusal = _refusal(address, network, local)
    return View(client=client, network=network, refusal=refusal, group=group, machine=machine_of(client))


def network_of(six_pn: bytes) -> int:
    """Bits 16 to 48 of a packed 6PN address."""
    return int.from_bytes(six_pn[2:6], "big")


def machine_of(client: bytes) -> bytes:
    """What counts as one client of those behind packed source address `client`, which owns more than one address maybe.

    A machine has the last 16 bits of a 6PN address for itself, and a host elsewhere its /64 (RFC 6177 §2).
    """
    client = _unmapped(client)
    if len(client) == IPV4_OCTETS:
        return client
    return client[:14] if client.startswith(SIX_PN) else client[:8]


def machine_text(machine: bytes) -> str:
    """What `machine_of` says, for people: an address, or the prefix that counts as one machine."""
    if len(machine) == IPV4_OCTETS:
        return str(ipaddress.ip_address(machine))
    return str(ipaddress.IPv6Network((machine.ljust(16, b"\0"), 8 * len(machine))))


def network_behind(client: bytes) -> bytes:
    """The network that a packed source address lies in: a 6PN network, a /48 of IPv6, a /24 of IPv4."""
    machine = machine_of(client)
    if len(machine) == IPV4_OCTETS:
        return machine[:3]
    return machine[:6]  # of a 6PN address: `fdaa` and the network


def views(networks: Mapping[str, int]) -> Callable[[bytes, bytes], View]:
    """`view_of` over the configured prefixes, which were checked when the options were read."""
    sorted_out = sort_out(networks)
    return lambda client, local: view_of(client, local, sorted_out)


def sort_out(networks: Mapping[str, int]) -> Networks:
    """networks: prefix -> network id; the longest matching prefix counts."""
    found: dict[tuple[int, int], dict[int, int]] = {}
    for text, network in networks.items():
        prefix = ipaddress.ip_network(text)
        bits, length = prefix.max_prefixlen, prefix.prefixlen
        found.setdefault((bits, length), {})[int(prefix.network_address) >> (bits - length)] = network
    return dict(sorted(found.items(), reverse=True))


def _refusal(address: ipaddress.IPv4Address | ipaddress.IPv6Address, network: int | None, local: bytes) -> str:
    if network is None:
        return "" if address.is_loopback else "this client's address belongs to no network"
    # fdaa:<n>::3 answers for network n alone; fdaa::3 (n = 0) is everybody's
    if local.startswith(SIX_PN) and network_of(local) not in (0, network):
        return "another network's resolver address was asked"
    return ""


def _configured(client: bytes, networks: Networks) -> int | None:
    whole = int.from_bytes(client, "big")
    for (bits, length), of_length in networks.items():
        if bits == 8 * len(client):
            network = of_length.get(whole >> (bits - length))
            if network is not None:
                return network
    return None


def _unmapped(packed: bytes) -> bytes:
    return packed[12:] if packed.startswith(MAPPED) and len(packed) == 16 else packed
