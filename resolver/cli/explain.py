"""`cistern explain`: why would a question get the answer it would get now?"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import msgspec

from cache.names import from_text
from internal_zones import is_ours
from resolver.cli.arguments import for_programs, name, of_a_daemon, rrtype
from resolver.cli.daemon import ask, socket_path
from resolver.cli.tables import print_table, seconds
from resolver.policy.explain import ExplainRow, LinkRow, VerdictRow
from resolver.service.control_protocol import Explain

HEADS: Final = ("NAME", "TYPE", "FROM", "STATE", "AGE", "LEFT", "LEASE", "TRUST", "SECURITY", "SERVER", "DATA")
NUMBERS: Final = frozenset({"AGE", "LEFT", "LEASE"})


@click.command("explain")
@click.argument("qname", metavar="NAME", type=name)
@click.argument("qtype", metavar="[TYPE]", type=rrtype, default="A")
@click.option("--network", type=click.IntRange(0, 2**32 - 1), help="Whose `.internal` is meant: a network id.")
@of_a_daemon
@for_programs
def command(
    qname: str, qtype: str, network: int | None, socket: str | None, config: Path | None, as_json: bool
) -> None:
    """Tell why NAME gets the answer it gets.

    Shows each link of the answer that would be given now: where it comes from, its age, the TTL left, its trust, its
    server; what the client would see, and what would be asked next. Nothing is asked upstream and nothing changes.
    """
    if network is None and is_ours(from_text(qname)):
        raise click.UsageError(f"{qname} differs from network to network: say whose with --network")
    rows: list[bytes] = []
    ask(socket_path(socket, config), Explain(qname, qtype, network), click.echo if as_json else rows.append)
    if not as_json:
        print_story(rows)


def print_story(rows: list[bytes]) -> None:
    """Print ExplainRows, given as JSON: the links as a table, then what the client would see."""
    story = [msgspec.json.decode(row, type=ExplainRow) for row in rows]
    links = [row for row in story if isinstance(row, LinkRow)]
    print_table(HEADS, [line for link in links for line in _lines(link)], numbers=NUMBERS)
    for verdict in story:
        if isinstance(verdict, VerdictRow):
            click.echo()
            for line in _verdict_lines(verdict):
                click.echo(line)


def _lines(link: LinkRow) -> Iterator[tuple[str, ...]]:
    first, *others = (*link.records, *([f"({link.note})"] if link.note else [])) or ("",)
    yield (
        link.name,
        link.type,
        link.origin,
        link.state,
        "" if link.age is None else seconds(link.age),
        "" if link.remaining is None else seconds(link.remaining),
        seconds(link.lease_remaining) if link.records else "",
        link.trust.lower(),
        link.security.lower(),
        link.server,
        first,
    )
    for other in others:
        yield (*[""] * (len(HEADS) - 1), other)


def _verdict_lines(verdict: VerdictRow) -> Iterator[str]:
    stale = ", stale records" if verdict.is_stale else ""
    seen = verdict.rcode + stale + "".join(f", {error}" for error in verdict.errors)
    if verdict.next:
        otherwise = f"; if that fails or is late: {seen}" if verdict.rcode else ""
        yield f"The client would see: what upstream says{otherwise}"
        yield f"Would be asked:       {verdict.next}"
    else:
        yield f"The client would see: {seen or 'what upstream says'}"
