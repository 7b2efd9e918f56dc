"""A config file becomes Options, or says where it is wrong."""

import os
from pathlib import Path

import pytest

from resolver.options import ConfigError, Options, load, parse


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Where a config would stand, with the files beside it that the defaults name."""
    (tmp_path / "root.hints").write_text(". 3600 IN NS a.root.example.\n")
    return tmp_path / "cistern.toml"


# text, line, key, part of what was expected
WRONG = [
    pytest.param("[cache]\nmax_tll = 5", 2, "cache.max_tll", "did you mean max_ttl?", id="unknown key"),
    pytest.param("\n[cahce]", 2, "cahce", "did you mean cache?", id="unknown table"),
    pytest.param('[cache]\nmax_ttl = "5"', 2, "cache.max_ttl", "expected a whole number", id="type"),
    pytest.param("[recursion]\n\nport = 70000", 3, "recursion.port", "from 1 to 65535, not 70000", id="range"),
    pytest.param(
        '[recursion]\nqname_minimisation = "some"',
        2,
        "recursion.qname_minimisation",
        'one of "off", "relaxed", "strict", not "some"',
        id="choice",
    ),
    pytest.param("cache.prefetch = 1", 1, "cache.prefetch", "expected true or false", id="dotted key"),
    pytest.param('[listen]\naddresses = [\n"127.0.0.1"]', 2, "listen.addresses", "has no port", id="address"),
    pytest.param('[networks]\n"10.0.0.1/8" = 1', 2, 'networks."10.0.0.1/8"', "host bits", id="host bits"),
    pytest.param(
        '[[forward]]\nzone = "a.example"\nservers = ["192.0.2.1:53"]\n[[forward]]\nzone = "b.example"',
        4,
        "forward[1]",
        "servers is missing",
        id="missing key",
    ),
    pytest.param(
        '[[stub]]\nzone = "a.example"\nservers = ["192.0.2.1:53"]\n[[forward]]\nzone = "A.example."\nservers = ["192.0.2.1:53"]',
        2,
        "stub[0].zone",
        "already stands in forward[0]",
        id="zone twice",
    ),
    pytest.param(
        '[[server]]\naddress = "2001:db8::1"\n[[server]]\naddress = "2001:DB8:0::1"',
        4,
        "server[1].address",
        "expected each server once",
        id="server twice",
    ),
    pytest.param(
        '[[forward]]\nzone = "Flycast"\nservers = ["192.0.2.1:53"]',
        2,
        "forward[0].zone",
        "expected a zone below Flycast, which is this platform's own",
        id="a zone of the platform's",
    ),
    pytest.param('[recursion]\nroot_hints = "none"', 2, "recursion.root_hints", "expected a file", id="no such file"),
    pytest.param(
        '[dnssec]\ntrust_anchors = "none"\nvalidate = true',
        2,
        "dnssec.trust_anchors",
        "expected a file",
        id="no anchors",
    ),
    pytest.param('[state]\ndatabase = "."', 2, "state.database", "is a folder", id="state database a folder"),
    pytest.param('[state]\ndatabase = "/dev/null"', 2, "state.database", "is none", id="state database a device"),
    pytest.param('[cache]\nsnapshot = "/dev/null"', 2, "cache.snapshot", "is none", id="snapshot a device"),
    pytest.param('[dnssec]\ntrust_file = "/dev/null"', 2, "dnssec.trust_file", "is none", id="trust file a device"),
    pytest.param('[control]\nsocket = "."', 2, "control.socket", "is a folder", id="control socket a folder"),
    pytest.param('[control]\nsocket = "root.hints"', 2, "control.socket", "no socket", id="control socket a file"),
    pytest.param('[dnstap]\nsocket = "root.hints"', 2, "dnstap.socket", "no socket", id="collector a file"),
    pytest.param('[dnstap]\nfile = "/dev/null"', 2, "dnstap.file", "is none", id="dnstap's file a device"),
    pytest.param('[dnstap]\nfile = "no/tap"', 2, "dnstap.file", "folder that exists", id="dnstap's folder"),
    pytest.param('[cache]\nsnapshot = "no/c.db"', 2, "cache.snapshot", "folder that exists", id="snapshot folder"),
    pytest.param(
        '[listen]\naddresses = ["192.0.2.1:53", "192.0.2.1:53"]', 2, "listen.addresses", "twice", id="address twice"
    ),
    pytest.param(
        '[listen]\naddresses = ["127.0.0.1:9153"]\n[metrics]\nlisten = "127.0.0.1:9153"',
        4,
        "metrics.listen",
        "expected another address",
        id="metrics where clients ask",
    ),
    pytest.param(
        "[failures]\nfirst_pause = 9\nmax_pause = 8", 2, "failures.first_pause", "at most max_pause", id="pauses"
    ),
    pytest.param(
        "[limits]\nin_flight = 300", 1, "limits.in_flight_per_client", "at most in_flight, which is 300", id="limits"
    ),
    pytest.param('[cache]\nmax_octets = "64m"', 2, "cache.max_octets", "as 67108864 octets", id="a size"),
    pytest.param('[cache]\nmax_ttl = "1h"', 2, "cache.max_ttl", "as 3600 seconds", id="a duration"),
    pytest.param('[state]\ndatabase = "a\\u0000b"', 2, "state.database", "without NUL", id="NUL"),
    pytest.param(f'[control]\nsocket = "{"x" * 120}"', 2, "control.socket", "at most 99 octets", id="socket path"),
    pytest.param("[cache]\nmin_ttl = 9\nmax_ttl = 8", 2, "cache.min_ttl", "at most max_ttl, which is 8", id="crossed"),
    pytest.param("[recursion]\nipv6 = false\nipv4 = false", 3, "recursion.ipv4", "ipv4 or ipv6", id="no protocol"),
    pytest.param("[cache]\nmax_ttl = \n", 2, "", "expected TOML: column 11", id="syntax"),
    pytest.param("[listen]\naddresses = [\n", 2, "", "at end of document", id="array without end"),
    pytest.param(
        '[[forward]]\nzone = "a.example"\nservers = ["tls://192.0.2.1:853"]',
        3,
        "forward[0].servers",
        "tls://",
        id="TLS",
    ),
    pytest.param('[listen]\naddresses = ["[fe80::1%eth0]:53"]', 2, "listen.addresses", "no zone id", id="zone id"),
    pytest.param("[cache]\n[cache]", 2, "", "expected TOML: column 7: Cannot declare", id="table twice"),
]


@pytest.mark.parametrize(("text", "line", "key", "wrong"), WRONG)
def test_a_wrong_config_says_where_and_what_was_expected(
    config: Path, text: str, line: int, key: str, wrong: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, config)
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.key) == (str(config), line, key)
    assert wrong in problem.wrong


def test_all_problems_are_reported_at_once(config: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        parse("[cache]\nmax_ttl = -1\nfoo = 1\n[listen]\naddresses = ['x']", config)
    assert [problem.line for problem in caught.value.problems] == [2, 3, 5]


def test_an_empty_config_is_all_defaults_with_its_files_beside_it(config: Path) -> None:
    options = parse("", config)
    assert options.cache == Options().cache
    assert (options.recursion.root_hints, options.dnssec.trust_anchors) == ("", "")  # those built in


def test_a_path_in_a_table_of_a_table_is_taken_from_the_config_s_folder_too(config: Path) -> None:
    options = parse('[state.subscription]\ntoken_file = "token"', config)
    assert options.state.subscription.token_file == str(config.parent / "token")


def test_an_absolute_path_stays_and_an_empty_one_stays_empty(config: Path) -> None:
    options = parse('[state]\ndatabase = ""\n[control]\nsocket = "/run/c.sock"', config)
    assert (options.state.database, options.control.socket) == ("", "/run/c.sock")


@pytest.mark.parametrize(("text", "expected"), [("cache.db", "{}/cache.db"), ("/cache.db", "/cache.db"), ("", "")])
def test_the_cache_s_file_is_taken_from_the_config_s_folder_too(config: Path, text: str, expected: str) -> None:
    assert parse(f'[cache]\nsnapshot = "{text}"', config).cache.snapshot == expected.format(config.parent)


@pytest.mark.parametrize(
    ("octets", "wrong"),
    [
        pytest.param(None, "expected a file that can be read", id="no file"),
        pytest.param(b"\xff", "expected UTF-8", id="not UTF-8"),
        pytest.param(b"\xef\xbb\xbf[cache]", "without a byte order mark", id="BOM"),
        pytest.param(b"#" * (1 << 20) + b"#", "expected at most", id="too large"),
    ],
)
def test_a_file_that_is_no_config_is_refused(config: Path, octets: bytes | None, wrong: str) -> None:
    if octets is not None:
        config.write_bytes(octets)
    with pytest.raises(ConfigError, match=wrong):
        load(config)


EVERY_KEY_OF_THE_SPECIFICATION = """
[listen]
addresses = ["[fdaa::3]:53"]
[recursion]
root_hints = "root.hints"
port = 53
do_not_query = ["0.0.0.0/8", "127.0.0.0/8", "::/128", "::1/128", "fdaa::/16"]
qname_minimisation = "relaxed"
case_randomization = true
ipv4 = true
ipv6 = true
[dnssec]
trust_anchors = "root.key"
validate = false
negative_trust_anchors = ["broken.example"]
[cache]
max_octets = 67108864
max_ttl = 86400
min_ttl = 0
min_negative_ttl = 0
max_negative_ttl = 3600
prefetch = true
[answer]
minimal = true
[[forward]]
zone = "corp.example"
servers = ["192.0.2.1:53"]
[[stub]]
zone = "lab.example"
servers = ["192.0.2.2:53"]
[stale]
enabled = true
max_stale = 86400
answer_ttl = 30
client_timeout = 1.8
recheck = 30
[state]
database = "/var/lib/corrosion/state.db"
[networks]
"127.0.0.0/8" = 24
[control]
socket = "/run/cistern/control.sock"
[metrics]
listen = "127.0.0.1:9153"
"""


def test_the_keys_that_others_rely_on_have_their_names(config: Path) -> None:
    config.write_text(EVERY_KEY_OF_THE_SPECIFICATION)
    options = load(config)
    assert options.stub[0].servers == ("192.0.2.2:53",)
    assert options.networks == {"127.0.0.0/8": 24}


def test_an_option_of_before_is_read_over(config: Path) -> None:
    """Else an upgrade would end with a daemon that does not start."""
    assert parse("[limits]\nwaiting_rate_per_address = 100000\nin_flight = 900", config).limits.in_flight == 900


def test_a_fifo_in_place_of_a_config_is_told_and_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "cistern.toml"
    os.mkfifo(path)
    with pytest.raises(ConfigError, match="FIFO"):
        load(path)


def test_a_link_that_leads_back_to_itself_is_told_as_what_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "cistern.toml"
    path.symlink_to(path)
    with pytest.raises(ConfigError, match="Too many levels of symbolic links"):
        load(path)


def test_a_shells_pipe_is_read_as_a_config(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(b"[limits]\ntcp_connections = 151\n")
    try:
        assert load(Path(f"/dev/fd/{reading}")).limits.tcp_connections == 151
    finally:
        os.close(reading)
