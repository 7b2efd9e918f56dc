"""Asking a daemon over its control socket."""

import os
import socket
import time
from pathlib import Path

import msgspec
import pytest
import trio
import trio.testing

from resolver.cli.daemon import DaemonFailure, RequestRefused, ask, converse, socket_path
from resolver.options import Options
from resolver.service.control import serve_operator
from resolver.service.control_protocol import CacheShow, Explain, Request, StatRow, Stats
from tests.resolver.service.pretended_daemon import PretendedDaemon


def rows_of(request: Request) -> list[bytes]:
    """The rows that a pretended daemon gives."""
    rows: list[bytes] = []

    async def main() -> None:
        operator, ours = trio.testing.memory_stream_pair()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve_operator, ours, PretendedDaemon())
            async with operator:
                await converse(operator, request, rows.append)

    trio.run(main)
    return rows


def test_each_row_is_handed_over_as_json() -> None:
    (row,) = rows_of(Stats())
    assert msgspec.json.decode(row, type=StatRow).name == "hits"


def test_what_the_daemon_refuses_is_a_failure_with_its_reason() -> None:
    with pytest.RaisesGroup(pytest.RaisesExc(RequestRefused, match="bad request: .*NO_SUCH_TYPE")):
        rows_of(Explain("www.example.", "NO_SUCH_TYPE"))


def test_a_reply_that_breaks_off_is_a_failure() -> None:
    async def main() -> None:
        operator, daemon = trio.testing.memory_stream_pair()
        await daemon.send_all(b'{"line":"row","row":{}}\n')
        await daemon.aclose()
        rows: list[bytes] = []
        with pytest.raises(DaemonFailure, match="in the middle of its reply"):
            await converse(operator, CacheShow("www.example."), rows.append)

    trio.run(main)


def test_no_daemon_is_a_failure_that_names_the_socket_and_what_to_do(tmp_path: Path) -> None:
    path = str(tmp_path / "control.sock")
    with pytest.raises(DaemonFailure, match=f"no daemon answers at {path} .*cistern serve") as caught:
        ask(path, Stats(), print)
    assert caught.value.exit_code == 1


def test_who_is_connected_and_hears_nothing_says_so_within_2_seconds(tmp_path: Path) -> None:
    """Every command hung without a word while 16 connections that said nothing had all places."""
    path = str(tmp_path / "control.sock")
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(path)
        deaf.listen()
        began = time.monotonic()
        with pytest.raises(DaemonFailure, match=f"nobody answers at {path} within 2 s"):
            ask(path, Stats(), print)
        assert time.monotonic() - began < 10


def test_the_socket_on_the_command_line_goes_first(tmp_path: Path) -> None:
    assert socket_path("/run/other.sock", tmp_path / "unread.toml") == "/run/other.sock"


def test_the_config_names_the_socket(tmp_path: Path) -> None:
    (tmp_path / "root.hints").touch()
    config = tmp_path / "cistern.toml"
    config.write_text('[control]\nsocket = "c.sock"\n')
    assert socket_path(None, config) == str(tmp_path / "c.sock")


@pytest.mark.skipif(os.path.exists("/etc/cistern/cistern.toml"), reason="this host has a config of its own")
def test_without_any_config_the_default_socket_is_meant() -> None:
    assert socket_path(None, None) == Options().control.socket
