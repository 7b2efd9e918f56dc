"""A database file in Corrosion's shape, made and written by plain SQL: user tables, clock tables, triggers, bookkeeping.

Corrosion's own connections load cr-sqlite; ours register functions of the same names that do nothing, and the clock rows that
cr-sqlite would keep are written here. A reader sees the same file. It needs none of this, which proves that it never writes.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import apsw

Value = str | int | float | bytes | None

STUBS: Final = (
    "crsql_internal_sync_bit",
    "crsql_after_insert",
    "crsql_after_update",
    "crsql_after_delete",
    "crsql_update_site_id",
)
SENTINEL: Final = "-1"  # the column name under which cr-sqlite counts creations and deletions of a row

_OWN_TABLES: Final = """
CREATE TABLE crsql_tracked_peers (site_id BLOB NOT NULL, version INTEGER NOT NULL, seq INTEGER DEFAULT 0,
  tag INTEGER, event INTEGER, PRIMARY KEY (site_id, tag, event)) STRICT;
CREATE TABLE crsql_db_versions (site_id BLOB NOT NULL PRIMARY KEY, db_version INTEGER NOT NULL) STRICT;
CREATE TABLE crsql_master (key TEXT PRIMARY KEY, value ANY);
CREATE TABLE crsql_site_id (site_id BLOB NOT NULL, ordinal INTEGER PRIMARY KEY);
CREATE UNIQUE INDEX crsql_site_id_site_id ON crsql_site_id (site_id);
CREATE TABLE __corro_state (key TEXT NOT NULL PRIMARY KEY, value);
CREATE TABLE __corro_seq_bookkeeping (site_id BLOB NOT NULL, db_version INTEGER NOT NULL, start_seq INTEGER NOT NULL,
  end_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL, ts TEXT NOT NULL,
  PRIMARY KEY (site_id, db_version, start_seq)) WITHOUT ROWID;
CREATE TABLE __corro_buffered_changes ("table" TEXT NOT NULL, pk BLOB NOT NULL, cid TEXT NOT NULL, val ANY,
  col_version INTEGER NOT NULL, db_version INTEGER NOT NULL, site_id BLOB NOT NULL, seq INTEGER NOT NULL,
  cl INTEGER NOT NULL, ts TEXT NOT NULL, PRIMARY KEY (site_id, db_version, seq)) WITHOUT ROWID;
