"""What dig's users type."""

import click
import pytest

from resolver.cli.dig_habits import as_options, reverse_name


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("www.example AAAA", "www.example AAAA"),
        ("@192.0.2.1 www.example", "--server 192.0.2.1 www.example"),
        ("www.example @::1 +short", "www.example --server ::1 --short"),
        ("+tcp +dnssec +norec www.example MX", "--tcp --dnssec --no-recurse www.example MX"),
        ("+vc +recurse www.example", "--tcp www.example"),
        ("AAAA www.example", "www.example AAAA"),
        ("aaaa www.example +short", "www.example aaaa --short"),
        ("mx", "mx"),
        ("mx mx", "mx mx"),
        ("-t MX www.example", "-t MX www.example"),
        ("--server mx AAAA www.example", "--server mx www.example AAAA"),
    ],
)
def test_digs_words_become_ours(typed: str, meant: str) -> None:
    assert as_options(typed.split()) == meant.split()


def test_what_is_not_known_is_said_with_what_is() -> None:
    with pytest.raises(click.UsageError, match=r"\+trace is not known here: expected one of \+short"):
        as_options(["+trace", "www.example"])


@pytest.mark.parametrize(
    ("address", "name"),
    [("192.0.2.1", "1.2.0.192.in-addr.arpa."), ("2001:db8::1", f"1.{'0.' * 23}8.b.d.0.1.0.0.2.ip6.arpa.")],
)
def test_an_address_has_a_name(address: str, name: str) -> None:
    assert reverse_name(address) == name


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(click.BadParameter, match="is no IP address"):
        reverse_name("www.example")
