"""What does a statement of the mapping read, and does SQLite have to look through a whole table for it?

Judged from what SQLite says of the prepared statement: its columns, parameters, the columns it reads, and its query plan.
"""

import re
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from internal_zones.mapping import READS_ALL, shape_problem

LARGE: Final = 1_000  # rows; to look through fewer takes less than half a millisecond


class Plan(NamedTuple):
    """What SQLite says of one statement. reads: (table, column) pairs; steps: the lines of its query plan."""

    columns: tuple[str, ...]
    parameters: tuple[str | None, ...]
    is_one_select: bool
    reads: frozenset[tuple[str, str]]
    steps: tuple[str, ...]

    @property
    def tables(self) -> frozenset[str]:
        return frozenset(table for table, _ in self.reads)


def problem(name: str, plan: Plan) -> str | None:
    """Why the statement `name` cannot be used; None: it can."""
    return shape_problem(name, plan.columns, plan.parameters) if plan.is_one_select else "is not one SELECT"


def slowness(name: str, sql: str, plan: Plan, is_large: Callable[[str], bool]) -> str | None:
    """Which large table the statement looks through, and the index that it lacks; None: it is quick."""
    for called in () if name in READS_ALL else _looked_through(plan.steps):
        table = _table_called(called, sql)
        if table in plan.tables and is_large(table):
            wanted = [column for column in _compared(called, sql) if (table, column) in plan.reads]
            columns = f" on {table} ({', '.join(wanted)})" if wanted else f" on {table}"
            return f"looks through all of {table}: an index{columns} is missing"
    return None


def _looked_through(steps: Iterable[str]) -> list[str]:
    """Tables, by the names that the statement gives them. An automatic index is one made for each question anew."""
    found = []
    for step in steps:
        match step.split():
            case ["SCAN", called, *_] | ["SEARCH", called, "USING", "AUTOMATIC", *_]:
                found.append(called)
    return found


def _table_called(alias: str, sql: str) -> str:
    named = re.search(rf'(?:\bFROM|\bJOIN|,)\s+"?(\w+)"?\s+(?:AS\s+)?{re.escape(alias)}\b', sql, re.IGNORECASE)
    return named[1] if named else alias


def _compared(called: str, sql: str) -> list[str]:
    """The columns that the statement compares for equality, in its order."""
    prefix = rf"(?:{re.escape(called)}\.)"
    pattern = rf"\b{prefix}?(\w+)(?:\s+COLLATE\s+\w+)?\s*==?\s*[:\w]|=\s*{prefix}(\w+)"
    return list(dict.fromkeys(left or right for left, right in re.findall(pattern, sql, re.IGNORECASE)))
