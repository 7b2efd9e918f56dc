"""An unbound.conf becomes a config of ours."""

from pathlib import Path

import pytest

from resolver.cli.from_unbound import Taken, as_toml, read
from resolver.iterate.options import DO_NOT_QUERY
from resolver.options import Options, parse
from resolver.policy.local_records import faults_of_local
from resolver.policy.options import IdentityOptions
from tests.resolver.cli.conftest import cistern

UNBOUND = """
# as Debian's, and some
include-toplevel: "conf.d/*.conf"
server:
    interface: 192.0.2.53
    interface: 2001:db8::53@5353
    port: 53            # of those that name none
    access-control: 192.0.2.0/24 allow
    access-control: 0.0.0.0/0 refuse
    access-control: 2001:db8::/32 allow_snoop
    access-control: 192.0.2.128/25 deny
    rrset-cache-size: 256m
    msg-cache-size: 128m
    cache-max-ttl: 7200
    cache-min-ttl: 5
    cache-max-negative-ttl: 60
    cache-min-negative-ttl: 3
    prefetch: yes
    serve-expired: yes
    serve-expired-ttl: 86400
    serve-expired-client-timeout: 1800
    do-ip6: no
    do-not-query-address: 198.51.100.0/24
    private-address: 10.0.0.0/8
    private-address: fd00::1/8
    private-domain: "corp.example"
    outgoing-port-avoid: 5353
    outgoing-port-avoid: 8000-8100
    minimal-responses: no
    deny-any: no
    max-udp-size: 65535
    rrset-roundrobin: no
    hide-version: yes
    hide-identity: yes
    identity: "resolver.example"
    local-data: "host.example. A 192.0.2.7"
    local-data: 'host.example. TXT "a # b"'
    local-data-ptr: "192.0.2.7 host.example"
    local-zone: "corp.test." static
    local-zone: "lan.test." refuse
    local-zone: "localhost." static
    auto-trust-anchor-file: "/var/lib/unbound/root.key"
    domain-insecure: "corp.example"
    num-threads: 4
    neverheard-of: yes
forward-zone:
    name: "corp.example"
    forward-addr: 192.0.2.1
    forward-addr: 192.0.2.2@5300
    forward-first: yes
forward-zone:
    name: "."
    forward-addr: 192.0.2.9@853#dns.example
    forward-tls-upstream: yes
remote-control:
    control-enable: yes
"""


@pytest.fixture
def taken(tmp_path: Path) -> Taken:
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "lab.conf").write_text("stub-zone:\n  name: lab.example\n  stub-addr: 2001:db8::1\n")
    (tmp_path / "unbound.conf").write_text(UNBOUND)
    return read(tmp_path / "unbound.conf")


def test_what_has_a_counterpart_is_said_in_our_words_and_is_a_sound_config(taken: Taken, tmp_path: Path) -> None:
    options = parse(as_toml(taken, "unbound.conf"), tmp_path / "cistern.toml")
    assert options.listen.addresses == ("192.0.2.53:53", "[2001:db8::53]:5353")
    assert options.networks == {"192.0.2.0/24": 0, "2001:db8::/32": 0}
    assert (options.cache.max_octets, options.cache.max_ttl, options.cache.min_ttl) == (256 << 20, 7200, 5)
    assert (options.cache.min_negative_ttl, options.cache.max_negative_ttl, options.cache.prefetch) == (3, 60, True)
    assert (options.stale.enabled, options.stale.max_stale, options.stale.client_timeout) == (True, 86400, 1.8)
    assert (options.recursion.ipv6, options.recursion.avoid_ports) == (False, ("5353", "8000-8100"))
    assert options.recursion.do_not_query == (*DO_NOT_QUERY, "198.51.100.0/24")
    assert options.answer.private_prefixes == ("10.0.0.0/8", "fd00::/8")
    assert options.answer.private_zones == ("corp.example",)
    assert (options.answer.minimal, options.answer.order, options.answer.udp_octets) == (False, "keep", 4096)
    assert options.answer.any == "full"
    assert options.identity == IdentityOptions(version="", id="")
    assert options.local.zones == ("corp.test.",)
    assert options.local.records == (
        "host.example. A 192.0.2.7",
        'host.example. TXT "a # b"',
        "7.2.0.192.in-addr.arpa. PTR host.example",
    )
    assert not list(faults_of_local(options.local, frozenset()))
    assert (options.dnssec.validate, options.dnssec.trust_anchors) == (True, "")
    assert options.dnssec.negative_trust_anchors == ("corp.example",)
    [forward], [stub] = options.forward, options.stub
    assert (forward.zone, forward.servers, forward.fallback) == (
        "corp.example",
        ("192.0.2.1:53", "192.0.2.2:5300"),
        True,
    )
    assert (stub.zone, stub.servers) == ("lab.example", ("[2001:db8::1]:53",))


