"""Which units are due after a change? The rows that were touched, as the units that rest on them (pure)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from internal_zones.clocks import Touches
from internal_zones.readings import Kind, UnitKey

STATEMENTS: Final = MappingProxyType(
    {
        Kind.APP: ("app", "machines"),
        Kind.FLYCAST: ("flycast", "app"),
        Kind.APPS: ("apps",),
        Kind.PEERS: ("peers",),
        Kind.INSTANCES: ("instances",),
        Kind.STARTED: ("page",),
        Kind.PAGE: ("page",),
        Kind.OWNERS: ("machine_at", "peer_at"),
        Kind.TOPOLOGY: ("hosts", "regions"),
        Kind.CHECKS: ("checks",),
        Kind.SERVICES: ("services",),
    }
)
OF_AN_APP: Final = frozenset((Kind.APP, Kind.FLYCAST, Kind.CHECKS, Kind.SERVICES))
OF_A_NETWORK: Final = frozenset((Kind.APPS, Kind.PEERS, Kind.INSTANCES, Kind.STARTED))


class Outdated(NamedTuple):
    """kinds: every unit of these kinds is due; keys: these units are.

    ahead: units of these kinds are that hold a commit which no look had seen when they were read.
    """

    kinds: frozenset[Kind] = frozenset(Kind)
    keys: frozenset[UnitKey] = frozenset()
    ahead: frozenset[Kind] = frozenset()


EVERYTHING: Final = Outdated()


def outdated(touches: Touches | None, reads: Mapping[str, frozenset[str]]) -> Outdated:
    """The units that rest on what was touched. reads: the tables that each statement reads; touches None: all may differ."""
    if touches is None:
        return EVERYTHING
    kinds = {kind for table in touches.tables for kind in _kinds_on(table, reads)}
    keys: set[UnitKey] = set()
    on = {table: _kinds_on(table, reads) for table in {table for table, _, _ in touches.rows}}
    for on_it in on.values():
        kinds |= on_it - OF_AN_APP - OF_A_NETWORK
    of_apps = {table: on_it & OF_AN_APP for table, on_it in on.items()}
    of_networks = {table: on_it & OF_A_NETWORK for table, on_it in on.items()}
    for table, network, app in touches.rows:  # thousands a second
        name = folded(app)
        for kind in of_apps[table]:
            keys.add(UnitKey(kind, network, name))
        for kind in of_networks[table]:
            keys.add(UnitKey(kind, network))
    ahead = {kind for table in touches.fresh for kind in _kinds_on(table, reads)}
    return Outdated(frozenset(kinds), frozenset(keys), frozenset(ahead))


def unit_of(kind: Kind, network: int, app: str) -> UnitKey:
    """The unit of an app."""
    return UnitKey(kind, network, folded(app))


def folded(app: str) -> str:
    """The name as labels are folded: ASCII only (RFC 4343)."""
    return app.lower() if app.isascii() else app.encode().lower().decode()


def _kinds_on(table: str, reads: Mapping[str, frozenset[str]]) -> set[Kind]:
    """A statement that is not known to read anything may read everything."""
    return {
        kind for kind, names in STATEMENTS.items() if any(name not in reads or table in reads[name] for name in names)
    }
