"""A chain of trust for the terminal: as a tree of all that is known of it, or a line for each link."""

from collections.abc import Iterator, Sequence
from typing import Final

import click
import msgspec

from cache.names import count_labels, from_text
from resolver.cli.daemon import ask
from resolver.cli.json_rows import echo_row
from resolver.service.trust_protocol import ChainRow, TrustChain

MARKS: Final = {"secure": ("✓", "green"), "insecure": ("○", "yellow"), "bogus": ("✗", "red"), "unknown": ("?", "blue")}
INDENT: Final = "   "


def print_chain(request: TrustChain, socket: str, *, as_json: bool) -> None:
    """Ask for the chain, and print it."""
    rows: list[bytes] = []
    ask(socket, request, echo_row if as_json else rows.append)
    for line in () if as_json else chain_lines([msgspec.json.decode(row, type=ChainRow) for row in rows]):
        click.echo(line)


def chain_lines(rows: Sequence[ChainRow]) -> Iterator[str]:
    """Each link below the zone that signs it; what vouches for it, who signed it and for how long, and what is wrong."""
    depths: dict[str, int] = {}
    for row in rows:
        is_apex = row.type == "DNSKEY" and row.owner == row.zone
        if is_apex:
            above = [zone for zone in depths if row.zone != zone and from_text(row.zone).endswith(from_text(zone))]
            depths[row.zone] = 1 + max((depths[zone] for zone in above), default=-1)
        depth = depths.get(row.zone, 0) + (0 if is_apex else 1)
        yield f"{INDENT * depth}{_head(row)}"
        yield from _details(row, INDENT * depth + "    ")


def brief_lines(rows: Sequence[ChainRow]) -> Iterator[str]:
    """Each link on one line: what vouches for it, who signed it and for how long, or what is wrong."""
    for row in rows:
        said = [f"signed by {signature}" for signature in row.signatures]
        if row.ds:
            said.insert(0, _vouching(row))
        yield "; ".join((_head(row), *said))


def _head(row: ChainRow) -> str:
    mark, colour = MARKS[row.security]
    state = f"{click.style(row.security, fg=colour)}{': ' + row.note if row.note else ''}"
    return f"{click.style(mark, fg=colour)} {row.owner} {row.type}  {state}"


def _vouching(row: ChainRow) -> str:
    return f"{'DS' if count_labels(from_text(row.owner)) else 'trust anchor'} {', '.join(row.ds)}"


def _details(row: ChainRow, indent: str) -> Iterator[str]:
    if row.ds:
        yield f"{indent}{_vouching(row)}"
    if row.keys:
        yield f"{indent}keys {', '.join(row.keys)}"
    for signature in row.signatures:
        yield f"{indent}signed by {signature}"