def test_what_has_none_is_listed_with_its_line_and_the_reason(taken: Taken) -> None:
    left = {one.option: one for one in taken.left}
    assert set(left) == {
        "local-zone",
        "neverheard-of",
        "forward-tls-upstream",
        "access-control",
    }
    assert UNBOUND.splitlines()[left["local-zone"].line - 1].strip().startswith("local-zone:")
    assert left["neverheard-of"].why == "nothing here does this"
    assert "unbound.conf:" in as_toml(taken, "x")
    assert {one.option for one in taken.anyway} >= {"msg-cache-size", "num-threads", "control-enable"}


def test_an_empty_file_listens_where_unbound_does(tmp_path: Path) -> None:
    (tmp_path / "u.conf").write_text("")
    options = parse(as_toml(read(tmp_path / "u.conf"), "u.conf"), tmp_path / "c.toml")
    assert options.listen.addresses == ("127.0.0.1:53", "[::1]:53")
    assert options.cache == Options().cache


@pytest.mark.parametrize(("modules", "validates"), [('"validator iterator"', True), ('"iterator"', False), ("", True)])
def test_signatures_are_checked_unless_unbound_was_told_not_to(modules: str, validates: bool, tmp_path: Path) -> None:
    (tmp_path / "u.conf").write_text(f"server:\n  module-config: {modules}\n" if modules else "")
    options = parse(as_toml(read(tmp_path / "u.conf"), "u.conf"), tmp_path / "c.toml")
    assert options.dnssec.validate is validates


def test_what_unbound_was_told_to_say_of_itself_is_said_on(tmp_path: Path) -> None:
    said = "server:\n  identity: 'one.example'\n  version: '7'\n  hide-identity: no\n  hide-version: no\n"
    (tmp_path / "u.conf").write_text(said)
    taken = read(tmp_path / "u.conf")
    assert taken.tables["identity"] == {"id": "one.example", "version": "7"}
    assert not taken.left


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("qname-minimisation: yes", "relaxed"),
        ("qname-minimisation: no", "off"),
        ("qname-minimisation-strict: yes\n  qname-minimisation: yes", "strict"),
        ("qname-minimisation-strict: no", "relaxed"),
    ],
)
def test_names_are_shortened_as_strictly_as_unbound_was_told(said: str, means: str, tmp_path: Path) -> None:
    (tmp_path / "u.conf").write_text(f"server:\n  {said}\n")
    options = parse(as_toml(read(tmp_path / "u.conf"), "u.conf"), tmp_path / "c.toml")
    assert options.recursion.qname_minimisation == means


def test_ports_that_are_none_and_what_dnstap_has_are_left_to_the_operator(tmp_path: Path) -> None:
    said = "server:\n  outgoing-port-avoid: many\ndnstap:\n  dnstap-enable: yes\n"
    (tmp_path / "u.conf").write_text(said)
    taken = read(tmp_path / "u.conf")
    assert "recursion" not in taken.tables
    assert [(one.option, one.line) for one in taken.left] == [("outgoing-port-avoid", 2), ("dnstap", 3)]


def test_an_array_that_is_long_has_a_line_for_each_item(tmp_path: Path) -> None:
    (tmp_path / "u.conf").write_text("server:\n" + "".join(f"  local-zone: z{n}.test static\n" for n in range(9)))
    text = as_toml(read(tmp_path / "u.conf"), "u.conf")
    assert '\n    "z8.test.",\n]' in text
    assert len(parse(text, tmp_path / "c.toml").local.zones) == 9


def test_a_file_that_includes_itself_ends(tmp_path: Path) -> None:
    (tmp_path / "u.conf").write_text('include: "u.conf"\nserver: cache-max-ttl: 60\n')
    assert read(tmp_path / "u.conf").tables["cache"] == {"max_ttl": 60}


def test_the_command_prints_the_config_and_counts_what_is_left(tmp_path: Path) -> None:
    (tmp_path / "u.conf").write_text("server:\n  cache-max-ttl: 60\n  local-zone: a. refuse\n")
    shown = cistern("config", "from-unbound", tmp_path / "u.conf")
    assert shown.exit_code == 0
    assert "max_ttl = 60" in shown.stdout
    assert "#   u.conf:3: local-zone: a. refuse: " in shown.stdout
    assert "1 option has no counterpart" in shown.stderr
    assert cistern("config", "from-unbound", tmp_path / "none").exit_code == 2


def test_a_value_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "u.conf").write_text("server:\n  cache-max-ttl: soon\n")
    shown = cistern("config", "from-unbound", tmp_path / "u.conf")
    assert shown.exit_code == 0
    assert "u.conf:2: cache-max-ttl: soon: its value was not understood" in shown.stdout
