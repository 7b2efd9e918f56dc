"""Would a state database serve these statements? To be known before a schema is rolled out, without a daemon."""

from functools import partial
from ipaddress import IPv6Network

import msgspec

from internal_zones.database import StateFault, StateFile, inline
from internal_zones.inspection import FaultRow, Inspector, Wanted
from internal_zones.mapping import TOUCHED, statements
from internal_zones.options import StateOptions
from internal_zones.readings import read
from internal_zones.status import ORDER_ONLY, READY_TEXT


class FileReport(msgspec.Struct, frozen=True):
    """What was found. statements: each with "ready" or the reason why it cannot be used; slow: those that look through a whole
    table, whatever its size now, and the index they lack; clocks: "ready", or why changes could not be told apart.

    faults: the rows that hold what they should not; unread: why not all rows could be looked at, "" when they were.
    """

    statements: dict[str, str]
    slow: dict[str, str]
    clocks: str
    faults: list[FaultRow]
    unread: str

    @property
    def would_serve(self) -> bool:
        """Would every name be answered, and nothing be in doubt?"""
        unusable = [name for name, said in self.statements.items() if said != READY_TEXT and name not in ORDER_ONLY]
        return not (unusable or self.faults or self.unread)


async def check_file(options: StateOptions) -> FileReport:
    """Look at the file `options.database` as a daemon with these options would; raises StateFault when it cannot be opened."""
    sql = statements(options.mapping)
    file = StateFile(options.database, sql, large=0)
    seen = file.look()
    read_unit = partial(read, prefixes=tuple(map(IPv6Network, options.prefixes)))
    faults, unread = [], ""
    try:
        faults = await Inspector(file, inline, read_unit).faults(Wanted())
    except StateFault as problem:
        unread = str(problem)
    finally:
        file.close()
    return FileReport(
        statements={name: seen.problems.get(name, READY_TEXT) for name in sql if name != TOUCHED},
        slow=dict(seen.slow),
        clocks=seen.unclocked or READY_TEXT,
        faults=faults,
        unread=unread,
    )
