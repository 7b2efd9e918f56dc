"""Addresses as text."""

import pytest

from resolver.env import (
    ALL_SOURCE_PORTS,
    LEAST_SOURCE_PORTS,
    MIN_SOURCE_PORT,
    Address,
    address_from_text,
    port_range,
    source_ports,
)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1:53", Address("192.0.2.1", 53)),
        ("[2001:db8::1]:5300", Address("2001:db8::1", 5300)),
        ("[2001:0DB8:0::1]:0", Address("2001:db8::1", 0)),
    ],
)
def test_an_address_becomes_canonical(text: str, address: Address) -> None:
    assert address_from_text(text) == address


@pytest.mark.parametrize("address", [Address("192.0.2.1", 53), Address("2001:db8::1", 53)])
def test_the_text_of_an_address_is_read_back(address: Address) -> None:
    assert address_from_text(str(address)) == address


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("192.0.2.1", "has no port"),
        ("", "has no port"),
        ("192.0.2.1:", "has no port"),
        ("192.0.2.1:+5", "has no port"),
        ("192.0.2.1:65536", "over 65535"),
        ("ns1.example:53", "is no IP address"),
        ("2001:db8::1:53", "brackets"),
        ("[192.0.2.1]:53", "brackets"),
    ],
)
def test_a_text_that_is_no_address_says_why(text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        address_from_text(text)


def test_without_a_wish_all_ports_above_the_services_are_used() -> None:
    assert source_ports((), "\n") is ALL_SOURCE_PORTS
    assert (ALL_SOURCE_PORTS[0], ALL_SOURCE_PORTS[-1], len(ALL_SOURCE_PORTS)) == (MIN_SOURCE_PORT, 65535, 64512)


def test_what_the_kernel_reserves_and_what_is_avoided_is_left_out() -> None:
    ports = set(source_ports(("5353", "8000-8100"), "8080,9000-9100,30000\n"))
    assert len(ports) == len(ALL_SOURCE_PORTS) - 1 - 101 - 101 - 1
    assert not ports & {5353, 8000, 8080, 8100, 9000, 9050, 9100, 30000}
    assert {5352, 8101, 8999, 9101} <= ports


def test_a_kernel_that_reserves_nearly_all_is_not_heeded() -> None:
    assert len(source_ports(("5353",), "1024-65000\n")) == len(ALL_SOURCE_PORTS) - 1


def test_an_operator_cannot_leave_too_few() -> None:
    with pytest.raises(ValueError, match=str(LEAST_SOURCE_PORTS)):
        source_ports(("1024-65000",), "")


@pytest.mark.parametrize("text", ["", "x", "1-", "-1", "2-1", "70000", "1-70000", "1 - 2", "1,2"])
def test_what_is_no_range_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="port"):
        port_range(text)
