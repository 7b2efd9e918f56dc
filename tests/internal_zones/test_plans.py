"""A statement is judged from what SQLite says of it."""

import pytest

from internal_zones.plans import Plan, problem, slowness

GOOD = Plan(("name",), ("network",), True, frozenset({("apps", "name"), ("apps", "network_id")}), ())


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (GOOD, None),
        (GOOD._replace(is_one_select=False), "is not one SELECT"),
        (GOOD._replace(columns=("title",)), "yields columns (title): (name) are expected"),
    ],
)
def test_a_statement_that_cannot_be_used_says_why(plan: Plan, said: str | None) -> None:
    assert problem("apps", plan) == said


READS = frozenset({("machines", "app_id"), ("machines", "network_id"), ("machines", "id"), ("apps", "id")})
JOINED = (
    "SELECT m.id FROM apps a CROSS JOIN machines AS m ON m.app_id = a.id AND m.network_id = a.network_id"
    " WHERE a.network_id = :network AND a.name = :app COLLATE NOCASE"
)
MISSING = "looks through all of machines: an index on machines (app_id, network_id) is missing"


@pytest.mark.parametrize(
    ("sql", "steps", "said"),
    [
        pytest.param(
            JOINED, ("SEARCH a USING INDEX x (name=?)", "SEARCH m USING INDEX y (app_id=?)"), None, id="quick"
        ),
        pytest.param(JOINED, ("QUERY PLAN", "SCAN m"), MISSING, id="a scan by alias"),
        pytest.param(JOINED, ("SEARCH m USING AUTOMATIC COVERING INDEX (app_id=?)",), MISSING, id="an index made anew"),
        pytest.param(JOINED, ("SCAN a",), None, id="a small table"),
        pytest.param(
            "SELECT id FROM machines", ("SCAN machines",), MISSING.replace(" (app_id, network_id)", ""), id="all"
        ),
        pytest.param(
            "SELECT id FROM machines WHERE app_id = :app",
            ("SCAN machines USING COVERING INDEX z",),
            MISSING.replace(", network_id", ""),
            id="the whole of an index",
        ),
        pytest.param("SELECT 1", ("SCAN CONSTANT ROW", "SCAN json_each VIRTUAL TABLE INDEX 1:"), None, id="no table"),
    ],
)
def test_looking_through_a_large_table_names_the_index_that_is_missing(
    sql: str, steps: tuple[str, ...], said: str | None
) -> None:
    plan = Plan(("id",), (), True, READS, steps)
    assert slowness("machines", sql, plan, lambda table: table == "machines") == said
    assert slowness("regions", sql, plan, lambda table: True) is None  # read as a whole, and meant to be
