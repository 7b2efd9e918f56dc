"""Which SQL yields each kind of row: named SELECTs with fixed output columns.

The SQL is the operator's to change, because the platform's tables are; the columns are ours. The parameters push the
question into the statement, so that an index serves it: `:network` (integer), `:app` (text, lower-case) and `:address`
(canonical text).
A statement that is too old or too new for the tables makes only its own names unavailable.
"""

from collections.abc import Iterable
from types import MappingProxyType
from typing import Annotated, Final

import msgspec
from msgspec import Meta

_Sql = Annotated[str, Meta(min_length=1)]


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The SELECT of each record kind. The defaults fit conf/state-schema.sql."""

    app: Annotated[_Sql, Meta(description="the app :app of :network; no row: it does not exist there")] = (
        "SELECT name FROM apps WHERE network_id = :network AND name = :app COLLATE NOCASE"
    )
    machines: Annotated[_Sql, Meta(description="every deployed machine of :app in :network")] = (
        "SELECT m.id, m.region, m.host, m.address, m.state, m.metadata, m.skip_dns"
        " FROM apps a CROSS JOIN machines m ON m.app_id = a.id AND m.network_id = a.network_id"
        " WHERE a.network_id = :network AND a.name = :app COLLATE NOCASE"
    )
    flycast: Annotated[_Sql, Meta(description="Flycast addresses of :app that are allocated in :network")] = (
        "SELECT address FROM flycast_addresses WHERE network_id = :network AND app_name = :app COLLATE NOCASE"
    )
    apps: Annotated[_Sql, Meta(description="the apps of :network")] = (
        "SELECT name FROM apps WHERE network_id = :network"
    )
    peers: Annotated[_Sql, Meta(description="the WireGuard peers of :network")] = (
        "SELECT name, address FROM peers WHERE network_id = :network"
    )
    page: Annotated[
        _Sql, Meta(description=":limit started machines of :network by id, without the first :offset of them")
    ] = (
        "SELECT m.id, a.name AS app, m.region, m.address, m.state, m.skip_dns"
        " FROM (SELECT id FROM machines WHERE network_id = :network AND state = 'started' AND skip_dns = 0"
        " ORDER BY id LIMIT :limit OFFSET :offset) p CROSS JOIN machines m ON m.id = p.id"
        " LEFT JOIN apps a ON a.id = m.app_id AND a.network_id = m.network_id"
    )
    instances: Annotated[_Sql, Meta(description="every deployed machine of :network with the name of its app")] = (
        "SELECT m.id, a.name AS app, m.region, m.address, m.state, m.skip_dns"
        " FROM apps a CROSS JOIN machines m ON m.app_id = a.id AND m.network_id = a.network_id"
        " WHERE a.network_id = :network"
    )
    machine_at: Annotated[_Sql, Meta(description="the deployed machine with :address in :network")] = (
        "SELECT m.id, a.name AS app, m.region, m.state, m.skip_dns FROM machines m JOIN apps a ON a.id = m.app_id"
        " AND a.network_id = m.network_id WHERE m.network_id = :network AND m.address = :address"
    )
    peer_at: Annotated[_Sql, Meta(description="the WireGuard peer with :address in :network")] = (
        "SELECT name FROM peers WHERE network_id = :network AND address = :address"
    )
    hosts: Annotated[_Sql, Meta(description="round-trip time in ms to each host, and its state: Alive or other")] = (
        "SELECT h.name AS host, c.rtt_min AS rtt,"
        " CASE WHEN json_valid(c.foca_state) THEN json_extract(c.foca_state, '$.state') END AS state"
        " FROM hosts h JOIN __corro_members c ON c.actor_id = h.actor_id"
    )
    regions: Annotated[_Sql, Meta(description="where each region is, in degrees")] = (
        "SELECT code AS region, latitude, longitude FROM regions"
    )
    checks: Annotated[_Sql, Meta(description="the checks of the machines of :app in :network")] = (
        "SELECT c.machine_id AS machine, c.status"
        " FROM apps a CROSS JOIN machines m ON m.app_id = a.id AND m.network_id = a.network_id"
        " CROSS JOIN checks c ON c.machine_id = m.id"
        " WHERE a.network_id = :network AND a.name = :app COLLATE NOCASE"
    )
    services: Annotated[_Sql, Meta(description="the TCP services of the machines of :app in :network")] = (
        "SELECT s.machine_id AS machine, s.name, s.port"
        " FROM apps a CROSS JOIN machines m ON m.app_id = a.id AND m.network_id = a.network_id"
        " CROSS JOIN services s ON s.machine_id = m.id AND s.protocol = 'tcp'"
        " WHERE a.network_id = :network AND a.name = :app COLLATE NOCASE"
    )

    networks: Annotated[_Sql, Meta(description="every network that has an app; for operators' listings only")] = (
        "SELECT DISTINCT network_id AS network FROM apps"
    )
    touched: Annotated[
        _Sql,
        Meta(
            description="the network and app of the row :key (__crsql_key) of :table, to drop only what changed;"
            " and the id of the machine whose row it is, if all that it can change is how `machines` yields that one, else NULL"
        ),
    ] = (
        "SELECT a.network_id AS network, a.name AS app, NULL AS machine FROM apps__crsql_pks k JOIN apps a ON a.id = k.id"
        " WHERE :table = 'apps' AND k.__crsql_key = :key"
        " UNION ALL SELECT m.network_id, a.name, m.id FROM machines__crsql_pks k JOIN machines m ON m.id = k.id"
        " LEFT JOIN apps a ON a.id = m.app_id WHERE :table = 'machines' AND k.__crsql_key = :key"
        " UNION ALL SELECT m.network_id, a.name, NULL FROM checks__crsql_pks k JOIN machines m ON m.id = k.machine_id"
        " LEFT JOIN apps a ON a.id = m.app_id WHERE :table = 'checks' AND k.__crsql_key = :key"
        " UNION ALL SELECT m.network_id, a.name, NULL FROM services__crsql_pks k JOIN machines m ON m.id = k.machine_id"
        " LEFT JOIN apps a ON a.id = m.app_id WHERE :table = 'services' AND k.__crsql_key = :key"
        " UNION ALL SELECT f.network_id, f.app_name, NULL FROM flycast_addresses__crsql_pks k"
        " JOIN flycast_addresses f ON f.address = k.address"
        " WHERE :table = 'flycast_addresses' AND k.__crsql_key = :key"
        " UNION ALL SELECT k.network_id, '', NULL FROM peers__crsql_pks k"
        " WHERE :table = 'peers' AND k.__crsql_key = :key"
    )


TOUCHED: Final = "touched"  # not needed for any name, and not there where the clock tables are not
READS_ALL: Final = frozenset(("hosts", "regions", "networks"))  # small tables, or read for an operator only
PARAMETERS: Final = MappingProxyType(
    {TOUCHED: frozenset(("table", "key")), "page": frozenset(("network", "limit", "offset"))}
)
PARAMETERS_OF_OTHERS: Final = frozenset(("network", "app", "address"))
COLUMNS: Final = MappingProxyType(
    {
        "app": ("name",),
        "machines": ("id", "region", "host", "address", "state", "metadata", "skip_dns"),
        "flycast": ("address",),
        "apps": ("name",),
        "peers": ("name", "address"),
        "page": ("id", "app", "region", "address", "state", "skip_dns"),
        "instances": ("id", "app", "region", "address", "state", "skip_dns"),
        "machine_at": ("id", "app", "region", "state", "skip_dns"),
        "peer_at": ("name",),
        "hosts": ("host", "rtt", "state"),
        "regions": ("region", "latitude", "longitude"),
        "checks": ("machine", "status"),
        "services": ("machine", "name", "port"),
        "networks": ("network",),
        "touched": ("network", "app", "machine"),
    }
)


def statements(mapping: Mapping) -> dict[str, str]:
    """The SQL by the name of its record kind."""
    return {name: getattr(mapping, name) for name in mapping.__struct_fields__}


def shape_problem(name: str, columns: tuple[str, ...], parameters: Iterable[str | None]) -> str | None:
    """What is wrong with the output columns or the parameters of the statement `name`; None: nothing."""
    if columns != COLUMNS[name]:
        return f"yields columns ({', '.join(columns)}): ({', '.join(COLUMNS[name])}) are expected"
    known = PARAMETERS.get(name, PARAMETERS_OF_OTHERS)
    unknown = [parameter or "?" for parameter in parameters if parameter not in known]
    return f"has the unknown parameter {unknown[0]}: {', '.join(sorted(known))} are known" if unknown else None
