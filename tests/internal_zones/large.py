"""A platform of one machine or of a million in a file, made by SQL alone and the same for the same seed.

Ten apps stand in each network, and machines are dealt out to the apps in turn. What a client may ask follows from the number
of an app alone (`name_of`, `network_of`), so that a load need not read the file.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from resolver.demo.corrosion_file import CorrosionWriter, create
from resolver.demo.state import SCHEMA_FILE

APPS_A_NETWORK: Final = 10
HOSTS: Final = 500
REGIONS: Final = ("ams", "fra", "lhr", "cdg", "iad", "ord", "sea", "sjc", "nrt", "syd")
SPREAD: Final = 2_654_435_761  # Knuth's multiplier: neighbours land far apart
CLOCKED: Final = ("apps", "machines", "checks", "services")
KEY_OF: Final = {"apps": "id", "machines": "id", "checks": "machine_id, name", "services": "machine_id, protocol, port"}


@dataclass(frozen=True, slots=True)
class Large:
    """How many machines and apps; seed: deals hosts, regions, states and ids."""

    machines: int
    apps: int
    seed: int = 1

    @property
    def networks(self) -> int:
        return -(-self.apps // APPS_A_NETWORK)


def name_of(app: int) -> str:
    """The name of the app of that number, counted from 0."""
    return f"app{app}"


def network_of(app: int) -> int:
    return app // APPS_A_NETWORK + 1


def write_large(path: Path, large: Large) -> None:
    """Make the file: every user table, a clock row for each row, and its key."""
    sites = [host_actor(number) for number in range(HOSTS)]
    create(path, SCHEMA_FILE.read_text(), sites)
    writer = CorrosionWriter(path)
    run = writer.connection.execute
    writer.connection.pragma("synchronous", "OFF")
    with writer.connection:
        run(
            f"{_counted('?')} INSERT INTO apps (id, name, network_id) SELECT i + 1, 'app' || i, i / ? + 1 FROM n",
            (large.apps, APPS_A_NETWORK),
        )
        run(_machines(large), (large.machines,))
        run(
            "INSERT INTO checks SELECT id, 'http', CASE rowid % 20 WHEN 0 THEN 'critical' ELSE 'passing' END, 0 FROM machines"
        )
        run("INSERT INTO services SELECT id, 'tcp', 8080, 'http', 0 FROM machines")
        for number, site in enumerate(sites):
            name, region = f"h{number}", REGIONS[number % len(REGIONS)]
            run("INSERT INTO hosts (name, region, actor_id) VALUES (?, ?, ?)", (name, region, site))
            run("INSERT INTO __corro_members VALUES (?, '', '{\"state\":\"Alive\"}', ?, 0)", (site, number % 300))
        for number, region in enumerate(REGIONS):
            place = (number * 13 % 120 - 60, number * 37 % 360 - 180)
            run("INSERT INTO regions (code, latitude, longitude) VALUES (?, ?, ?)", (region, *place))
        for table in CLOCKED:
            key = KEY_OF[table]
            run(f"INSERT INTO {table}__crsql_pks ({key}) SELECT {key} FROM {table}")
            run(
                f"INSERT INTO {table}__crsql_clock (key, col_name, col_version, db_version, site_id, seq)"
                f" SELECT __crsql_key, 'updated_at', 1, __crsql_key / ? + 1, __crsql_key % ?, 0 FROM {table}__crsql_pks",
                (HOSTS, HOSTS),
            )
        run("UPDATE crsql_db_versions SET db_version = ?", (large.machines // HOSTS + 2,))
    writer.connection.pragma("synchronous", "NORMAL")
    writer.connection.pragma("wal_checkpoint(TRUNCATE)")
    writer.close()


def host_actor(number: int) -> bytes:
    return f"h{number}".encode().ljust(16, b"\0")


def _counted(most: str) -> str:
    return f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {most})"


def _machines(large: Large) -> str:
    """The number i becomes the id in its first digits, so that ids are in order, and two groups of the address."""
    dealt = f"(((i + {large.seed}) * {SPREAD}) & 0xffffffff)"
    network = f"(i % {large.apps} / {APPS_A_NETWORK} + 1)"
    regions = " ".join(f"WHEN {number} THEN '{region}'" for number, region in enumerate(REGIONS))
    return (
        f"{_counted('?')} INSERT INTO machines (id, app_id, network_id, host, region, address, state, metadata)"
        f" SELECT printf('%06x%08x', i, {dealt}), i % {large.apps} + 1, {network}, 'h' || ({dealt} % {HOSTS}),"
        f" CASE {dealt} % {len(REGIONS)} {regions} END,"
        f" printf('fdaa:0:%x:a7b:%x:%x:d066:2', {network}, (i >> 16) + 1, i & 0xffff),"
        f" CASE WHEN {dealt} >> 8 & 15 THEN 'started' ELSE 'stopped' END,"
        f' CASE {dealt} >> 12 & 1 WHEN 0 THEN \'{{"fly_process_group":"web"}}\''
        f' ELSE \'{{"fly_process_group":"worker"}}\' END FROM n'
    )
