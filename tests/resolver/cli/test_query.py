"""`cistern query`, as far as its command line."""

from pathlib import Path

import click
import pytest

from resolver.cli.query import first_address, server_address
from resolver.env import Address
from tests.resolver.cli.conftest import cistern


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1", Address("127.0.0.1", 53)),
        ("127.0.0.1:5300", Address("127.0.0.1", 5300)),
        ("::1", Address("::1", 53)),
        ("[::1]:5300", Address("::1", 5300)),
    ],
)
def test_the_port_of_a_server_may_be_left_out(text: str, address: Address) -> None:
    assert server_address(text) == address


@pytest.mark.parametrize("text", ["", "ns1.example", "192.0.2.1:x", "[192.0.2.1]"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no address: expected"):
        server_address(text)


@pytest.mark.parametrize(
    ("listening", "asked"),
    [
        pytest.param("[fdaa::3]:53", Address("fdaa::3", 53), id="as it listens"),
        pytest.param("0.0.0.0:53", Address("127.0.0.1", 53), id="everywhere"),
        pytest.param("[::]:5300", Address("::1", 5300), id="everywhere, IPv6"),
    ],
)
def test_the_daemon_of_a_config_is_asked_where_it_listens_first(tmp_path: Path, listening: str, asked: Address) -> None:
    (tmp_path / "root.hints").touch()
    config = tmp_path / "cistern.toml"
    config.write_text(f'[listen]\naddresses = ["{listening}", "192.0.2.1:53"]\n')
    assert first_address(config) == asked


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (("a..test",), "empty label"),
        (("a.test", "NOPE"), "is no RR type"),
        (("a.test", "--server", "x"), "is no address"),
        ((), "Missing argument 'NAME'"),
    ],
)
def test_a_wrong_command_line_says_what_is_wrong(arguments: tuple[str, ...], wrong: str) -> None:
    shown = cistern("query", *arguments)
    assert shown.exit_code == 2
    assert wrong in shown.stderr


def test_a_server_that_does_not_answer_is_exit_code_1() -> None:
    shown = cistern("query", "www.example", "--server", "127.0.0.1:1", "--tcp")
    assert shown.exit_code == 1
    assert "127.0.0.1:1 cannot be asked" in shown.stderr
