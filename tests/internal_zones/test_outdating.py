"""Which units are due after a change."""

import pytest

from internal_zones.clocks import Touches
from internal_zones.mapping import COLUMNS
from internal_zones.outdating import EVERYTHING, STATEMENTS, Outdated, outdated
from internal_zones.readings import Kind, UnitKey

READS = {
    "app": frozenset({"apps"}),
    "machines": frozenset({"apps", "machines"}),
    "flycast": frozenset({"flycast_addresses"}),
    "apps": frozenset({"apps"}),
    "peers": frozenset({"peers"}),
    "instances": frozenset({"apps", "machines"}),
    "page": frozenset({"apps", "machines"}),
    "machine_at": frozenset({"apps", "machines"}),
    "peer_at": frozenset({"peers"}),
    "hosts": frozenset({"hosts", "__corro_members"}),
    "regions": frozenset({"regions"}),
    "checks": frozenset({"apps", "machines", "checks"}),
    "services": frozenset({"apps", "machines", "services"}),
}


def rows(*touched: tuple[str, int, str]) -> Touches:
    return Touches(frozenset(), frozenset(touched))


@pytest.mark.parametrize(
    ("touches", "kinds", "keys"),
    [
        pytest.param(
            rows(("machines", 24, "Web")),
            {Kind.OWNERS, Kind.PAGE},
            {
                *((kind, "web") for kind in (Kind.APP, Kind.CHECKS, Kind.SERVICES)),
                *((kind, "") for kind in (Kind.INSTANCES, Kind.STARTED)),
            },
            id="a machine",
        ),
        pytest.param(rows(("checks", 24, "web")), set(), {(Kind.CHECKS, "web")}, id="a check"),
        pytest.param(rows(("peers", 24, "")), {Kind.OWNERS}, {(Kind.PEERS, "")}, id="a peer"),
        pytest.param(rows(("flycast_addresses", 24, "web")), set(), {(Kind.FLYCAST, "web")}, id="an address"),
        pytest.param(
            Touches(frozenset(), frozenset({("peers", 24, "")}), fresh=frozenset()),
            {Kind.OWNERS},
            {(Kind.PEERS, "")},
            id="a peer, again",
        ),
        pytest.param(Touches(frozenset({"regions"}), frozenset()), {Kind.TOPOLOGY}, set(), id="a whole table"),
    ],
)
def test_what_rests_on_a_row_is_due(touches: Touches, kinds: set[Kind], keys: set[tuple[Kind, str]]) -> None:
    wanted = frozenset(UnitKey(kind, 24, name) for kind, name in keys)
    assert outdated(touches, READS) == Outdated(frozenset(kinds), wanted)


def test_what_nobody_can_tell_makes_everything_due() -> None:
    assert outdated(None, READS) == EVERYTHING
    assert EVERYTHING.kinds == set(Kind)


def test_a_statement_that_could_not_be_prepared_may_read_everything() -> None:
    reads = {name: tables for name, tables in READS.items() if name != "peer_at"}
    assert Kind.OWNERS in outdated(rows(("checks", 24, "web")), reads).kinds


def test_every_kind_rests_on_statements_of_the_mapping() -> None:
    assert set(STATEMENTS) == set(Kind)
    assert {name for names in STATEMENTS.values() for name in names} == set(COLUMNS) - {"touched", "networks"}
