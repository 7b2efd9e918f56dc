"""What people see at 80, 100 and 160 columns: less needed columns go before names and addresses fold.

`CISTERN_WRITE_GOLDEN=1` has the captures in golden/ written anew; read what changed.
"""

import os
from pathlib import Path
from typing import Final

import msgspec
import pytest
from click.testing import CliRunner

from cache.inspection import EntryRow
from resolver.cli import main
from resolver.policy.explain import ExplainRow, LinkRow, VerdictRow
from resolver.policy.server_rows import ServerRow
from resolver.policy.zone_rows import ZoneRow
from resolver.service.control_protocol import StatRow
from resolver.service.trust_protocol import ChainRow
from tests.resolver.cli.conftest import Served
from tests.resolver.service.pretended_daemon import entry

GOLDEN: Final = Path(__file__).parent / "golden"
WIDTHS: Final = (80, 100, 160)
COMMANDS: Final = (
    *("cache list", "cache list --failed", "cache top --once", "explain www.example", "servers", "stats"),
    "top --once --interval 0.2",
)
LONG: Final = "a-name-of-some-length.region.service.example."
ADDRESS: Final = "2001:db8:1234:5678:9abc:def0:1234:5678"

ENTRIES: Final[list[EntryRow | None]] = [
    entry("www.example.", 43.2, hits=7, size=420),
    msgspec.structs.replace(
        entry(LONG, -12.0, state="stale"),
        type="AAAA",
        rdata=(ADDRESS, "2001:db8::1"),
        server=ADDRESS,
        security="secure",
    ),
    msgspec.structs.replace(
        entry("gone.example.", 5.0, state="nxdomain"), type="*", rdata=("NXDOMAIN, SOA of example.",), is_negative=True
    ),
]
SERVERS: Final = [
    ServerRow(server="192.0.2.1:53", rtt=0.0123, variance=0.002, replies=712, losses=3, edns="works", heard_ago=9.0),
    ServerRow(server=f"[{ADDRESS}]:53", timeouts=4, losses=9, loss=1.0, edns="unknown", held_for=30.0, wait=0.4),
]
ZONES: Final = [ZoneRow(LONG, 41, 12, 93.4, 9.9), ZoneRow("broken.example.", 7, 7, 0.0, 0.0)]
LINKS: Final[list[ExplainRow | ChainRow]] = [
    LinkRow(
        *("www.example.", "CNAME", "cache", "fresh", 12.0, 48.0, 86000.0, "answer_aa", "secure", "192.0.2.53"),
        rdata=(LONG,),
    ),
    LinkRow(LONG, "A", "cache", "failed", ttl_left=4.0, note="failed once: EDE 22 (no server of example. answers)"),
    VerdictRow("SERVFAIL", errors=("EDE 13 (failed a short while ago)",)),
]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_is_shown_as_it_was(served: Served, words: str, width: int) -> None:
    served.daemon.entries, served.daemon.servers, served.daemon.links = ENTRIES, SERVERS, LINKS
    served.daemon.zones = ZONES
    served.daemon.counters = [
        StatRow("cistern_service_queries_udp_total", 1204, help="Datagrams received from clients."),
        StatRow("cistern_service_replies_total", 1200, "rcode=NOERROR", "Replies, by the RCODE in their header."),
    ]
    shown = CliRunner(env={"COLUMNS": str(width)}).invoke(main, [*words.split(), "--socket", served.socket])
    assert shown.exit_code == 0, shown.output
    assert max(map(len, shown.stdout.splitlines())) <= width or words.startswith(("stats", "explain"))
    file = GOLDEN / f"{words.replace(' --', ' ').replace(' ', '_')}.{width}.txt"
    if "CISTERN_WRITE_GOLDEN" in os.environ:
        GOLDEN.mkdir(exist_ok=True)
        file.write_text(shown.stdout)
    assert shown.stdout == file.read_text()


def test_no_capture_is_without_a_command() -> None:
    assert len(list(GOLDEN.iterdir())) == len(COMMANDS) * len(WIDTHS)
