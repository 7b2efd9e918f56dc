"""Writes the reference of the site from the program itself: options, commands, metrics, errors. Usage: reference.py FOLDER."""

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import dns.edns
import trio

from resolver import errors
from resolver.cli import main
from resolver.daemon.parts import make_parts
from resolver.daemon.running import Running
from resolver.iterate import built_in_hints
from resolver.observe.histogram import Histogram
from resolver.observe.measures import Measure
from resolver.options import Options, reference
from resolver.real_env import RealEnv
from resolver.wire.text import rcode_to_text


def options() -> str:
    return f"# Options\n\nThe file is TOML; say only what differs.\n\n```toml\n{reference()}```\n"


def commands() -> str:
    return "# Commands\n" + "".join(_of_command(main, "cistern", 2))


def metrics() -> str:
    """A table of every measure of a daemon."""

    async def look() -> list[Measure]:
        async with trio.open_nursery() as nursery:
            parts = make_parts(Options(), RealEnv(), built_in_hints(53), nursery)
            return list(Running(parts).measures())

    lines = ["# Metrics", "", "| name | kind | label | what |", "| --- | --- | --- | --- |"]
    for one in sorted(trio.run(look), key=lambda measure: measure.name):
        kind = "histogram" if isinstance(one.values, Histogram) else "gauge" if one.is_gauge else "counter"
        name = f"{one.name}_total" if kind == "counter" else one.name
        lines.append(f"| `{name}` | {kind} | {one.label} | {one.help} |")
    return "\n".join(lines) + "\n"


def extended_errors() -> str:
    """What each failure of ours gives the client."""
    lines = ["# Extended DNS Errors", "", "What a failure gives the client (RFC 8914).", ""]
    lines += ["| code | meaning | RCODE | when |", "| --- | --- | --- | --- |"]
    failures = [
        one
        for _, one in inspect.getmembers(errors, inspect.isclass)
        if issubclass(one, errors.ResolutionFailure) and one is not errors.ResolutionFailure
    ]
    for one in sorted(failures, key=lambda failure: (failure.info_code, failure.__name__)):
        meaning = dns.edns.EDECode(one.info_code).name.replace("_", " ").capitalize()
        when = " ".join((one.__doc__ or "").split())
        lines.append(f"| {one.info_code} | {meaning} | {rcode_to_text(one.rcode)} | {when} |")
    return "\n".join(lines) + "\n"


def _of_command(command: click.Command, name: str, depth: int) -> Iterator[str]:
    context = click.Context(command, info_name=name)
    yield f"\n{'#' * min(depth, 4)} {name}\n\n```\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            assert found is not None
            yield from _of_command(found, f"{name} {below}", depth + 1)


PAGES = {"options.md": options, "commands.md": commands, "metrics.md": metrics, "errors.md": extended_errors}

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for file, make in PAGES.items():
        (folder / file).write_text(make())
