"""What a config's files say, and all that is wrong with them, before a daemon begins."""

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from cache.names import ROOT, from_text
from cache.rrtypes import A
from resolver.daemon.prepared import doubts, prepare, read_hints, remarks
from resolver.demo.state import make_state
from resolver.env import Address
from resolver.iterate import BadHints, built_in_hints
from resolver.iterate.options import ForwardZone, RecursionOptions
from resolver.options import ConfigError, Options, load
from tests.resolver.daemon.alone import ALONE


def test_an_empty_config_needs_no_file(tmp_path: Path) -> None:
    config = tmp_path / "cistern.toml"
    config.write_text("[dnssec]\nvalidate = true\n")
    prepared = prepare(config)
    assert prepared.hints == built_in_hints(53)
    assert len(prepared.anchors[ROOT].ds) == 2


def test_local_data_is_read_and_a_stub_zone_below_it_stays_one(tmp_path: Path) -> None:
    config = tmp_path / "cistern.toml"
    config.write_text('[local]\nzones = ["corp"]\n[[stub]]\nzone = "lab.corp"\nservers = ["192.0.2.1:53"]\n')
    local = prepare(config).local
    assert local.find(from_text("www.corp"), A) is not None
    assert local.find(from_text("www.lab.corp"), A) is None


@pytest.mark.parametrize(
    ("text", "line", "key", "wrong"),
    [
        pytest.param('[recursion]\nroot_hints = "junk"', 2, "recursion.root_hints", "root hints", id="hints"),
        pytest.param(
            '[dnssec]\ntrust_anchors = "junk"\nvalidate = true', 2, "dnssec.trust_anchors", "DS or DNSKEY", id="anchors"
        ),
        pytest.param(
            '[recursion]\nroot_hints = "binary"', 2, "recursion.root_hints", "expected a root hints file", id="no text"
        ),
        pytest.param('[state]\n[state.mapping]\napp = "SELEKT 1"', 3, "state.mapping.app", "syntax error", id="no SQL"),
        pytest.param(
            '[local]\nrecords = [\n"ok.test. A 192.0.2.1",\n"x.test. A 192.0.2"]',
            2,
            "local.records[1]",
            "x.test. A 192.0.2",
            id="record",
        ),
        pytest.param(
            '[local]\nzones = ["a.test"]\n[[stub]]\nzone = "a.test"\nservers = ["192.0.2.1:53"]',
            2,
            "local.zones[0]",
            "already stands in [[forward]] or [[stub]]",
            id="local zone",
        ),
        pytest.param(
            '[state.mapping]\npeers = "SELECT 1 AS name"', 2, "state.mapping.peers", "yields columns", id="columns"
        ),
    ],
)
def test_what_no_daemon_could_run_by_is_found_in_the_files(
    tmp_path: Path, text: str, line: int, key: str, wrong: str
) -> None:
    (tmp_path / "junk").write_text("this is no zone file\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    config = tmp_path / "cistern.toml"
    config.write_text(text)
    with pytest.raises(ConfigError) as caught:
        prepare(config)
    (problem,) = caught.value.problems
    assert (problem.line, problem.key) == (line, key)
    assert wrong in problem.wrong


def test_a_statement_that_does_not_fit_the_database_is_doubted(tmp_path: Path) -> None:
    make_state(tmp_path / "state.db")
    config = tmp_path / "cistern.toml"
    config.write_text('[state]\ndatabase = "state.db"\n[state.mapping]\napp = "SELECT name FROM elsewhere"')
    prepare(config)
    with pytest.raises(ConfigError, match="no such table: elsewhere") as caught:
        load(config, doubts)
    assert [problem.key for problem in caught.value.problems] == ["state.mapping.app"]
    config.write_text('[state]\ndatabase = "state.db"')
    load(config, doubts)


def test_what_only_an_order_rests_on_is_remarked_and_no_doubt(tmp_path: Path) -> None:
    """As the daemon has it: it is ready without round-trip times."""
    make_state(tmp_path / "state.db")
    config = tmp_path / "cistern.toml"
    config.write_text('[state]\ndatabase = "state.db"')
    assert remarks(load(config, doubts)) == []
    with closing(sqlite3.connect(tmp_path / "state.db")) as writer:
        writer.execute("DROP TABLE __corro_members")
    assert remarks(load(config, doubts)) == ["statement hosts: no such table: __corro_members"]


def test_a_state_database_that_is_none_is_doubted_and_a_missing_one_may_come_later(tmp_path: Path) -> None:
    config = tmp_path / "cistern.toml"
    config.write_text('[state]\ndatabase = "state.db"')
    load(config, doubts)
    (tmp_path / "state.db").write_text("no database, whatever its name says")
    with pytest.raises(ConfigError, match="expected a state database that can be read"):
        load(config, doubts)


def test_nothing_is_said_against_the_defaults() -> None:
    assert list(doubts(msgspec.structs.replace(Options(), state=ALONE.state))) == []


def test_recursion_begins_at_the_root_hints(tmp_path: Path) -> None:
    file = tmp_path / "root.hints"
    file.write_text(". 3600 NS ns.test.\nns.test. 3600 A 192.0.2.1\n")
    options = msgspec.structs.replace(ALONE, recursion=RecursionOptions(root_hints=str(file), port=5301))
    assert read_hints(options).servers == (Address("192.0.2.1", 5301),)


def test_a_forward_zone_for_the_root_needs_no_hints() -> None:
    options = msgspec.structs.replace(ALONE, forward=(ForwardZone(".", ("192.0.2.1:53",)),))
    assert read_hints(options).servers == (Address("192.0.2.1", 53),)


def test_hints_without_a_server_are_no_hints(tmp_path: Path) -> None:
    file = tmp_path / "root.hints"
    file.write_text("; nobody\n")
    options = msgspec.structs.replace(ALONE, recursion=RecursionOptions(root_hints=str(file)))
    with pytest.raises(BadHints):
        read_hints(options)


def test_an_empty_file_of_hints_stands_for_the_root_servers_built_in(tmp_path: Path) -> None:
    file = tmp_path / "root.hints"
    file.write_text("\n")
    options = msgspec.structs.replace(ALONE, recursion=RecursionOptions(root_hints=str(file), port=5301))
    assert read_hints(options) == built_in_hints(5301)


def test_an_empty_file_of_hints_is_enough_beside_forward_zones(tmp_path: Path) -> None:
    file = tmp_path / "root.hints"
    file.write_text("\n")
    options = msgspec.structs.replace(
        ALONE,
        recursion=RecursionOptions(root_hints=str(file)),
        forward=(ForwardZone("corp.example.", ("192.0.2.1:53",)),),
    )
    assert read_hints(options).servers == ()


def test_a_forward_zone_for_the_root_with_fallback_needs_hints_or_takes_those_built_in(tmp_path: Path) -> None:
    file = tmp_path / "root.hints"
    file.write_text("")
    options = msgspec.structs.replace(
        ALONE,
        recursion=RecursionOptions(root_hints=str(file)),
        forward=(ForwardZone(".", ("192.0.2.1:53",), fallback=True),),
    )
    assert read_hints(options) == built_in_hints(53)
    file.write_text(". 3600 NS ns.test.\nns.test. 3600 A 192.0.2.1\n")
    assert read_hints(options).servers == (Address("192.0.2.1", 53),)
