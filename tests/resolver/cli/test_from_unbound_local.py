"""Unbound's local data in our words."""

import pytest

from cache.names import from_text
from resolver.cli.from_unbound_local import translate

DATA = "local-data"
ZONE = "local-zone"


@pytest.mark.parametrize(
    ("line", "what", "text"),
    [
        pytest.param(
            (DATA, "printer.corp. 300 A 192.0.2.7"), "records", "printer.corp. 300 A 192.0.2.7", id="a record"
        ),
        pytest.param((DATA, "printer.corp IN TXT x"), "records", "printer.corp IN TXT x", id="without TTL"),
        pytest.param(
            ("local-data-ptr", "192.0.2.7 300 printer.corp"),
            "records",
            "7.2.0.192.in-addr.arpa. 300 PTR printer.corp",
            id="a pointer",
        ),
        pytest.param(
            ("local-data-ptr", "2001:db8::1 x."),
            "records",
            "1." + "0." * 23 + "8.b.d.0.1.0.0.2.ip6.arpa. PTR x.",
            id="an IPv6 pointer",
        ),
        pytest.param(("local-data-ptr", "printer.corp 192.0.2.7"), "left", "not understood", id="no pointer"),
        pytest.param(("local-data-ptr", "192.0.2.7"), "left", "not understood", id="no name"),
        pytest.param((DATA, "www.corp. CNAME x."), "left", "aliases are not followed", id="an alias"),
        pytest.param((DATA, "corp. SOA a. b. 1 2 3 4 5"), "left", "local.zones has one", id="an SOA"),
        pytest.param((DATA, "*.corp. A 192.0.2.7"), "left", "no wildcards", id="a wildcard"),
        pytest.param((DATA, "web.internal. A 192.0.2.7"), "left", "this platform's own", id="an internal name"),
        pytest.param((DATA, "localhost. A 127.0.0.1"), "anyway", "loopback address", id="localhost"),
        pytest.param((ZONE, '"localhost." static'), "anyway", "loopback address", id="its zone"),
        pytest.param((ZONE, '"corp." static'), "zones", "corp.", id="static"),
        pytest.param((ZONE, "Ads.example always_nxdomain"), "zones", "ads.example.", id="always_nxdomain"),
        pytest.param((ZONE, "corp. transparent"), "anyway", "resolved, always", id="transparent"),
        pytest.param((ZONE, "10.in-addr.arpa. nodefault"), "left", "RFC 6761", id="a special-use name, opened"),
        pytest.param((ZONE, "10.in-addr.arpa. static"), "zones", "10.in-addr.arpa.", id="a special-use name, denied"),
        pytest.param((ZONE, "corp. typetransparent"), "left", "no other types", id="typetransparent"),
        pytest.param((ZONE, "corp. redirect"), "left", "no wildcards", id="redirect"),
        pytest.param((ZONE, "corp. refuse"), "left", "not refused", id="refuse"),
        pytest.param((ZONE, "corp. inform"), "left", "not supported", id="another type"),
        pytest.param((ZONE, "corp."), "left", "not understood", id="no type"),
        pytest.param((ZONE, "internal. static"), "left", "this platform's own", id="an internal zone"),
    ],
)
def test_each_line_is_taken_over_or_has_a_reason(line: tuple[str, str], what: str, text: str) -> None:
    [verdict] = translate([line])
    assert verdict.what == what
    assert text in verdict.text


def test_what_a_line_means_is_seen_beside_the_others() -> None:
    lines = [
        (DATA, "x.ads.example A 192.0.2.1"),
        (ZONE, "ads.example always_nxdomain"),
        (ZONE, "ok.ads.example always_transparent"),
        (DATA, "x.ok.ads.example A 192.0.2.1"),
        (ZONE, "corp static"),
        (DATA, "x.corp A 192.0.2.1"),
    ]
    assert [verdict.what for verdict in translate(lines)] == ["anyway", "zones", "left", "anyway", "zones", "records"]


def test_a_zone_whose_servers_are_named_is_not_denied_as_well() -> None:
    """`cistern check` would refuse both."""
    [verdict] = translate([(ZONE, "corp. static")], {from_text("corp.")})
    assert (verdict.what, "servers of this zone are asked" in verdict.text) == ("left", True)
