"""`cistern cache`: looks into the daemon's cache, and takes things out of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import click
import msgspec

from resolver.cli.arguments import for_programs, name, of_a_daemon, rrtype
from resolver.cli.daemon import ask, socket_path
from resolver.service.control_protocol import CacheFlush, CacheList, CacheShow, FlushRow

DEFAULT_LIMIT = 1000  # rows; more than anybody reads, less than a million


@click.group("cache")
def command() -> None:
    """Look into the cache, and take things out of it."""


@command.command("show")
@click.argument("owner", metavar="NAME", type=name)
@click.argument("qtype", metavar="[TYPE]", type=rrtype, default=None, required=False)
@of_a_daemon
@for_programs
def show(owner: str, qtype: str | None, socket: str | None, config: Path | None, as_json: bool) -> None:
    """What is cached of NAME: records, denials, fresh or stale."""
    path = socket_path(socket, config)
    count = _print_entries(as_json, lambda take: ask(path, CacheShow(owner, qtype or ""), take))
    if not count and not as_json:
        click.echo(f"nothing of {owner}{' ' + qtype if qtype else ''} is cached", err=True)


@command.command("list")
@click.argument("zone", metavar="[ZONE]", type=name, default=".")
@click.option("--type", "qtype", type=rrtype, metavar="TYPE", help="Only this type.")
@click.option("--stale", is_flag=True, help="Only what is past its TTL.")
@click.option("--negative", is_flag=True, help="Only denials: NXDOMAIN and NODATA.")
@click.option(
    "--sort", type=click.Choice(["ttl", "size", "hits"]), help="Soonest to expire, largest or most used first."
)
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=DEFAULT_LIMIT,
    show_default=True,
    help="At most so many rows; 0: all.",
)
@of_a_daemon
@for_programs
def list_entries(
    zone: str,
    qtype: str | None,
    stale: bool,
    negative: bool,
    sort: Literal["ttl", "size", "hits"] | None,
    limit: int,
    socket: str | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """What is cached at and below ZONE."""
    request = CacheList(zone, qtype or "", stale, negative, sort or "", limit)
    path = socket_path(socket, config)
    count = _print_entries(as_json, lambda take: ask(path, request, take))
    if count == limit and not as_json:
        click.echo(f"the first {limit} rows; --limit 0 shows all", err=True)


@command.command("flush")
@click.argument("owner", metavar="NAME", type=name)
@click.option("--type", "qtype", type=rrtype, metavar="TYPE", help="Only this type.")
@click.option("--subtree", is_flag=True, help="Everything below NAME too.")
@of_a_daemon
@for_programs
def flush(owner: str, qtype: str | None, subtree: bool, socket: str | None, config: Path | None, as_json: bool) -> None:
    """Forget what is known of NAME, remembered failures included."""

    def take(row: bytes) -> None:
        forgotten = msgspec.json.decode(row, type=FlushRow).forgotten
        click.echo(row if as_json else f"{forgotten} {'entry' if forgotten == 1 else 'entries'} forgotten")

    ask(socket_path(socket, config), CacheFlush(owner, qtype or "", subtree), take)


def _print_entries(as_json: bool, run: Callable[[Callable[[bytes], None]], None]) -> int:
    """Print the EntryRows that `run` hands over, as they come or in tables; returns how many there were."""
    if as_json:
        counter = _Counter()
        run(counter.echo)
        return counter.count
    from resolver.cli.entries import EntryTable

    table = EntryTable()
    run(table.add)
    table.print_rest()
    return table.count


class _Counter:
    """Prints rows of JSON and counts them."""

    def __init__(self) -> None:
        self.count = 0

    def echo(self, row: bytes) -> None:
        self.count += 1
        click.echo(row)
