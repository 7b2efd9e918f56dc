"""Each line that a command prints with --json is as its JSON Schema says."""

import json
from collections.abc import Iterator
from pathlib import Path
from socket import AF_INET, SOCK_DGRAM, socket
from threading import Thread
from typing import Any, Final

import click
import dns.message
import pytest

from resolver.cli import main
from resolver.cli.schema import DIALECT, ERROR, LINES, schema_of
from tests.cache.snapshot.made import save
from tests.internal_zones.platform import State, app, machine, write_state
from tests.resolver.cli.conftest import Served, cistern
from tests.resolver.cli.sound import faults_of
from tests.resolver.cli.test_exchange import answer
from tests.resolver.cli.test_state import STATUS

TYPE_OF_VOCABULARY: Final = {
    "owner": {"string"},
    "type": {"string"},
    "ttl": {"integer"},
    "ttl_left": {"number", "null"},
    "server": {"string"},
    "name_server": {"string"},
    "rank": {"string"},
    "security": {"string"},
    "network": {"integer", "null"},
}
UNWELL: Final = frozenset({"doctor", "state check", "trust refresh"})  # what they tell of here is faulty: exit code 1
ARGUMENTS: Final[dict[str, tuple[str, ...]]] = {
    "cache flush": ("www.example",),
    "cache show": ("www.example",),
    "cache top": ("--once",),
    "explain": ("--resolve", "www.example"),
    "log level": ("debug",),
    "state names": ("web",),
    "top": ("--once", "--interval", "0.2"),
    "trust enforce": ("broken.example",),
    "trust exempt": ("broken.example", "--for", "1h", "--why", "their signer is down"),
}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """The folder of a config that changes something, a saved cache, and a state database with a bad row."""
    (tmp_path / "cistern.toml").write_text("[cache]\nmax_ttl = 60\n")
    save(tmp_path / "in.db")
    bad = State(apps=[app(1, "web", 24)], machines=[machine("01", 1, 24, address="x")])
    write_state(tmp_path / "state.db", bad)
    return tmp_path


@pytest.fixture
def answering() -> Iterator[str]:
    """The address of a server that answers one question."""
    with socket(AF_INET, SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)

        def serve() -> None:
            query, client = server.recvfrom(4096)
            server.sendto(answer(dns.message.from_wire(query))[0], client)

        thread = Thread(target=serve)
        thread.start()
        host, port = server.getsockname()
        yield f"{host}:{port}"
        thread.join()


def commands_with_json(command: click.Command, name: str = "") -> Iterator[str]:
    if any(parameter.name == "as_json" for parameter in command.params):
        yield name
    if isinstance(command, click.Group):
        context = click.Context(command)
        for sub in command.list_commands(context):
            found = command.get_command(context, sub)
            assert found is not None
            yield from commands_with_json(found, f"{name} {sub}".strip())


def test_every_command_that_prints_json_has_a_schema() -> None:
    assert sorted(commands_with_json(main)) == sorted(LINES)


@pytest.mark.parametrize("name", [*LINES, ERROR])
def test_one_word_means_the_same_everywhere(name: str) -> None:
    schema = schema_of(name)
    assert schema["$schema"] == DIALECT
    for definition in schema["$defs"].values():
        for key, said in definition["properties"].items():
            assert key == key.lower()
            if key in TYPE_OF_VOCABULARY:
                assert types_in(said) <= TYPE_OF_VOCABULARY[key], (name, key)


def types_in(said: dict[str, Any]) -> set[str]:
    if "anyOf" in said:
        return {one for part in said["anyOf"] for one in types_in(part)}
    return {said["type"]} if "type" in said else {"string"}  # an enum of texts


@pytest.mark.parametrize("name", sorted(set(LINES) - {"query"}))
def test_lines_are_as_the_schema_says(served: Served, files: Path, name: str) -> None:
    served.daemon.state_status = STATUS
    of_a_file = {
        "cache export": files / "out.db",
        "cache import": files / "in.db",
        "config diff": files / "cistern.toml",
        "doctor": f"--config={files / 'cistern.toml'}",
        "state check": files / "state.db",
    }
    arguments = (of_a_file[name],) if name in of_a_file else ARGUMENTS.get(name, ())
    where = () if name == "state check" else ("--socket", served.socket)
    shown = cistern(*name.split(), *arguments, *where, "--json")
    assert shown.exit_code == (name in UNWELL), shown.output
    assert_sound(name, shown.stdout)


def test_a_reply_is_as_the_schema_says(answering: str) -> None:
    assert_sound("query", cistern("query", "www.example", "--server", answering, "--json").stdout)


def assert_sound(name: str, printed: str) -> None:
    lines = list(map(json.loads, printed.splitlines()))
    assert lines
    schema = schema_of(name)
    assert [faults_of(line, schema, schema["$defs"]) for line in lines] == [[]] * len(lines)


def test_failures_and_errors_are_as_the_schema_says(served: Served) -> None:
    for name, arguments in (("cache list", ("--failed",)), ("servers", ("site.test",))):
        shown = cistern(*name.split(), *arguments, "--json", "--socket", served.socket)
        schema = schema_of(name if shown.stdout else ERROR)
        for line in (shown.stdout or shown.stderr).splitlines():
            assert faults_of(json.loads(line), schema, schema["$defs"]) == []


def test_a_schema_has_something_against_other_lines() -> None:
    schema = schema_of("cache flush")
    wrong: list[object] = [
        {"forgotten": 1},
        {"schema": 1, "forgotten": 1},
        {"schema": 2, "forgotten": "1"},
        {"schema": 2},
        [],
    ]
    for line in wrong:
        assert faults_of(line, schema, schema["$defs"])


def test_it_is_printed() -> None:
    assert json.loads(cistern("schema", "cache", "show").output) == json.loads(json.dumps(schema_of("cache show")))
    assert list(json.loads(cistern("schema").output)) == [*LINES, ERROR]
    assert cistern("schema", "serve").exit_code == 2
