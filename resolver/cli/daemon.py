"""Asking the running daemon over its control socket."""

import contextlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import click
import msgspec
import trio

from resolver.cli.arguments import DEFAULT_CONFIG
from resolver.cli.config_file import load_or_exit
from resolver.options import Options
from resolver.service.control_protocol import Line, Request, RowLine, Status
from resolver.service.lines import Lines

MAX_REPLY_LINE: Final = (
    1 << 22
)  # octets; an RRset has at most 64 kB, four characters of escaped text each, and some more

GREETING: Final = 2.0  # s for the least that a daemon can be asked

Take = Callable[[bytes], None]  # what is done with each row, as JSON


class DaemonFailure(click.ClickException):
    """No daemon, or none that answers: exit code 1."""

    exit_code = 1


class RequestRefused(click.ClickException):
    """The daemon says that what it was asked is wrong: exit code 2, as for anything wrong on the command line."""

    exit_code = 2


def socket_path(socket: str | None, config: Path | None) -> str:
    """The control socket that the command line means: --socket, else the one in --config, else in the config of the host."""
    if socket is not None:
        return socket
    if config is not None:
        return load_or_exit(config).control.socket
    if DEFAULT_CONFIG.exists():
        return load_or_exit(DEFAULT_CONFIG).control.socket
    return Options().control.socket


def ask(path: str, request: Request, take: Take) -> None:
    """Send `request` to the daemon at `path` and give each row of its reply to `take`. Raises DaemonFailure, RequestRefused."""
    ask_each(path, (request,), take)


def ask_each(path: str, requests: Iterable[Request], take: Take) -> None:
    """As `ask`, one request after the other over one connection; the next is made when the last is answered."""
    from resolver.real_env_unix import open_unix

    async def ask_there() -> None:
        try:
            stream = await open_unix(path)
        except OSError as error:
            raise DaemonFailure(_unreachable(path, error)) from None
        async with stream:
            await _greet(stream, path)
            for request in requests:
                await converse(stream, request, take)

    trio.run(ask_there)


async def _greet(stream: trio.abc.Stream, path: str) -> None:
    """See if anybody answers. What is asked then may take its time. Raises DaemonFailure."""
    with trio.move_on_after(GREETING):
        await converse(stream, Status(), lambda row: None)
        return
    raise DaemonFailure(f"nobody answers at {path} within {GREETING:.0f} s, although somebody listens there")


async def converse(stream: trio.abc.Stream, request: Request, take: Take) -> None:
    """One request and its reply over `stream`. Raises DaemonFailure and RequestRefused."""
    lines = Lines(stream, MAX_REPLY_LINE)
    with contextlib.suppress(trio.BrokenResourceError):
        await stream.send_all(msgspec.json.encode(request) + b"\n")
        while (line := await lines.read()) is not None:
            said = msgspec.json.decode(line, type=Line)
            if isinstance(said, RowLine):
                take(bytes(said.row))
            elif said.is_refused:
                raise RequestRefused(said.error)
            elif said.error:
                raise DaemonFailure(f"the daemon says: {said.error}")
            else:
                return
    raise DaemonFailure("the daemon ended in the middle of its reply: look into its log")


def _unreachable(path: str, error: OSError) -> str:
    advice = "is it running? Start it with `cistern serve`, or name its control socket with --socket or --config"
    if isinstance(error, PermissionError):
        advice = "become a user or a member of the group that the daemon runs as"
    return f"no daemon answers at {path} ({error.strerror or error}): {advice}"
