"""`cistern stats`: every counter of the daemon, and how it is."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import msgspec

from resolver.cli.arguments import for_programs, of_a_daemon
from resolver.cli.daemon import ask, socket_path
from resolver.cli.json_rows import echo_row
from resolver.cli.tables import octets, print_table, seconds
from resolver.service.control_protocol import StatRow, Stats, Status, StatusRow


@click.command("stats")
@click.option("--all", "shows_all", is_flag=True, help="Counters that are 0, too.")
@of_a_daemon
@for_programs
def command(shows_all: bool, socket: str | None, config: Path | None, as_json: bool) -> None:
    """Show how the daemon is, a summary, and the counters that are not 0; all of them with --all or --json."""
    path = socket_path(socket, config)
    if as_json:
        ask(path, Stats(), echo_row)
        return
    status: list[bytes] = []
    rows: list[bytes] = []
    ask(path, Status(), status.append)
    ask(path, Stats(), rows.append)
    print_stats(status, rows, shows_all=shows_all)


def print_stats(status: list[bytes], rows: list[bytes], *, shows_all: bool) -> None:
    """Print StatusRows and StatRows, given as JSON; shows_all: those of 0, too."""
    for row in status:
        daemon = msgspec.json.decode(row, type=StatusRow)
        click.echo(
            f"cistern {daemon.version}, up {seconds(daemon.uptime)}, on {', '.join(daemon.listening) or 'nothing'}"
        )
        for problem in daemon.problems:
            click.echo(f"problem: {problem}")
        for remark in daemon.remarks:
            click.echo(f"remark: {remark}")
    click.echo()
    counters = [msgspec.json.decode(row, type=StatRow) for row in rows]
    for line in summary(counters):
        click.echo(line)
    cells = [
        (f"{stat.name}{{{stat.label}}}" if stat.label else stat.name, _number(stat.value), stat.help)
        for stat in counters
        if shows_all or stat.value
    ]
    print_table(("COUNTER", "VALUE", "MEANING"), cells, numbers=frozenset({"VALUE"}))


def summary(counters: Sequence[StatRow]) -> Iterator[str]:
    """What most people look for, in lines; nothing of what was not counted."""
    sums: defaultdict[str, float] = defaultdict(float)
    for stat in counters:
        sums[stat.name] += stat.value
        for label in stat.label.split(","):
            sums[f"{stat.name}{{{label}}}"] += stat.value
    queries = sums["cistern_service_queries_udp_total"] + sums["cistern_service_queries_tcp_total"]
    if not queries:
        return
    replies = sums["cistern_service_replies_total"] or 1
    shares = {
        "from memory": 1 - sums["cistern_service_waited_total"] / queries,
        "stale": sums["cistern_service_answers_total{origin=stale}"] / replies,
        "SERVFAIL": sums["cistern_service_replies_total{rcode=SERVFAIL}"] / replies,
    }
    yield f"{queries:.0f} queries; " + ", ".join(f"{share:.1%} {what}" for what, share in shares.items())
    sent = sums["cistern_upstream_sent_total"]
    if sent:
        lost = sums["cistern_upstream_timeouts_total"] / sent
        yield f"{sent:.0f} queries to servers, {lost:.1%} without a reply in time"
    yield f"{sums['cistern_cache_owners']:.0f} names cached, {octets(int(sums['cistern_cache_bytes']))} octets"
    yield ""


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:.3f}"
