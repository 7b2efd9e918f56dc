"""The demo's platform: as described, the same every time, and of our own address range."""

from ipaddress import IPv6Network, ip_address
from pathlib import Path

import apsw
import pytest

from resolver.demo.state import make_state, read_platform


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> apsw.Connection:
    path = tmp_path_factory.mktemp("state") / "state.db"
    make_state(path)
    return apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)


def rows(connection: apsw.Connection, sql: str) -> list[tuple[object, ...]]:
    return connection.execute(sql).fetchall()


def test_the_platform_is_as_large_as_the_tour_needs() -> None:
    platform = read_platform()
    assert len({app.network for app in platform.apps}) == 3
    assert (len(platform.apps), len(platform.regions)) == (12, 8)
    assert {region for app in platform.apps for group in app.groups for region in group.regions} <= {
        host.region for host in platform.hosts
    }


def test_every_machine_has_an_address_of_its_own_in_its_network(connection: apsw.Connection) -> None:
    machines = rows(connection, "SELECT network_id, address FROM machines")
    assert 50 <= len(machines) <= 70
    assert len({address for _, address in machines}) == len(machines)
    for network, address in machines:
        prefix = (0xFDAA << 112) + (int(str(network)) << 80)
        assert ip_address(str(address)) in IPv6Network((prefix, 48))


def test_the_same_description_makes_the_same_rows(connection: apsw.Connection, tmp_path: Path) -> None:
    make_state(tmp_path / "again.db")
    again = apsw.Connection(str(tmp_path / "again.db"))
    for table in ("apps", "machines", "peers", "flycast_addresses", "hosts", "regions", "__corro_members"):
        assert rows(again, f"SELECT * FROM {table}") == rows(connection, f"SELECT * FROM {table}")


def test_what_serves_has_a_check_and_one_of_them_fails(connection: apsw.Connection) -> None:
    ports = rows(connection, "SELECT name, port, count(*) FROM services GROUP BY 1 ORDER BY 1")
    assert ports == [("http", 8080, 8), ("postgres", 5432, 1)]
    assert rows(connection, "SELECT status, count(*) FROM checks GROUP BY 1") == [("critical", 1), ("passing", 8)]


def test_every_host_is_a_member_and_one_was_never_measured(connection: apsw.Connection) -> None:
    sql = "SELECT count(*), count(rtt_min) FROM hosts JOIN __corro_members USING (actor_id)"
    assert rows(connection, sql) == [(11, 10)]
