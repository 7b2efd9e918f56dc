"""How the state database is, in words and figures, for readiness and the operator."""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from internal_zones.bad_rows import BadRows
from internal_zones.census import Census
from internal_zones.mapping import TOUCHED
from internal_zones.options import StateOptions
from internal_zones.reads import Reads
from internal_zones.units import Units
from internal_zones.watcher import Watcher

READY_TEXT = "ready"
IMMUTABLE: Final = (
    "the state database was opened as one that nobody writes to: its folder cannot be written by this user and no -wal is there;"
    " what is committed is seen when -wal comes or the file changes"
)
LONG: Final = 1.0  # seconds: the largest list takes 0.1
ORDER_ONLY: Final = frozenset(("hosts", "regions", "networks"))  # an order rests on them, or what operators are shown


class StateStatus(msgspec.Struct, frozen=True):
    """state: starting (never read), ready, or unwell (last good data is served as stale).

    statements: each statement of the mapping with "ready" or the reason why it cannot be used. looked_ago: seconds since
    the last successful look; None: there was none. slow: those that look through a large table, and the index they lack.
    failing: those that could be prepared and whose last read failed nevertheless, with the reason.
    clocks: "ready", or why changes cannot be told apart. inode, data_version, schema_version: 0 before the first look.
    doubts: networks that lost too much at once. running_for: seconds that the read under way has
    taken. told_by: who tells of changes, or why nobody does. is_immutable: opened as one that nobody writes to.
    bad_rows: each sort of bad rows among those that were read.
    subscription: each feed of Corrosion's API, by its table or query, with how it is.
    """

    state: Literal["starting", "ready", "unwell"]
    database: str
    fault: str
    looked_ago: float | None
    device: int
    inode: int
    data_version: int
    schema_version: int
    statements: dict[str, str]
    slow: dict[str, str]
    failing: dict[str, str]
    clocks: str
    generation: int
    units: int
    rows: int
    waiting_reads: int
    subscription: dict[str, str] = {}
    bad_rows: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    running_for: float = 0.0
    is_immutable: bool = False
    told_by: str = ""

    @property
    def remarks(self) -> tuple[str, ...]:
        """What an operator should mend although names are answered, one sentence each."""
        return (
            *(f"statement {name} is slow: {said}" for name, said in self.slow.items()),
            *(
                f"statement {name}: {said}"
                for name, said in self.statements.items()
                if name in ORDER_ONLY and said != READY_TEXT
            ),
            *((IMMUTABLE,) if self.is_immutable else ()),
            *self.doubts,
            *self.bad_rows,
            *(
                (f"a read of it has been running for {self.running_for:.0f} s: does its disk hang?",)
                if self.running_for > LONG
                else ()
            ),
            *(f"statement {name} failed when it was last read: {said}" for name, said in self.failing.items()),
        )

    @property
    def is_ready(self) -> bool:
        """Is the database well, and can every statement be used that a record rests on?"""
        return self.state == "ready" and not self.unusable

    @property
    def unusable(self) -> dict[str, str]:
        """The statements without which there are names that cannot be answered, and the reason."""
        return {name: said for name, said in self.statements.items() if said != READY_TEXT and name not in ORDER_ONLY}


def status_of(
    options: StateOptions,
    names: tuple[str, ...],
    watcher: Watcher,
    units: Units,
    reads: Reads,
    now: float,
    failing: Mapping[str, str],
    subscription: dict[str, str],
    bad_rows: BadRows,
    census: Census,
) -> StateStatus:
    """The status at `now`; names: the statements of the mapping; failing: those whose last read failed.

    subscription: how each feed is.
    """
    seen, fault = watcher.sighting, watcher.fault
    unknown = "not prepared yet"
    return StateStatus(
        state="unwell" if seen and not units.is_trusted(now) else "ready" if seen else "starting",
        database=options.database,
        fault=str(fault) if fault else "",
        looked_ago=now - units.looked_at if seen else None,
        device=seen.device if seen else 0,
        inode=seen.inode if seen else 0,
        data_version=seen.data_version if seen else 0,
        schema_version=seen.schema_version if seen else 0,
        statements={
            name: seen.problems.get(name, READY_TEXT) if seen else unknown for name in names if name != TOUCHED
        },
        slow=dict(seen.slow) if seen else {},
        failing=dict(failing),
        clocks=(seen.unclocked or READY_TEXT) if seen else unknown,
        generation=units.generation,
        units=len(units),
        rows=units.rows,
        waiting_reads=reads.waiting,
        subscription=subscription,
        doubts=tuple(census.remarks),
        told_by="the kernel" if watcher.untold is None else f"nobody: {watcher.untold}",
        is_immutable=bool(seen and seen.is_immutable),
        running_for=reads.running_for,
        bad_rows=tuple(
            f"{sort.table}: column {sort.column} holds {sort.holds} in {count} rows at least: {sort.wrong}"
            for sort, count in bad_rows.sorts.items()
        ),
    )