CREATE TABLE __corro_members (actor_id BLOB PRIMARY KEY NOT NULL, address TEXT NOT NULL, foca_state JSON, rtt_min INTEGER,
  updated_at DATETIME NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE __corro_schema (tbl_name TEXT NOT NULL, type TEXT NOT NULL, name TEXT NOT NULL, sql TEXT NOT NULL,
  source TEXT NOT NULL, PRIMARY KEY (tbl_name, type, name)) WITHOUT ROWID;
CREATE TABLE __corro_bookkeeping_gaps (actor_id BLOB NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL,
  PRIMARY KEY (actor_id, start)) WITHOUT ROWID;
INSERT INTO crsql_master VALUES ('crsqlite_version', 170000);
INSERT INTO __corro_state VALUES ('cluster_id', 0);
"""
_SITE_TRIGGERS: Final = """
CREATE TRIGGER crsql_site_id_insert_trig AFTER INSERT ON "crsql_site_id" WHEN NEW.ordinal != 0
  BEGIN VALUES (crsql_update_site_id(NEW.site_id, NEW.ordinal)); END;
CREATE TRIGGER crsql_site_id_update_trig AFTER UPDATE ON "crsql_site_id" WHEN NEW.ordinal != 0
  BEGIN VALUES (crsql_update_site_id(NEW.site_id, NEW.ordinal)); END;
CREATE TRIGGER crsql_site_id_delete_trig AFTER DELETE ON "crsql_site_id" WHEN OLD.ordinal != 0
  BEGIN VALUES (crsql_update_site_id(OLD.site_id, -1)); END;
"""


def create(path: Path, schema: str, sites: list[bytes]) -> None:
    """Make the file at `path` with the user tables of `schema` and no rows. sites: actor ids, this host's own first."""
    connection = _open(path, apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_READWRITE)
    connection.pragma("auto_vacuum", "INCREMENTAL")
    connection.pragma("journal_mode", "WAL")
    with connection:
        connection.execute(schema)
        for table in [str(row[0]) for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]:
            connection.execute(_replication_of(connection, table))
        connection.execute(_OWN_TABLES)
        for ordinal, site in enumerate(sites):
            connection.execute("INSERT INTO crsql_site_id VALUES (?, ?)", (site, ordinal))
            connection.execute("INSERT INTO crsql_db_versions VALUES (?, 0)", (site,))
        connection.execute(_SITE_TRIGGERS)
        connection.execute(
            "INSERT INTO __corro_schema SELECT tbl_name, type, name, sql, 'state-schema.sql' FROM sqlite_schema"
            " WHERE sql IS NOT NULL AND tbl_name NOT GLOB 'crsql_*' AND tbl_name NOT GLOB '__corro_*'"
            " AND tbl_name NOT GLOB '*__crsql_*' AND type != 'trigger'"
        )
    connection.close()


class CorrosionWriter:
    """Writes rows as Corrosion would: each commit is one version of one site, each changed column one clock row."""

    def __init__(self, path: Path, wall: Callable[[], float] | None = None) -> None:
        """wall: Unix time, which commits are stamped with; without it they are with their version."""
        self.connection = _open(path, apsw.SQLITE_OPEN_READWRITE)
        self._wall = wall
        self._keys: dict[str, list[str]] = {}
        self._ordinal = self._version = self._seq = 0

    @contextmanager
    def commit(self, ordinal: int = 0) -> Iterator[None]:
        """One transaction, made by the site of that ordinal."""
        with self.connection:
            self._ordinal, self._seq = ordinal, 0
            self._version = self._number(
                "UPDATE crsql_db_versions SET db_version = db_version + 1"
                " WHERE site_id = (SELECT site_id FROM crsql_site_id WHERE ordinal = ?) RETURNING db_version",
                (ordinal,),
            )
            yield

    def put(self, table: str, row: Mapping[str, Value]) -> None:
        """Insert the row, or update its columns where the primary key is there already."""
        keys = self._key_columns(table)
        columns = [column for column in row if column not in keys]
        names = ", ".join((*keys, *columns))
        updates = ", ".join(f"{column} = excluded.{column}" for column in columns)
        self.connection.execute(
            f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * (len(keys) + len(columns)))})"
            f" ON CONFLICT DO UPDATE SET {updates}",
            tuple(row[column] for column in (*keys, *columns)),
        )
        key = self._key_of(table, row)
        for column in columns:
            self._touch(table, key, column)

    def delete(self, table: str, row: Mapping[str, Value]) -> None:
        """Delete the row of that primary key; its columns' clocks go, the row's own stays as a tombstone."""
        keys = self._key_columns(table)
        key = self._key_of(table, row)
        where = " AND ".join(f"{column} = ?" for column in keys)
        self.connection.execute(f"DELETE FROM {table} WHERE {where}", tuple(row[column] for column in keys))
        self.connection.execute(f"DELETE FROM {table}__crsql_clock WHERE key = ?", (key,))
        self._touch(table, key, SENTINEL, first=2)

    def close(self) -> None:
        self.connection.close()

    def _touch(self, table: str, key: int, column: str, first: int = 1) -> None:
        self.connection.execute(
            f"INSERT INTO {table}__crsql_clock (key, col_name, col_version, db_version, site_id, seq, ts)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET col_version = col_version + 1,"
            " db_version = excluded.db_version, site_id = excluded.site_id, seq = excluded.seq, ts = excluded.ts",
            (key, column, first, self._version, self._ordinal, self._seq, self._timestamp()),
        )
        self._seq += 1

    def _timestamp(self) -> str:
        """NTP64, as Corrosion stamps what it commits."""
        return str(self._version if self._wall is None else int(self._wall() * 2**32))

    def _key_of(self, table: str, row: Mapping[str, Value]) -> int:
        keys = self._key_columns(table)
        values = tuple(row[column] for column in keys)
        where = " AND ".join(f"{column} = ?" for column in keys)
        found = self.connection.execute(f"SELECT __crsql_key FROM {table}__crsql_pks WHERE {where}", values).fetchone()
        if found is not None:
            return int(str(found[0]))
        return self._number(
            f"INSERT INTO {table}__crsql_pks ({', '.join(keys)}) VALUES ({', '.join('?' * len(keys))})"
            " RETURNING __crsql_key",
            values,
        )

    def _key_columns(self, table: str) -> list[str]:
        if table not in self._keys:
            self._keys[table] = key_columns(self.connection, table)
        return self._keys[table]

    def _number(self, sql: str, values: tuple[Value, ...]) -> int:
        [[number]] = self.connection.execute(sql, values).fetchall()
        return int(str(number))


