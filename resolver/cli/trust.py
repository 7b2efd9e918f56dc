"""`cistern trust`: which keys all trust rests on, how they stand (RFC 5011), and which zones are left unchecked (RFC 7646)."""

import sys
from pathlib import Path
from typing import Final

import click
import msgspec

from resolver.cli.arguments import duration, for_programs, name, of_a_daemon
from resolver.cli.daemon import ask, socket_path
from resolver.cli.json_rows import echo_row
from resolver.cli.tables import print_table, seconds
from resolver.dnssec.exemptions import MAX_SECONDS
from resolver.service.trust_protocol import (
    MAX_WHY,
    AnchorRow,
    ExemptionRow,
    LookRow,
    TrustEnforce,
    TrustExempt,
    TrustList,
    TrustRefresh,
)

ANCHOR_HEADS: Final = ("ZONE", "KEY", "ALGORITHM", "STATE", "FOR", "UNTIL", "SEEN GOOD", "NEXT LOOK")
EXEMPT_HEADS: Final = ("NOT CHECKED", "FOR ANOTHER", "UNTIL IT VALIDATES", "WHY")
MIN_SECONDS: Final = 60.0  # an exemption ends within a minute of its end
EXIT_NOT_GOOD: Final = 1


def how_long(text: str) -> float:
    """Seconds until it ends by itself. Raises click.BadParameter."""
    length = duration(text)
    if not MIN_SECONDS <= length <= MAX_SECONDS:
        raise click.BadParameter(f"{text!r} is out of range: expected from 1m to 7d")
    return length


def reason(text: str) -> str:
    """Raises click.BadParameter."""
    if not 0 < len(text) <= MAX_WHY:
        raise click.BadParameter(f"expected 1 to {MAX_WHY} characters")
    return text


@click.group("trust")
def command() -> None:
    """Show and mend what signatures rest on: trust anchors, and zones that are exempt for a while."""


@command.command("list")
@of_a_daemon
@for_programs
def list_(socket: str | None, config: Path | None, as_json: bool) -> None:
    """Show the trust anchors with their states, and the zones whose signatures are not checked."""
    rows: list[bytes] = []
    ask(socket_path(socket, config), TrustList(), echo_row if as_json else rows.append)
    if not as_json:
        print_trust(rows)


@command.command("refresh")
@of_a_daemon
@for_programs
def refresh(socket: str | None, config: Path | None, as_json: bool) -> None:
    """Look at the keys of every zone with trust anchors now, instead of when it is due; exit code 1 if one is not good."""
    rows: list[bytes] = []
    ask(socket_path(socket, config), TrustRefresh(), rows.append)
    found = [msgspec.json.decode(row, type=LookRow) for row in rows]
    for raw, row in zip(rows, found, strict=True):
        if as_json:
            echo_row(raw)
        else:
            click.echo(f"{row.zone} {row.fault or 'its keys are good'}")
    if any(row.fault for row in found):
        sys.exit(EXIT_NOT_GOOD)


@command.command("exempt")
@click.argument("zone", type=name)
@click.option("--for", "length", type=how_long, required=True, metavar="TIME", help="30m, 1h, 2d; at most 7d.")
@click.option("--why", type=reason, required=True, help="The reason, for whoever looks later: it is logged and shown.")
@click.option("--no-probe", is_flag=True, help="Until its time is over, also when the zone validates again.")
@of_a_daemon
@for_programs
def exempt(
    zone: str, length: float, why: str, no_probe: bool, socket: str | None, config: Path | None, as_json: bool
) -> None:
    """Check no signature at and below ZONE for a while: a negative trust anchor (RFC 7646).

    For a zone that is signed wrongly and wanted nevertheless. Make sure that it is a mistake and no attack: its answers are
    believed from here on as if it were not signed. Every five minutes it is tried; it ends as soon as the zone validates again.
    """
    request = TrustExempt(zone, length, why, is_probed=not no_probe)
    _print_one(request, socket, config, as_json=as_json, said=f"{zone} is not checked for {seconds(length)}")


@command.command("enforce")
@click.argument("zone", type=name)
@of_a_daemon
@for_programs
def enforce(zone: str, socket: str | None, config: Path | None, as_json: bool) -> None:
    """Check the signatures of ZONE again, before its exemption is over."""
    _print_one(TrustEnforce(zone), socket, config, as_json=as_json, said=f"{zone} is checked again")


def print_trust(rows: list[bytes]) -> None:
    """Print AnchorRows and ExemptionRows, given as JSON."""
    found = [msgspec.json.decode(row, type=AnchorRow | ExemptionRow) for row in rows]
    print_table(ANCHOR_HEADS, (_anchor_cells(row) for row in found if isinstance(row, AnchorRow)))
    exemptions = [row for row in found if isinstance(row, ExemptionRow)]
    if exemptions:
        click.echo()
        print_table(EXEMPT_HEADS, (_exempt_cells(row) for row in exemptions))


def _print_one(
    request: TrustExempt | TrustEnforce, socket: str | None, config: Path | None, *, as_json: bool, said: str
) -> None:
    rows: list[bytes] = []
    ask(socket_path(socket, config), request, rows.append)
    if as_json:
        echo_row(rows[0])
    else:
        click.echo(said)


def _anchor_cells(row: AnchorRow) -> tuple[str, ...]:
    return (
        row.zone,
        str(row.tag),
        str(row.algorithm),
        row.state,
        seconds(row.age),
        "-" if row.left is None else f"in {seconds(row.left)}",
        "never" if row.checked_ago is None else f"{seconds(row.checked_ago)} ago",
        _when(row.due),
    )


def _when(due: float | None) -> str:
    if due is None:
        return "-"
    return f"in {seconds(due)}" if due > 0 else "now"


def _exempt_cells(row: ExemptionRow) -> tuple[str, ...]:
    left = "as configured" if row.left is None else seconds(row.left)
    return row.zone, left, "yes" if row.is_probed else "no", row.why
