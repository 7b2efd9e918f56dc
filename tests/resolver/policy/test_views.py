import ipaddress
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolver.policy.views import machine_of, machine_text, network_of, view_of, views

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

NETWORKS = {"192.0.2.0/24": 7, "192.0.2.128/25": 8, "127.0.0.0/8": 24, "2001:db8::/32": 9}


def packed(text: str) -> bytes:
    return ipaddress.ip_address(text).packed


@pytest.mark.parametrize(
    ("client", "network"),
    [
        pytest.param("fdaa:0:18:a7b:7d:f066:b83b:2", 0x18, id="a machine belongs to bits 16 to 48 of its address"),
        pytest.param("fdaa:1:2:3:4:5:6:2", 0x10002, id="a network id takes 32 bits"),
        pytest.param("192.0.2.1", 7, id="a configured prefix gives its network"),
        pytest.param("192.0.2.129", 8, id="the longest matching prefix counts"),
        pytest.param("::ffff:192.0.2.1", 7, id="an IPv4 client of a dual-stack socket is an IPv4 client"),
        pytest.param("2001:db8::1", 9, id="an IPv6 prefix"),
        pytest.param("::1", None, id="loopback may ask public names without a network"),
    ],
)
def test_network_of_a_client(client: str, network: int | None) -> None:
    view = views(NETWORKS)(packed(client), packed("fdaa::3"))
    assert (view.network, view.refusal) == (network, "")


@pytest.mark.parametrize(
    ("client", "local"),
    [
        pytest.param("198.51.100.1", "192.0.2.53", id="an address of no network"),
        pytest.param("fdaa:0:18::2", "fdaa:0:19::3", id="another network's resolver address"),
        pytest.param("192.0.2.1", "fdaa:0:18::3", id="another network's resolver address, asked from outside 6PN"),
    ],
)
def test_refused_clients(client: str, local: str) -> None:
    assert views(NETWORKS)(packed(client), packed(local)).refusal


@pytest.mark.parametrize("local", ["fdaa::3", "fdaa:0:18::3", "127.0.0.1"])
def test_a_client_may_ask_everybodys_address_and_its_own_networks(local: str) -> None:
    assert not view_of(packed("fdaa:0:18::2"), packed(local), {}).refusal


def test_members_of_one_network_are_counted_together() -> None:
    one, other = (view_of(packed(f"fdaa:0:18::{n}"), packed("fdaa::3"), {}) for n in (2, 3))
    assert one.group == other.group


def test_network_id_is_32_bits_of_the_address() -> None:
    assert network_of(packed("fdaa:ffff:fffe::3")) == 0xFFFFFFFE


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        pytest.param("fdaa:0:18:a7b:7d:f066:b83b:2", "fdaa:0:18:a7b:7d:f066:b83b:3", True, id="6PN: 16 free bits"),
        pytest.param("fdaa:0:18:a7b:7d:f066:b83b:2", "fdaa:0:18:a7b:7d:f066:b83c:2", False, id="6PN: two machines"),
        pytest.param("2001:db8::1", "2001:db8::ffff:1", True, id="IPv6: a /64"),
        pytest.param("2001:db8::1", "2001:db8:0:1::1", False, id="IPv6: two /64"),
        pytest.param("192.0.2.1", "192.0.2.2", False, id="IPv4: each address"),
        pytest.param("192.0.2.1", "::ffff:192.0.2.1", True, id="IPv4: over a dual-stack socket"),
    ],
)
def test_a_machine_is_one_under_all_of_its_addresses(one: str, other: str, is_same: bool) -> None:
    assert (machine_of(packed(one)) == machine_of(packed(other))) is is_same


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fdaa:0:18:a7b:1:2:3:4", "fdaa:0:18:a7b:1:2:3:0/112"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    ],
)
def test_a_machine_is_told_as_its_address_or_prefix(address: str, text: str) -> None:
    assert machine_text(machine_of(ipaddress.ip_address(address).packed)) == text


ADDRESSES = st.one_of(st.ip_addresses(network="192.0.2.0/27"), st.ip_addresses(network="2001:db8::/120"))


@given(
    prefixes=st.dictionaries(
        st.builds(lambda it, cut: f"{it}/{it.max_prefixlen - cut}", ADDRESSES, st.integers(0, 7)), st.integers(1, 99)
    ),
    client=ADDRESSES,
)
def test_the_longest_prefix_counts_of_any(prefixes: dict[str, int], client: Address) -> None:
    networks = {str(ipaddress.ip_network(text, strict=False)): number for text, number in prefixes.items()}
    matching = [it for it in map(ipaddress.ip_network, networks) if it.version == client.version and client in it]
    longest = max(matching, key=lambda it: it.prefixlen, default=None)
    assert views(networks)(client.packed, b"").network == (networks[str(longest)] if longest else None)


def test_a_client_nobody_knew_costs_the_same_with_many_prefixes() -> None:
    """Whoever forges his address is a new one with each query: a look at each of 10,000 prefixes would hold the loop."""

    def calls_with(count: int) -> int:
        view = views({f"{ipaddress.IPv4Address((10 << 24) + number)}/32": number for number in range(count)})
        calls = 0

        def note(frame: object, event: str, argument: object) -> None:
            nonlocal calls
            calls += event == "call"

        sys.setprofile(note)
        try:
            view(packed("127.0.0.1"), packed("127.0.0.1"))
        finally:
            sys.setprofile(None)
        return calls

    assert calls_with(1) == calls_with(1000)
