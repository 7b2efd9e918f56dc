"""What the daemon needs before it can run by a config: the options, and what the files that they name say."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

import structlog

from cache.names import ROOT, to_text
from internal_zones import Mapping as StateMapping
from internal_zones import StateFault, StateOptions
from internal_zones.database import StateFile
from internal_zones.mapping import statements
from internal_zones.status import ORDER_ONLY
from resolver.daemon.beliefs import Anchors
from resolver.daemon.trust import read_anchors
from resolver.dnssec.anchors import BadAnchors
from resolver.iterate import BadHints, built_in_hints, configured, parse_hints
from resolver.iterate.delegation import Delegation, Origin
from resolver.options import Options, load
from resolver.options.problems import BadKey
from resolver.policy.local import NO_LOCAL, Local
from resolver.policy.local_records import faults_of_local, read_local

# What SQLite says of a sound statement whose tables are not there (yet).
OF_THE_SCHEMA: Final = ("no such table", "no such column")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Prepared:
    """Sound options, where recursion begins by them, the trust anchors (none when nothing is validated), the local data."""

    options: Options
    hints: Delegation
    anchors: Anchors
    local: Local = NO_LOCAL


def prepare(path: Path) -> Prepared:
    """What the config at `path` says. Raises ConfigError with all that keeps a daemon from running by it."""
    options = load(path, bad_keys_of_files)
    local = read_local(options.local, configured(options.forward, options.stub).keys())
    return Prepared(options, read_hints(options), read_anchors(options.dnssec), local)


def bad_keys_of_files(options: Options) -> Iterator[BadKey]:
    """What is wrong in the files, statements and records that sound options name."""
    try:
        read_hints(options)
    except (OSError, BadHints, UnicodeDecodeError) as wrong:
        yield BadKey(("recursion", "root_hints"), f"expected a root hints file: {wrong}")
    try:
        read_anchors(options.dnssec)
    except (OSError, BadAnchors, UnicodeDecodeError) as wrong:
        yield BadKey(("dnssec", "trust_anchors"), f"expected a file of DS or DNSKEY records: {wrong}")
    for option, index, wrong_there in faults_of_local(options.local, configured(options.forward, options.stub).keys()):
        yield BadKey(("local", option, index), wrong_there)
    yield from _bad_keys_of_mapping(options.state)


def doubts(options: Options) -> Iterator[BadKey]:
    """What keeps a daemon from being ready by these options although it would start: statements that do not fit the database.

    Nothing is said while there is no database: it may come later.
    """
    try:
        problems = _problems_of_database(options)
    except StateFault as fault:
        yield BadKey(("state", "database"), f"expected a state database that can be read: {fault}")
        return
    for name, said in problems.items():
        if name not in ORDER_ONLY:
            yield BadKey(("state", "mapping", name), f"expected a statement that fits the state database: {said}")


def remarks(options: Options) -> list[str]:
    """What the daemon would remark while it is ready by these options: statements without which an order is less good."""
    try:
        problems = _problems_of_database(options)
    except StateFault:
        return []  # a doubt, and told as one
    return [f"statement {name}: {said}" for name, said in problems.items() if name in ORDER_ONLY]


def _problems_of_database(options: Options) -> Mapping[str, str]:
    """The statements that do not fit the state database, with the reason; raises StateFault."""
    if not options.state.database or not Path(options.state.database).is_file():
        return {}
    file = StateFile(options.state.database, statements(options.state.mapping))
    try:
        return file.look().problems
    finally:
        file.close()


def read_hints(options: Options) -> Delegation:
    """Where recursion begins: the root's own configured servers, or its hints. Raises OSError and BadHints.

    An empty file is good enough: beside forward or stub zones nothing else is resolved then, and without any recursion
    begins at the root servers known to this version, as it does without a file.
    """
    zones = configured(options.forward, options.stub)
    root = zones.get(ROOT)
    has_fallback = root is not None and root.origin is Origin.FORWARD_FIRST
    if root is not None and not has_fallback:
        return root
    if not options.recursion.root_hints:
        return built_in_hints(options.recursion.port)
    text = Path(options.recursion.root_hints).read_text()
    if text.strip():
        return parse_hints(text, options.recursion.port)
    if zones and not has_fallback:
        return Delegation(zone=ROOT, origin=Origin.HINTS, servers=())
    return built_in_hints(options.recursion.port)


def log_what_is_read(prepared: Prepared) -> None:
    """Say what an operator may not expect of the files, once they are what the daemon runs by."""
    if prepared.options.dnssec.validate:
        log.info("dnssec_validated", anchors=[to_text(zone) for zone in prepared.anchors])
    if not prepared.hints.servers and not prepared.hints.name_servers:
        zones = configured(prepared.options.forward, prepared.options.stub)
        log.warning("no_root_hints", resolved_only=[to_text(zone) for zone in zones])


def _bad_keys_of_mapping(options: StateOptions) -> Iterator[BadKey]:
    """Statements of the operator's that no database could run; each is tried on an empty one."""
    if options.mapping == StateMapping() or not options.database:
        return
    with NamedTemporaryFile(suffix=".db") as empty:
        file = StateFile(empty.name, statements(options.mapping))
        try:
            problems = file.look().problems
        finally:
            file.close()
    for name, said in problems.items():
        if not any(words in said for words in OF_THE_SCHEMA):
            yield BadKey(("state", "mapping", name), f"expected one SELECT in SQLite's SQL: {said}")
