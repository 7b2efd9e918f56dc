"""`cistern servers`, with a pretended daemon behind a real control socket."""

import json

import msgspec
import pytest

from resolver.cli.servers import print_servers
from resolver.policy.server_rows import ServerRow
from tests.resolver.cli.conftest import Served, cistern

TABLE = """\
SERVER        NAME     RTT    VAR  WAIT  REPLIES  LOST  LOSS  IN A ROW  HEARD  EDNS   STATE
192.0.2.1:53        12.3ms  2.0ms     -        7     0    0%         0  1m30s  works
"""
ALL = """\
SERVER              NAME             RTT    VAR   WAIT  REPLIES  LOST  LOSS  IN A ROW  HEARD  EDNS           STATE
192.0.2.1:53        ns1.example.  12.3ms  2.0ms  376ms        7     9   62%         5   4.0s  works, cookie  held down for 2.0s
[2001:db8::1]:53    ns1.example.       -      -      -        0     0    0%         0  never  unknown        changes letter case
(no address known)  ns2.example.       -      -      -        0     0    0%         0  never
"""


def test_all_servers_as_a_table(served: Served) -> None:
    shown = cistern("servers", "--socket", served.socket)
    assert (shown.exit_code, shown.output) == (0, TABLE)
    assert served.daemon.asked == [("", None)]


def test_one_server_whose_address_is_written_otherwise(served: Served) -> None:
    for text in ("2001:DB8:0::1", "[2001:db8::1]:53", "192.0.2.1:53"):
        cistern("servers", text, "--socket", served.socket)
    assert served.daemon.asked == [("2001:db8::1", None), ("2001:db8::1", None), ("192.0.2.1", None)]


def test_programs_get_one_json_object_per_line(served: Served) -> None:
    shown = cistern("servers", "--json", "--socket", served.socket)
    assert [json.loads(line)["server"] for line in shown.output.splitlines()] == ["192.0.2.1:53"]


def test_every_field_has_its_column(capsys: pytest.CaptureFixture[str]) -> None:
    heard = ServerRow(
        server="192.0.2.1:53",
        name_server="ns1.example.",
        rtt=0.0123,
        variance=0.002,
        wait=0.376,
        replies=7,
        losses=9,
        loss=0.62,
        has_cookie=True,
        timeouts=5,
        edns="works",
        held_for=2.0,
        heard_ago=4.0,
    )
    other = ServerRow(server="[2001:db8::1]:53", name_server="ns1.example.", edns="unknown", keeps_case=False)
    print_servers(
        [msgspec.json.encode(row) for row in (heard, other, ServerRow(name_server="ns2.example."))], in_order=False
    )
    assert capsys.readouterr().out == ALL


def test_lame_zones_are_named_up_to_three(capsys: pytest.CaptureFixture[str]) -> None:
    row = ServerRow(
        server="192.0.2.1:53", keeps_case=False, discards=2, last_discard="why", lame=("a.", "b.", "c.", "d.")
    )
    print_servers([msgspec.json.encode(row)], in_order=True)
    assert "changes letter case; discarded 2: why; lame for a., b., c. and 1 more" in capsys.readouterr().out


def test_nothing_known_says_so(served: Served) -> None:
    served.daemon.servers = []
    shown = cistern("servers", "192.0.2.9", "--socket", served.socket)
    assert (shown.exit_code, shown.stdout, shown.stderr) == (0, "", "nothing is known of 192.0.2.9\n")


@pytest.mark.parametrize("address", ["192.0.2.300", "192.0.2", "2001:db8::zz", "192.0.2.1:none", "192.0.2.0/24"])
def test_what_should_be_an_address_and_is_none_is_refused_before_anything_is_asked(
    served: Served, address: str
) -> None:
    shown = cistern("servers", address, "--socket", served.socket)
    assert shown.exit_code == 2
    assert f"'{address}' is no IP address: expected 192.0.2.1 or 2001:db8::1, or a zone" in shown.stderr
    assert served.daemon.asked == []


@pytest.mark.parametrize(
    ("zone", "said"), [("a..b", "empty label"), ("none.example", "nothing is known of a zone none.example.")]
)
def test_a_wrong_zone_is_an_error_of_the_command_line(served: Served, zone: str, said: str) -> None:
    shown = cistern("servers", zone, "--socket", served.socket)
    assert shown.exit_code == 2
    assert said in shown.stderr
