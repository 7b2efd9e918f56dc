"""Which statements can be used with the file as it is, which tables do they read, and which of those have clocks?"""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

import apsw

from internal_zones.clocks import Clocks
from internal_zones.mapping import TOUCHED
from internal_zones.plans import Plan, problem, slowness

if TYPE_CHECKING:
    import apsw.ext

_READ_SCHEMA: Final = (
    "SELECT 1 FROM sqlite_schema LIMIT 1"  # to plan a statement alone SQLite trusts the schema it knows
)


class Prepared(NamedTuple):
    """What the statements are. problems, slow, reads, unclocked: as in a Sighting. clocks: None where they cannot be used."""

    problems: Mapping[str, str]
    slow: Mapping[str, str]
    reads: Mapping[str, frozenset[str]]
    unclocked: str
    clocks: Clocks | None


def prepare(connection: apsw.Connection, statements: Mapping[str, str], large: int) -> Prepared:
    """Prepare each statement, and read its plan. large: rows of a table that one may look through without a word."""
    connection.execute(_READ_SCHEMA).fetchall()
    plans: dict[str, Plan] = {}
    problems: dict[str, str] = {}
    for name, sql in statements.items():
        try:
            plans[name] = _plan(connection, sql)
        except (apsw.SQLError, apsw.BindingsError) as wrong:
            problems[name] = str(wrong)
            continue
        said = problem(name, plans[name])
        if said:
            problems[name] = said
    is_large = _is_large(connection, large)
    slow = {name: slowness(name, statements[name], plan, is_large) for name, plan in plans.items()}
    unclocked = problems.pop(TOUCHED, "")
    return Prepared(
        problems,
        {name: said for name, said in slow.items() if said},
        {name: plan.tables for name, plan in plans.items()},
        unclocked,
        None if unclocked else _clocks(connection, plans),
    )


def _plan(connection: apsw.Connection, sql: str) -> Plan:
    import apsw.ext  # of use only where there is a database; a thirteenth of a start

    details = apsw.ext.query_info(connection, sql, actions=True, explain_query_plan=True)
    return Plan(
        columns=tuple(column for column, _ in details.description),
        parameters=tuple(details.bindings_names),
        is_one_select=details.is_readonly and not details.query_remaining,
        reads=frozenset(
            (action.table_name, action.column_name or "")
            for action in details.actions or ()
            if action.action_name == "SQLITE_READ" and action.table_name
        ),
        steps=tuple(_steps(details.query_plan)),
    )


def _steps(plan: "apsw.ext.QueryPlan | None") -> Iterator[str]:
    if plan is not None:
        yield plan.detail
        for part in plan.sub or ():
            yield from _steps(part)


def _is_large(connection: apsw.Connection, large: int) -> Callable[[str], bool]:
    if not large:
        return lambda table: True

    def is_large(table: str) -> bool:
        sql = f'SELECT count(*) FROM (SELECT 1 FROM "{table}" LIMIT ?)'
        return connection.execute(sql, (large + 1,)).fetchall() == [(large + 1,)]

    return is_large


def _clocks(connection: apsw.Connection, plans: Mapping[str, Plan]) -> Clocks:
    """Which of the tables that the statements read have clocks. Views have none, and are not needed: their tables have."""
    tables = {str(row[0]) for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    read = {table for name, plan in plans.items() if name != TOUCHED for table in plan.tables} & tables
    replicated = {table for table in read if f"{table}__crsql_clock" in tables}
    placing = plans[TOUCHED].reads
    return Clocks(
        {table: frozenset(column for of, column in placing if of == table) for table in sorted(replicated)},
        frozenset(read - replicated),
    )
