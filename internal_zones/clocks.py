"""Which rows were touched since the last look? Read from the clock tables that cr-sqlite keeps beside each replicated table.

Every change of a column is a clock row with the site that made it and that site's version. So the rows of all versions that
have come since the last look are the rows touched. What the clocks cannot tell is never guessed:
- versions of a site may come out of order (Corrosion's gaps and partly received versions): a gap that has closed is read from
  its beginning;
- a row that is gone, came back, or changed the columns by which it is placed may have left a unit that nobody can name:
  everything that rests on its table is due;
- versions that went backwards, another site in an ordinal's place, or a change without any new version mean everything.
"""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from msgspec import json

from internal_zones.rows import Row

MAX_SITES: Final = 10_000  # hosts; the version vector is read at every change, some 1 µs for each
MAX_CLOCK_ROWS: Final = 2_000  # of one look; more at once is a bulk load, after which all being due is cheaper
SENTINEL: Final = "-1"  # the column name under which creations and deletions of a row are counted

Query = Callable[[str, tuple[int | str, ...]], list[Row]]  # of three columns, none of them a BLOB
Place = Callable[[str, int], list[Row]]  # (table, key) -> (network, app) of that row, by the mapping
Gap = tuple[int, int]  # the first and last of some versions that have not come (whole) yet

_VERSIONS: Final = (
    "SELECT s.ordinal, hex(s.site_id), v.db_version FROM crsql_db_versions v JOIN crsql_site_id s ON s.site_id = v.site_id"
    " LIMIT ?"
)
_GAPS: Final = (
    "SELECT s.ordinal, g.first, g.last FROM (SELECT actor_id, start AS first, end AS last FROM __corro_bookkeeping_gaps"
    " UNION ALL SELECT site_id, db_version, db_version FROM __corro_seq_bookkeeping) g"
    " JOIN crsql_site_id s ON s.site_id = g.actor_id LIMIT ?"
)
# CROSS keeps the order: each site's news by the index on (site_id, db_version).
_TOUCHED_IN: Final = (
    'SELECT c.key, c.col_name, c.col_version FROM json_each(?) s CROSS JOIN "{}__crsql_clock" c'
    " ON c.site_id = s.value ->> 0 AND c.db_version > s.value ->> 1 LIMIT ?"
)


class TooMuch(Exception):
    """More has changed, or more sites are known, than is worth telling apart."""


class Versions(NamedTuple):
    """What has arrived. sites: (site id in hex, newest version) by ordinal; gaps: what is missing below it, by ordinal."""

    sites: Mapping[int, tuple[str, int]]
    gaps: Mapping[int, frozenset[Gap]]


class Touches(NamedTuple):
    """What differs from the last look. tables: any row of them may; rows: (table, network, app) of rows that do."""

    tables: frozenset[str]
    rows: frozenset[tuple[str, int, str]]


class Clocks(NamedTuple):
    """The tables that statements read. replicated: the columns that place a row in a network and an app, by table."""

    replicated: Mapping[str, frozenset[str]]
    others: frozenset[str]


def read_versions(query: Query) -> Versions:
    """The versions as they stand now; raises TooMuch. The gaps are read last: one that opens meanwhile must be seen."""
    sites: dict[int, tuple[str, int]] = {}
    for ordinal, site, version in _bounded(query(_VERSIONS, (MAX_SITES + 1,)), MAX_SITES):
        sites[_int(ordinal)] = (str(site), _int(version))
    gaps: dict[int, frozenset[Gap]] = {}
    for ordinal, first, last in _bounded(query(_GAPS, (MAX_SITES + 1,)), MAX_SITES):
        gaps[_int(ordinal)] = gaps.get(_int(ordinal), frozenset()) | {(_int(first), _int(last))}
    return Versions(sites, gaps)


def arrived(before: Versions, after: Versions) -> dict[int, int] | None:
    """The version of each site, by ordinal, above which something has come; None: the two cannot be compared."""
    since: dict[int, int] = {}
    for ordinal, (site, version) in before.sites.items():
        now = after.sites.get(ordinal)
        if now is None or now[0] != site or now[1] < version:
            return None
        closed = before.gaps.get(ordinal, frozenset()) - after.gaps.get(ordinal, frozenset())
        if closed:
            since[ordinal] = min(first for first, _ in closed) - 1
        elif now[1] > version:
            since[ordinal] = version
    since.update((ordinal, 0) for ordinal in after.sites if ordinal not in before.sites)
    return since or None


def read_touches(query: Query, place: Place, clocks: Clocks, since: Mapping[int, int]) -> Touches:
    """The rows touched by what has come above the versions of `since`; raises TooMuch."""
    tables = set(clocks.others)
    rows: set[tuple[str, int, str]] = set()
    left, news = MAX_CLOCK_ROWS, json.encode(tuple(since.items())).decode()
    for table, placing in clocks.replicated.items():
        keys: set[int] = set()
        found = _bounded(query(_TOUCHED_IN.format(table), (news, left + 1)), left)
        left -= len(found)
        for key, column, column_version in found:
            keys.add(_int(key))
            if _int(column_version) > 1 and (column == SENTINEL or column in placing):
                tables.add(table)
        for key in keys if table not in tables else ():
            places = place(table, key)
            rows.update((table, network, app if isinstance(app, str) else "") for network, app in _whole(places))
            if not places:
                tables.add(table)
    return Touches(frozenset(tables), frozenset(rows))


def _whole(places: list[Row]) -> list[tuple[int, object]]:
    return [(network, app) for network, app in places if isinstance(network, int)]


def _bounded(rows: list[Row], most: int) -> list[Row]:
    if len(rows) > most:
        raise TooMuch
    return rows


def _int(value: object) -> int:
    """A number of a STRICT table."""
    return value if isinstance(value, int) else 0
