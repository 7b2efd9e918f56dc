"""The links of an answer as a tree for the terminal, or in DOT for graphviz, coloured by how each is."""

from collections.abc import Iterator, Sequence
from typing import Final

import click

from resolver.cli.tables import seconds
from resolver.policy.explain import LinkRow, VerdictRow

COLOURS: Final = {  # of a link's state or security, in the terminal and in DOT
    "fresh": "green",
    "due": "green",
    "stale": "yellow",
    "bogus": "red",
    "failed": "red",
    "missing": "blue",
    "refused": "magenta",
}
UNKNOWN: Final = "white"
SHAPES: Final = {"white": "gray"}  # DOT is drawn on white


def state_of(link: LinkRow) -> str:
    """The one word that decides the colour: what is bogus is that, however fresh."""
    return "bogus" if link.security == "bogus" else link.state


def tree(question: str, links: Sequence[LinkRow], verdict: VerdictRow | None) -> Iterator[str]:
    """One line per link, each below the one that leads to it; then what the client sees."""
    yield click.style(question, bold=True)
    for depth, link in enumerate(links):
        mark = click.style("●", fg=COLOURS.get(state_of(link), UNKNOWN))
        yield f"{'   ' * depth}└─ {mark} {link.owner} {link.type}  {_note(link)}".rstrip()
        for record in link.rdata:
            yield f"{'   ' * (depth + 1)}  {record}"
    if verdict is not None:
        yield f"{'   ' * len(links)}└─ {click.style(_seen(verdict), bold=True)}"


def dot(question: str, links: Sequence[LinkRow], verdict: VerdictRow | None) -> str:
    """The same for graphviz: `dot -Tsvg`."""
    lines = [
        "digraph answer {",
        "  rankdir=TB; node [shape=box, fontname=monospace];",
        f"  q [label={_quoted(question)}];",
    ]
    before = "q"
    for number, link in enumerate(links):
        colour = COLOURS.get(state_of(link), UNKNOWN)
        label = "\n".join((f"{link.owner} {link.type}", _note(link), *link.rdata))
        lines.append(f"  n{number} [label={_quoted(label)}, color={SHAPES.get(colour, colour)}, penwidth=2];")
        lines.append(f"  {before} -> n{number};")
        before = f"n{number}"
    if verdict is not None:
        lines += [f"  v [label={_quoted(_seen(verdict))}, shape=ellipse];", f"  {before} -> v;"]
    return "\n".join([*lines, "}"]) + "\n"


def _note(link: LinkRow) -> str:
    """`fresh, 53s left, secure, from 192.0.2.1`."""
    said = [state_of(link)]
    if link.ttl_left is not None:
        said.append(f"{seconds(link.ttl_left)} left")
    if link.security and link.security not in ("unchecked", "bogus"):
        said.append(link.security)
    if link.server:
        said.append(f"from {link.server}")
    elif link.origin:
        said.append(f"from {link.origin}")
    if link.note:
        said.append(link.note)
    return ", ".join(said)


def _seen(verdict: VerdictRow) -> str:
    if verdict.next:
        return f"would be asked: {verdict.next}"
    stale = ", stale records" if verdict.is_stale else ""
    return (verdict.rcode or "what upstream says") + stale + "".join(f", {error}" for error in verdict.errors)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
