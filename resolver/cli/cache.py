"""`cistern cache`: looks into the daemon's cache, and takes things out of it."""

from collections.abc import Callable
from pathlib import Path

import click
import msgspec

from cache.inspection import Order
from resolver.cli.arguments import for_programs, name, of_a_daemon, rrtype
from resolver.cli.cache_top import command as top
from resolver.cli.daemon import ask, socket_path
from resolver.cli.entries import EntryTable
from resolver.cli.failure_table import FailureTable
from resolver.cli.json_rows import echo_row
from resolver.cli.snapshot import export_cache, import_cache
from resolver.service.control_protocol import (
    MAX_SORTED,
    CacheFlush,
    CacheList,
    CacheShow,
    FailureList,
    FlushRow,
    Forgettable,
)

DEFAULT_LIMIT = 1000  # rows; more than anybody reads, less than a million


@click.group("cache")
def command() -> None:
    """Look into the cache, and take things out of it."""


command.add_command(export_cache)
command.add_command(import_cache)
command.add_command(top)


@command.command("show")
@click.argument("owner", metavar="NAME", type=name)
@click.argument("qtype", metavar="[TYPE]", type=rrtype, default=None, required=False)
@of_a_daemon
@for_programs
def show(owner: str, qtype: str | None, socket: str | None, config: Path | None, as_json: bool) -> None:
    """What is cached of NAME: records, denials, fresh or stale."""
    path = socket_path(socket, config)
    count = _print_rows(as_json, EntryTable, lambda take: ask(path, CacheShow(owner, qtype or ""), take))
    if not count and not as_json:
        click.echo(f"nothing of {owner}{' ' + qtype if qtype else ''} is cached", err=True)


@command.command("list")
@click.option("--zone", type=name, metavar="ZONE", default=".", help="Only what is at and below it.")
@click.option("--type", "qtype", type=rrtype, metavar="TYPE", help="Only this type.")
@click.option("--stale", is_flag=True, help="Only what is past its TTL and could still be given.")
@click.option("--negative", is_flag=True, help="Only denials, NXDOMAIN and NODATA, fresh or not.")
@click.option(
    "--failed", is_flag=True, help="The questions that are left alone because they failed, instead of entries."
)
@click.option(
    "--sort", type=click.Choice(["ttl", "size", "hits"]), help="Soonest to expire, largest or most used first."
)
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=DEFAULT_LIMIT,
    show_default=True,
    help=f"At most so many rows; 0: all, of a sorted list the first {MAX_SORTED}.",
)
@of_a_daemon
@for_programs
def list_entries(
    zone: str,
    qtype: str | None,
    stale: bool,
    negative: bool,
    failed: bool,
    sort: Order | None,
    limit: int,
    socket: str | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """What is cached, in all or at and below a zone."""
    if failed and (stale or negative or sort):
        raise click.UsageError(
            "a failure is no entry of the cache: --failed goes without --stale, --negative and --sort"
        )
    path = socket_path(socket, config)
    if failed:
        failures = FailureList(zone, qtype or "", limit)
        count = _print_rows(as_json, FailureTable, lambda take: ask(path, failures, take))
    else:
        entries = CacheList(zone, qtype or "", stale, negative, sort or "", limit)
        count = _print_rows(as_json, EntryTable, lambda take: ask(path, entries, take))
    most = min(limit or MAX_SORTED, MAX_SORTED) if sort else limit
    if count and count == most and not as_json:
        click.echo(f"the first {count} rows" + ("" if sort else "; --limit 0 shows all"), err=True)


@command.command("flush")
@click.argument("owner", metavar="NAME", type=name)
@click.option("--type", "qtype", type=rrtype, metavar="TYPE", help="Only this type.")
@click.option("--subtree", is_flag=True, help="Everything below NAME too.")
@click.option("--negative", is_flag=True, help="Denials, NXDOMAIN and NODATA, and no records.")
@click.option("--failures", is_flag=True, help="Remembered failures, and nothing that is cached.")
@of_a_daemon
@for_programs
def flush(
    owner: str,
    qtype: str | None,
    subtree: bool,
    negative: bool,
    failures: bool,
    socket: str | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Forget what is known of NAME, remembered failures included, or only what is said."""
    kinds: dict[Forgettable, bool] = {"negative": negative, "failures": failures}
    only = tuple(kind for kind, is_said in kinds.items() if is_said)

    def take(row: bytes) -> None:
        forgotten = msgspec.json.decode(row, type=FlushRow).forgotten
        if as_json:
            echo_row(row)
        else:
            click.echo(f"{forgotten} {'entry' if forgotten == 1 else 'entries'} forgotten")

    ask(socket_path(socket, config), CacheFlush(owner, qtype or "", subtree, only), take)


def _print_rows(
    as_json: bool, make: Callable[[], EntryTable | FailureTable], run: Callable[[Callable[[bytes], None]], None]
) -> int:
    """Print the rows that `run` hands over, as they come or in tables; returns how many there were."""
    if as_json:
        counter = _Counter()
        run(counter.echo)
        return counter.count
    table = make()
    run(table.add)
    table.print_rest()
    return table.count


class _Counter:
    """Prints rows of JSON and counts them."""

    def __init__(self) -> None:
        self.count = 0

    def echo(self, row: bytes) -> None:
        self.count += 1
        echo_row(row)
