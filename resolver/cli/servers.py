"""`cistern servers`: what the daemon knows of the servers that it asks."""

import contextlib
import ipaddress
from pathlib import Path
from typing import Final

import click
import msgspec

from resolver.cli.arguments import for_programs, name, of_a_daemon
from resolver.cli.daemon import ask, socket_path
from resolver.cli.json_rows import echo_row
from resolver.cli.tables import milliseconds, print_table, seconds
from resolver.env import address_from_text
from resolver.policy.server_rows import ServerRow
from resolver.service.control_protocol import ServerList

HEADS: Final = ("SERVER", "NAME", "RTT", "VAR", "WAIT", "REPLIES", "LOST", "LOSS", "IN A ROW", "HEARD", "EDNS", "STATE")
NUMBERS: Final = frozenset({"RTT", "VAR", "WAIT", "REPLIES", "LOST", "LOSS", "IN A ROW", "HEARD"})
LESS: Final = ("VAR", "WAIT", "LOST", "EDNS", "HEARD", "REPLIES", "IN A ROW")
MAX_LAME_SHOWN: Final = 3  # zones; the rest is counted, and --json has all of them


def which(text: str) -> ServerList:
    """The servers with an address, whose port is not looked at, or of a zone. Raises click.BadParameter."""
    with contextlib.suppress(ValueError):
        return ServerList(host=str(ipaddress.ip_address(text)))
    with contextlib.suppress(ValueError):
        return ServerList(host=address_from_text(text).host)
    if ":" in text or not text.strip("0123456789./"):
        # no zone has such a name, and "nothing is known of it" would hide the slip
        raise click.BadParameter(f"{text!r} is no IP address: expected 192.0.2.1 or 2001:db8::1, or a zone")
    return ServerList(zone=name(text))


@click.command("servers")
@click.argument("request", metavar="[ADDRESS|ZONE]", type=which, required=False)
@of_a_daemon
@for_programs
def command(request: ServerList | None, socket: str | None, config: Path | None, as_json: bool) -> None:
    """Show the servers that were asked: all, one, or those of a zone.

    Round-trip time and how it varies, what was lost, what they do not bear, which zones they do not serve, and whether
    nobody waits for them now.
    """
    rows: list[bytes] = []
    request = request or ServerList()
    ask(socket_path(socket, config), request, echo_row if as_json else rows.append)
    if rows:
        print_servers(rows, in_order=not request.zone)
    elif not as_json:
        click.echo(f"nothing is known of {request.host}" if request.host else "no server was asked yet", err=True)


def print_servers(rows: list[bytes], *, in_order: bool) -> None:
    """Print ServerRows, given as JSON; in_order: by address, or else as they come."""
    servers = [msgspec.json.decode(row, type=ServerRow) for row in rows]
    if in_order:
        servers.sort(key=lambda row: (":" in row.server.partition("]")[0], row.server))
    print_table(HEADS, map(_cells, servers), numbers=NUMBERS, less=LESS)


def _cells(row: ServerRow) -> tuple[str, ...]:
    return (
        row.server or "(no address known)",
        row.name_server,
        milliseconds(row.rtt),
        milliseconds(row.variance),
        milliseconds(row.wait),
        str(row.replies),
        str(row.losses),
        f"{row.loss:.0%}",
        str(row.timeouts),
        "never" if row.heard_ago is None else seconds(row.heard_ago),
        row.edns + (", cookie" if row.has_cookie else ""),
        "; ".join(_states(row)),
    )


def _states(row: ServerRow) -> list[str]:
    states = []
    if row.held_for is not None:
        states.append(f"held down for {seconds(row.held_for)}")
    if row.keeps_case is False:
        states.append("changes letter case")
    if row.discards:
        states.append(f"discarded {row.discards}: {row.last_discard}")
    if row.lame:
        more = len(row.lame) - MAX_LAME_SHOWN
        zones = ", ".join(row.lame[:MAX_LAME_SHOWN]) + (f" and {more} more" if more > 0 else "")
        states.append(f"lame for {zones}")
    return states
