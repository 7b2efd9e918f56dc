"""`cistern explain`: why would a question get the answer it would get now?"""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import msgspec

from cache.names import from_text
from internal_zones import is_ours
from resolver.cli.arguments import for_programs, name, of_a_daemon, rrtype
from resolver.cli.daemon import ask, socket_path
from resolver.cli.explain_chain import brief_lines, print_chain
from resolver.cli.explain_graph import dot, tree
from resolver.cli.json_rows import echo_row
from resolver.cli.tables import milliseconds, print_table, seconds
from resolver.observe.trace import TraceRow
from resolver.policy.explain import LinkRow, VerdictRow
from resolver.service.control_protocol import Explain, Resolve
from resolver.service.trust_protocol import ChainRow, TrustChain

HEADS: Final = ("NAME", "TYPE", "FROM", "STATE", "AGE", "LEFT", "LEASE", "RANK", "SECURITY", "SERVER", "DATA")
NUMBERS: Final = frozenset({"AGE", "LEFT", "LEASE"})
LESS: Final = ("LEASE", "RANK", "AGE", "SECURITY", "SERVER")


@click.command("explain")
@click.argument("qname", metavar="NAME", type=name)
@click.argument("qtype", metavar="[TYPE]", type=rrtype, default="A")
@click.option("--resolve", "for_real", is_flag=True, help="Resolve NAME now, and show each step as it is taken.")
@click.option("--graph", "as_graph", is_flag=True, help="As a tree, coloured by what is fresh, stale, bogus or failed.")
@click.option("--dnssec", "as_chain", is_flag=True, help="What vouches for it: the chain of trust, as a tree.")
@click.option("--dot", "dot_file", type=click.Path(path_type=Path), help="Write the tree to this file, for graphviz.")
@click.option(
    "--svg", "svg_file", type=click.Path(path_type=Path), help="Draw the tree into this file (needs graphviz)."
)
@click.option("--network", type=click.IntRange(0, 2**32 - 1), help="Whose `.internal` is meant: a network id.")
@of_a_daemon
@for_programs
def command(
    qname: str,
    qtype: str,
    for_real: bool,
    as_graph: bool,
    as_chain: bool,
    dot_file: Path | None,
    svg_file: Path | None,
    network: int | None,
    socket: str | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Tell why NAME gets the answer it gets.

    Shows each link of the answer that would be given now: where it comes from, its age, the TTL left, its rank, its
    server; of what validation has judged, the links of the chain of trust; what the client would see, and what would be asked
    next. Nothing is asked upstream and nothing changes.

    With --resolve NAME is resolved as for a client, and each query, server, reply and decision is shown as it happens; what
    the cache knows is taken from there, and what is learned is kept. To see all of it: `cistern cache flush NAME` before.

    With --dnssec the chain of trust is drawn with all keys, whatever validation has seen of it: each link from the trust anchor
    down is checked once more: DS, key tags, algorithms, when signatures begin and end, and what is wrong. Of what is cached;
    with --resolve what is missing is asked for, and not kept.
    """
    if network is None and is_ours(from_text(qname)):
        raise click.UsageError(f"{qname} differs from network to network: say whose with --network")
    if as_chain:
        print_chain(TrustChain(qname, qtype, for_real), socket_path(socket, config), as_json=as_json)
        return
    story = Story("sees" if for_real else "would see")
    request = Resolve(qname, qtype, network) if for_real else Explain(qname, qtype, network)
    ask(socket_path(socket, config), request, echo_row if as_json else story.add)
    if as_json:
        return
    drawing = dot(f"{qname} {qtype}", story.links, story.verdict)
    if dot_file is not None:
        dot_file.write_text(drawing)
    if svg_file is not None:
        svg_file.write_bytes(drawn(drawing))
    if as_graph:
        for line in tree(f"{qname} {qtype}", story.links, story.verdict):
            click.echo(line)
    elif dot_file is None and svg_file is None:
        story.print_end()


def drawn(drawing: str) -> bytes:
    """The SVG that graphviz makes of this DOT. Raises click.ClickException."""
    try:
        done = subprocess.run(["dot", "-Tsvg"], input=drawing.encode(), capture_output=True, check=True)
    except FileNotFoundError:
        raise click.ClickException(
            "graphviz is not installed, which draws it: --dot FILE writes what it reads"
        ) from None
    except subprocess.CalledProcessError as failure:
        raise click.ClickException(
            f"graphviz does not draw it: {failure.stderr.decode(errors='replace').strip()}"
        ) from None
    return done.stdout


class Story:
    """Prints the steps of a resolution as they come, and at the end the links of the answer, what vouches for them, and what the
    client sees."""

    def __init__(self, sees: str) -> None:
        """sees: what the client does with it, "sees" or "would see"."""
        self._sees = sees
        self._has_steps = False
        self.links: list[LinkRow] = []
        self.chain: list[ChainRow] = []
        self.verdict: VerdictRow | None = None

    def add(self, row: bytes) -> None:
        """One more TraceRow, LinkRow, ChainRow or VerdictRow, as JSON."""
        told = msgspec.json.decode(row, type=TraceRow | LinkRow | ChainRow | VerdictRow)
        if isinstance(told, TraceRow):
            self._has_steps = True
            click.echo(step_line(told))
        elif isinstance(told, LinkRow):
            self.links.append(told)
        elif isinstance(told, ChainRow):
            self.chain.append(told)
        else:
            self.verdict = told

    def print_end(self) -> None:
        """Print what was not printed yet."""
        if self._has_steps:
            click.echo()
        print_table(HEADS, [line for link in self.links for line in _lines(link)], numbers=NUMBERS, less=LESS)
        if self.chain:
            click.echo("\nChain of trust:")
            for line in brief_lines(self.chain):
                click.echo(f"  {line}")
        if self.verdict is not None:
            click.echo()
            for line in _verdict_lines(self.verdict, self._sees):
                click.echo(line)


def step_line(row: TraceRow) -> str:
    """One step on one line, indented by the look-ups that it stands below."""
    about = " ".join(filter(None, (row.owner, row.type)))
    match row.step:
        case "sent":
            wanted = f"for {row.wanted}, " if row.wanted else ""
            said = f"→ {row.server}  {about}  ({wanted}of {row.zone}, {row.text})"
        case "replied":
            said = f"← {row.server}  {about}  {milliseconds(row.rtt)}  {row.rcode}, {row.text}"
        case "discarded":
            said = f"← {row.server}  {about}  {row.text}"
        case "lost":
            said = f"✗ {row.server}  {about}  {milliseconds(row.rtt)}  {row.text}"
        case _:
            said = f"{about}: {row.text}" if about else row.text
    return f"{1000 * row.at:8.1f} ms  {'  ' * row.depth}{said}"


def _lines(link: LinkRow) -> Iterator[tuple[str, ...]]:
    first, *others = (*link.rdata, *([f"({link.note})"] if link.note else [])) or ("",)
    yield (
        link.owner,
        link.type,
        link.origin,
        link.state,
        "" if link.age is None else seconds(link.age),
        "" if link.ttl_left is None else seconds(link.ttl_left),
        seconds(link.lease_left) if link.rdata else "",
        link.rank,
        link.security,
        link.server,
        first,
    )
    for other in others:
        yield (*[""] * (len(HEADS) - 1), other)


def _verdict_lines(verdict: VerdictRow, sees: str) -> Iterator[str]:
    stale = ", stale records" if verdict.is_stale else ""
    seen = verdict.rcode + stale + "".join(f", {error}" for error in verdict.errors)
    if verdict.next:
        otherwise = f"; if that fails or is late: {seen}" if verdict.rcode else ""
        yield f"The client {sees}: what upstream says{otherwise}"
        yield f"Would be asked:       {verdict.next}"
    else:
        yield f"The client {sees}: {seen or 'what upstream says'}"