def key_columns(connection: apsw.Connection, table: str) -> list[str]:
    """The columns of the table's primary key, in its order."""
    found = connection.execute("SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", (table,))
    return [str(row[0]) for row in found]


def _open(path: Path, flags: int) -> apsw.Connection:
    connection = apsw.Connection(str(path), flags=flags)
    connection.set_busy_timeout(5000)
    connection.pragma("synchronous", "NORMAL")
    connection.pragma("recursive_triggers", True)
    for name in STUBS:
        result = 1 if name == "crsql_internal_sync_bit" else None
        connection.create_scalar_function(name, lambda *_, result=result: result)
    return connection


def _replication_of(connection: apsw.Connection, table: str) -> str:
    """The clock table, the key table and the three triggers that cr-sqlite gives a replicated table."""
    keys = key_columns(connection, table)
    rows = connection.execute("SELECT name FROM pragma_table_info(?)", (table,))
    others = [str(row[0]) for row in rows if row[0] not in keys]
    new_keys, old_keys = (", ".join(f'{row}."{key}"' for key in keys) for row in ("NEW", "OLD"))
    pairs = "".join(f', NEW."{column}", OLD."{column}"' for column in others)
    return f"""
CREATE TABLE "{table}__crsql_clock" (key INTEGER NOT NULL, col_name TEXT NOT NULL, col_version INTEGER NOT NULL,
  db_version INTEGER NOT NULL, site_id INTEGER NOT NULL DEFAULT 0, seq INTEGER NOT NULL, ts TEXT NOT NULL DEFAULT '0',
  PRIMARY KEY (key, col_name)) WITHOUT ROWID, STRICT;
CREATE INDEX "{table}__crsql_clock_dbv_idx" ON "{table}__crsql_clock" (site_id, db_version);
CREATE TABLE "{table}__crsql_pks" (__crsql_key INTEGER PRIMARY KEY, {", ".join(keys)});
CREATE UNIQUE INDEX "{table}__crsql_pks_pks" ON "{table}__crsql_pks" ({", ".join(keys)});
CREATE TRIGGER "{table}__crsql_itrig" AFTER INSERT ON "{table}" WHEN crsql_internal_sync_bit() = 0
  BEGIN VALUES (crsql_after_insert('{table}', {new_keys})); END;
CREATE TRIGGER "{table}__crsql_utrig" AFTER UPDATE ON "{table}" WHEN crsql_internal_sync_bit() = 0
  BEGIN VALUES (crsql_after_update('{table}', {new_keys}, {old_keys}{pairs})); END;
CREATE TRIGGER "{table}__crsql_dtrig" AFTER DELETE ON "{table}" WHEN crsql_internal_sync_bit() = 0
  BEGIN VALUES (crsql_after_delete('{table}', {old_keys})); END;
"""
