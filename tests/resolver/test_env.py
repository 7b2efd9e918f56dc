"""Addresses as text."""

import pytest

from resolver.env import Address, address_from_text


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
