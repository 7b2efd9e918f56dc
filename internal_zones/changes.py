"""What has changed since the last look? Told by the clock tables, and all of it read in one snapshot."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Final, NamedTuple

import apsw
import msgspec

from internal_zones.clocks import Clocks, TooMuch, Touches, Versions, arrived, read_touches, read_versions
from internal_zones.mapping import TOUCHED
from internal_zones.rows import Row
from internal_zones.together import MachineKey, one_together, rows_of_each, together

MAX_OF_ONE: Final = 1_000  # rows of the mapping for one row or machine that was touched: there should be one
_DECODER: Final = msgspec.json.Decoder(list[Row])


class Change(NamedTuple):
    """data_version: what this is true for. touches: what differs from the last look; None: anything may.

    machines: the rows of those that were chosen, as they are in that snapshot.
    """

    data_version: int
    touches: Touches | None = None
    machines: Mapping[MachineKey, Sequence[Row]] = {}


class Changes:
    """What a connection has seen of the clock tables. For one thread at a time."""

    def __init__(self, statements: Mapping[str, str]) -> None:
        self._touched = statements.get(TOUCHED, "")
        self._touched_together = together(TOUCHED, self._touched)
        self._one_machine = one_together(statements.get("machines", ""))
        self._clocks: Clocks | None = None
        self._versions: Versions | None = None

    def begin(self, clocks: Clocks | None) -> None:
        """Nothing is known of what was before. clocks: of the tables; None: there are none."""
        self._clocks, self._versions = clocks, None

    def since_last(
        self, connection: apsw.Connection, data_version: int, choose: Callable[[Touches], Sequence[MachineKey]]
    ) -> Change:
        """What differs from the last call, and the rows of the machines that are chosen of it; raises apsw.Error.

        data_version: as it was before. Of two snapshots neither may have what moved between them, or both.
        """
        before, self._versions = self._versions, None
        versions, change = None, Change(data_version)
        with connection, suppress(TooMuch, apsw.SQLError, UnicodeDecodeError):  # text that is none: anything may differ
            versions, touches = self._touches(connection, before)
            if versions is not None:
                change = Change(versions.data_version, touches)
            if touches is not None:
                change = change._replace(machines=self._machines(connection, choose(touches)))
        self._versions = versions  # only now: what a look that fails has not told, the next must
        return change

    def _touches(self, connection: apsw.Connection, before: Versions | None) -> tuple[Versions | None, Touches | None]:
        """The versions as they are, and what was touched since they were as before. None: nobody can tell."""
        if self._clocks is None:
            return None, None

        def query(sql: str, values: tuple[int | str, ...]) -> list[Row]:
            return _rows_in_one_step(connection, sql, values)

        place, tables = partial(self._places, connection), self._clocks.replicated
        versions = read_versions(query, tables, before)
        spans = arrived(before, versions) if before else None
        if before is None or spans is None:
            return versions, None
        return versions, read_touches(query, place, self._clocks, spans, before.greatest, versions.sites)

    def _places(self, connection: apsw.Connection, table: str, keys: Sequence[int]) -> Sequence[Sequence[Row]]:
        """The network, the app and the machine of each row of the table."""
        if self._touched_together:
            with suppress(apsw.SQLError):  # one that can be no part of another statement
                questions = [(table, key) for key in keys]
                of_each = rows_of_each(partial(fetch, connection), self._touched_together, questions, MAX_OF_ONE)
                if of_each is not None:
                    return of_each
        return [fetch(connection, self._touched, {"table": table, "key": key}) for key in keys]

    def _machines(
        self, connection: apsw.Connection, wanted: Sequence[MachineKey]
    ) -> Mapping[MachineKey, Sequence[Row]]:
        """The rows of each of the machines; {}: they cannot be read together."""
        if wanted and self._one_machine:
            with suppress(apsw.SQLError, UnicodeDecodeError):
                of_each = rows_of_each(partial(fetch, connection), self._one_machine, wanted, MAX_OF_ONE)
                return {} if of_each is None else dict(zip(wanted, of_each, strict=True))
        return {}


def fetch(connection: apsw.Connection, sql: str, values: Sequence[int | str] | Mapping[str, int | str]) -> list[Row]:
    """Every row."""
    return connection.execute(sql, values).fetchall()


def _rows_in_one_step(connection: apsw.Connection, sql: str, values: tuple[int | str, ...]) -> list[Row]:
    """The rows of three columns, put together by SQLite.

    Between two steps of a statement the interpreter turns to whatever thread wants it, and a busy event loop gives it back
    after 0.5 ms at the soonest: a row a step, the versions of 500 hosts would take a quarter of a second then.
    """
    as_one = f"WITH q(a, b, c) AS ({sql}) SELECT json_group_array(json_array(a, b, c)) FROM q"
    [[found]] = connection.execute(as_one, values).fetchall()
    return _DECODER.decode(str(found))
