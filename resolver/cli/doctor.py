"""`cistern doctor`: what is wrong with the daemon and its config, and what to do about it."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

import click
import msgspec

from resolver.cli.arguments import CONFIG_FILE, DEFAULT_CONFIG, for_programs
from resolver.cli.daemon import DaemonFailure, ask
from resolver.cli.json_rows import echo_struct
from resolver.service.control_protocol import CheckRow, Checks, ConfigRow, ConfigShow, StatRow, Stats

Severity = Literal["ok", "remark", "problem"]

EXIT: Final = {"ok": 0, "remark": 0, "problem": 1}
MARKS: Final = {"ok": "✓", "remark": "!", "problem": "✗"}
COLOURS: Final = {"ok": "green", "remark": "yellow", "problem": "red"}

ADVICE: Final = {  # of a check that is not ok
    "state_database": "see `cistern state status`; is the replication running, and may this user read the file and its folder?",
    "upstream": "can this host reach the Internet over UDP and TCP port 53? `cistern servers` has whom it asked; a forwarder "
    "or a firewall in between is the usual reason",
    "trust_anchors": "compare `cistern explain` of a signed name with the anchors; take `dnssec.trust_anchors` out of the config "
    "for those built in, and see `date`",
    "trust_file": "is there room on the disk, and may this user write dnssec.trust_file (else trust.json beside cache.snapshot)?",
    "clock": "set the clock, and see that time synchronisation runs",
    "snapshot": "is there room on the disk, and may this user write into the folder of cache.snapshot?",
    "descriptors": "raise LimitNOFILE, or lower limits.in_flight and limits.tcp_connections",
    "event_loop": "this host has no CPU left for the daemon, or one client's work takes it: see `cistern top`",
    "log": "is there room on the disk, and does somebody read the pipe that the log goes to?",
    "host": "the error says why: EMFILE asks for a higher LimitNOFILE, ENOBUFS is a full queue of the network device, and EPERM "
    "a firewall on this host",
    "dnstap": "does the collector of dnstap.socket run, may this user connect to it, and is there room for dnstap.file?",
}
INVARIANT: Final = "must stay 0"  # so the help of a counter says that counts faults of the program


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at. advice: what to do; "" where nothing is to be done."""

    check: str
    severity: Severity
    text: str
    advice: str = ""


@click.command("doctor")
@click.option("--config", type=CONFIG_FILE, default=DEFAULT_CONFIG, show_default=True, help="The daemon's config.")
@click.option("--socket", metavar="PATH", help="The daemon's control socket, if it is not the one of the config.")
@for_programs
def command(config: Path, socket: str | None, as_json: bool) -> None:
    """Run every check, and say in plain words what is wrong and what to do.

    Exit code 0: nothing keeps the daemon from its work (there may be remarks); 1: something does.
    """
    worst = 0
    for finding in findings(config, socket):
        worst = max(worst, EXIT[finding.severity])
        if as_json:
            echo_struct(finding)
        else:
            click.echo(finding_text(finding))
    sys.exit(worst)


def findings(config: Path, socket: str | None) -> Iterator[Finding]:
    """What is found, in the order in which it is worth reading."""
    yield from _of_config(config, socket)
    path = socket or _socket_of(config)
    try:
        yield from _of_daemon(path, config)
    except DaemonFailure as failure:
        yield Finding(
            "daemon", "problem", failure.message, "read its log: `journalctl -u cistern -e`, if systemd runs it"
        )


def finding_text(finding: Finding) -> str:
    """The finding on one line, and the advice on another."""
    mark = click.style(MARKS[finding.severity], fg=COLOURS[finding.severity])
    line = f"{mark} {finding.check.replace('_', ' ')}: {finding.text}"
    return line + (f"\n    → {finding.advice}" if finding.advice else "")


def _of_config(config: Path, socket: str | None) -> Iterator[Finding]:
    from resolver.daemon import doubts, prepare
    from resolver.options import ConfigError, load

    if socket is not None and not config.exists():
        return  # a daemon that is named by its socket alone may have no config here
    try:
        prepare(config)
        load(config, doubts)
    except ConfigError as error:
        for problem in error.problems:
            yield Finding("config", "problem", str(problem), "mend this line; `cistern check` looks at it again")
    else:
        yield Finding("config", "ok", f"{config} is sound")


def _socket_of(config: Path) -> str:
    from resolver.options import ConfigError, Options, load

    try:
        return load(config).control.socket
    except ConfigError:
        return Options().control.socket


def _of_daemon(path: str, config: Path) -> Iterator[Finding]:
    rows: list[bytes] = []
    ask(path, Checks(), rows.append)
    yield Finding("daemon", "ok", f"it answers on {path}")
    for row in rows:
        check = msgspec.json.decode(row, type=CheckRow)
        yield Finding(check.name, check.state, check.text, "" if check.state == "ok" else ADVICE.get(check.name, ""))
    yield from _of_differences(path, config)
    yield from _of_faults(path)


def _of_differences(path: str, config: Path) -> Iterator[Finding]:
    """Does the daemon go by the file?"""
    from resolver.options import ConfigError, Options, differences, load

    rows: list[bytes] = []
    ask(path, ConfigShow(), rows.append)
    running = msgspec.json.decode(msgspec.json.decode(rows[0], type=ConfigRow).options, type=Options)
    try:
        changed = [one.key for one in differences(running, load(config))]
    except ConfigError:
        return  # told already
    if changed:
        text = f"the daemon goes by other values of {', '.join(changed)} than the file has"
        yield Finding("reload", "remark", text, "`cistern reload` takes them; `cistern config diff` shows them")


def _of_faults(path: str) -> Iterator[Finding]:
    """Counters of what must never happen."""
    rows: list[bytes] = []
    ask(path, Stats(), rows.append)
    for stat in (msgspec.json.decode(row, type=StatRow) for row in rows):
        if INVARIANT in stat.help and stat.value:
            text = f"{stat.name} is {stat.value:.0f}: {stat.help}"
            yield Finding(
                "faults", "remark", text, "this is a fault of the program: report it with the traceback in the log"
            )
