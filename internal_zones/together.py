"""How is one statement read for many questions? In one step of SQLite's, as one text (pure, but for the queries it is handed).

Between two steps of a statement the interpreter turns to whatever thread wants it, and a busy event loop gives it back after
0.5 ms at the soonest: a step for each row, a read costs more hand-overs than work.
"""

import re
from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Final

from msgspec import DecodeError, Raw, json

from internal_zones.mapping import COLUMNS, TOUCHED
from internal_zones.rows import Row

MachineKey = tuple[int, str, str]  # a network, an app, the id of a machine
Question = tuple[int, str, str] | tuple[str, int]  # a network, an app, an address; of `touched`, a table and a key
Query = Callable[[str, tuple[int | str, ...]], list[Row]]

PLACES: Final = MappingProxyType({"network": "(q.value ->> 0)", "app": "(q.value ->> 1)", "address": "(q.value ->> 2)"})
PLACES_OF_TOUCHED: Final = MappingProxyType({"table": "(q.value ->> 0)", "key": "(q.value ->> 1)"})
# What is no parameter, though it may look like one: texts, names in quotes, comments.
_TOKEN: Final = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|/\*.*?(?:\*/|\Z)|[:@$]([A-Za-z_]\w*)""",
    re.DOTALL,
)
# An operator's JSON would stand in ours as JSON: put together with nothing it is text again. A BLOB may be taken for JSON
# (SQLite's JSONB): in its place stands what no number can be, and nobody takes for an answer.
_COLUMN: Final = """CASE typeof("{0}") WHEN 'text' THEN "{0}" || '' WHEN 'blob' THEN 9e999 ELSE "{0}" END"""
# Put together as text: json_group_array would read the JSON of each question again.
_EACH: Final = (
    "SELECT '[' || coalesce(group_concat((SELECT json_group_array(json_array({0})) FROM (SELECT * FROM ({1}\n) LIMIT ?2))), '')"
    " || ']' FROM json_each(?1) q"
)
_COUNT_EACH: Final = (
    "SELECT json_group_array((SELECT count(*) FROM (SELECT 1 FROM ({0}\n) LIMIT ?2))) FROM json_each(?1) q"
)
_COUNTS: Final = json.Decoder(list[int])
_EACH_ROW: Final = json.Decoder(list[list[Raw]])
_ROW: Final = json.Decoder(tuple[str | int | float | None, ...])


def together(name: str, sql: str) -> str:
    """The statement `name` for many questions; "": it has other parameters.

    It yields one row of one text: a JSON list, by question, of rows. ?1: the questions; ?2: how many rows of one at most.
    """
    placed = _placed(name, sql)
    return placed and _EACH.format(", ".join(map(_COLUMN.format, COLUMNS[name])), placed)


def one_together(sql: str) -> str:
    """The same of the statement `machines` and one machine of the app: its id stands in the place of an address."""
    return together("machines", f'SELECT * FROM ({sql.rstrip().rstrip(";")}\n) WHERE "id" = :address')


def counted_together(name: str, sql: str) -> str:
    """The same of how many rows there are: a JSON list, by question, of numbers."""
    placed = _placed(name, sql)
    return placed and _COUNT_EACH.format(placed)


def _placed(name: str, sql: str) -> str:
    """The statement with places of a question for its parameters; "": it has others."""
    places = PLACES_OF_TOUCHED if name == TOUCHED else PLACES
    used = {token[1] for token in _TOKEN.finditer(sql) if token[1]}
    if not used <= places.keys():
        return ""
    return _TOKEN.sub(lambda token: places[token[1]] if token[1] else token[0], sql.rstrip().rstrip(";"))


def rows_of_each(query: Query, sql: str, questions: Sequence[Question], most: int) -> Sequence[Sequence[Row]] | None:
    """The rows for each of the questions; None: they hold what cannot be told in JSON, or more than `most` for one question.

    Each row is read by itself: while 10,000 were at once, no other thread had its turn for 3 ms.
    """
    [[found]] = query(sql, (json.encode(questions).decode(), most + 1))
    try:
        rows = [[_ROW.decode(row) for row in of_one] for of_one in _EACH_ROW.decode(str(found))]
    except DecodeError:
        return None
    return rows if all(len(of_one) <= most for of_one in rows) else None


def count_of_each(query: Query, sql: str, questions: Sequence[Question], most: int) -> list[int]:
    """How many rows there are for each of the questions, `most` + 1 where there are more than `most`."""
    [[found]] = query(sql, (json.encode(questions).decode(), most + 1))
    return _COUNTS.decode(str(found))
