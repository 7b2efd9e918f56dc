"""Which rows were touched since the last look? Read from the clock tables that cr-sqlite keeps beside each replicated table.

Every change of a column is a clock row with the site that made it and that site's version. So the rows of all versions that
have come since the last look are the rows touched. What the clocks cannot tell is never guessed:
- versions of a site may come out of order (Corrosion's gaps): a gap that has closed is read whole;
- a version may be applied in several transactions, of which only the first raises the site's newest version: one that is
  open is read again at every change;
- a row that is gone, came back, or got one of the columns by which it is placed may have left a unit that nobody can name:
  everything that rests on its table is due. `col_version` does not tell a new row from a moved one: where two sites create
  the same row unseen by each other, the greater values win and every version stays 1. Its key does: a key greater than all
  that were there at the last look is a new row's (SQLite gives an INTEGER PRIMARY KEY one more than the greatest);
- versions that went backwards, another site in an ordinal's place, or a change that neither versions nor Corrosion's
  bookkeeping explain mean everything.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from msgspec import json

from internal_zones.rows import Row

MAX_SITES: Final = 10_000  # hosts; the version vector is read at every change, some 1 µs for each
MAX_CLOCK_ROWS: Final = 2_000  # of one look; more at once is a bulk load, after which all being due is cheaper
MANY_GONE: Final = 100  # rows of one look
MAX_BUFFERED: Final = 2_000  # rows of Corrosion's buffer that are counted, to know whether it changed
NEWEST: Final = (1 << 63) - 1
SENTINEL: Final = "-1"  # the column name under which creations and deletions of a row are counted

Query = Callable[[str, tuple[int | str, ...]], list[Row]]  # of three columns, none of them a BLOB
# (table, keys) -> (network, app, machine) of each of those rows, by the mapping
FindApps = Callable[[str, Sequence[int]], Sequence[Sequence[Row]]]
Gap = tuple[int, int]  # the first and last of some versions that have not come (whole) yet
SiteVersion = tuple[str, int]  # its id in hex, its newest version
Span = tuple[int, int, int]  # ordinal of a site, the first and last of some of its versions

# All that is known of versions and bookkeeping, in one statement: one snapshot, and one turn among all threads. Sites come first.
_STATE: Final = (
    "SELECT * FROM (SELECT s.ordinal, hex(s.site_id), v.db_version FROM crsql_db_versions v"
    " JOIN crsql_site_id s ON s.site_id = v.site_id LIMIT ?1)"
    " UNION ALL SELECT * FROM (SELECT 'gap/' || s.ordinal, g.start, g.end FROM __corro_bookkeeping_gaps g"
    " JOIN crsql_site_id s ON s.site_id = g.actor_id LIMIT ?1)"
    " UNION ALL SELECT * FROM (SELECT DISTINCT 'open/' || s.ordinal, q.db_version, 0 FROM __corro_seq_bookkeeping q"
    " JOIN crsql_site_id s ON s.site_id = q.site_id LIMIT ?1)"
    # What of Corrosion's bookkeeping stands in no version: sums are enough to see that it changed.
    " UNION ALL SELECT 'book/gaps/' || count(*), total(start), total(end) FROM __corro_bookkeeping_gaps"
    " UNION ALL SELECT 'book/open/' || count(*), total(db_version), total(start_seq * 7 + end_seq) FROM __corro_seq_bookkeeping"
    f" UNION ALL SELECT 'book/buffered', count(*), 0 FROM (SELECT 1 FROM __corro_buffered_changes LIMIT {MAX_BUFFERED})"
    " UNION ALL SELECT 'book/members/' || count(*), total(updated_at), total(coalesce(rtt_min, -1)) + total(length(foca_state))"
    " FROM __corro_members"
    " UNION ALL SELECT 'at', data_version, 0 FROM pragma_data_version"
)
_PARTS: Final = (
    'SELECT count(*), total(c.seq), 0 FROM json_each(?) s CROSS JOIN "{}__crsql_clock" c'
    " ON c.site_id = s.value ->> 0 AND c.db_version = s.value ->> 1"
)
_GREATEST_KEY: Final = """ UNION ALL SELECT 'key/{0}', max(__crsql_key), 0 FROM "{0}__crsql_pks\""""
# CROSS keeps the order: each site's news by the index on (site_id, db_version).
_TOUCHED_IN: Final = (
    "SELECT c.key, '{0}/' || c.site_id || '/' || c.ts || '/' || c.col_name, c.col_version"
    ' FROM json_each(?1) s CROSS JOIN "{0}__crsql_clock" c'
    " ON c.site_id = s.value ->> 0 AND c.db_version BETWEEN s.value ->> 1 AND s.value ->> 2"
)


class TooMuch(Exception):
    """More has changed, or more sites are known, than is worth telling apart."""


class Versions(NamedTuple):
    """What has arrived. sites: (site id in hex, newest version) by ordinal; gaps: what is missing below it, by ordinal.

    torn: versions of which only parts have come, by ordinal. books: figures that differ when only bookkeeping has changed.
    greatest: the greatest key that any row of a replicated table has or had. rows: the sites as they were read. data_version: as
    this connection counted commits when it read all this.
    """

    sites: Mapping[int, SiteVersion]
    gaps: Mapping[int, frozenset[Gap]] = {}
    torn: Mapping[int, frozenset[int]] = {}
    books: tuple[Row, ...] = ()
    greatest: Mapping[str, int] = {}
    rows: Sequence[Row] = ()
    data_version: int = 0


class ClockRow(NamedTuple):
    """A change of a column of a row. ts: when it was committed, as the site that did so has it (NTP64); 0: it does not say."""

    key: int
    column: str
    column_version: object
    ordinal: int
    ts: int


class Commit(NamedTuple):
    """A version of a site that has come, as far as it is seen. rows: (table, network, app); network None: nobody can tell."""

    site: str
    ts: int
    rows: frozenset[tuple[str, int | None, str]]


class Touches(NamedTuple):
    """What differs from the last look. tables: any row of them may; rows: (table, network, app) of rows that do.

    fresh: tables with rows that were not there at the last look: they may have moved since, without a trace. gone: how many rows
    are there no more, or elsewhere. commits: those that did it. machines: of `rows`, whose they are; "": a row is no machine's.
    """

    tables: frozenset[str]
    rows: frozenset[tuple[str, int, str]]
    fresh: frozenset[str] = frozenset()
    gone: int = 0
    commits: tuple[Commit, ...] = ()
    machines: Mapping[tuple[str, int, str], frozenset[str]] = MappingProxyType({})


class Clocks(NamedTuple):
    """The tables that statements read. replicated: the columns that place a row in a network and an app, by table."""

    replicated: Mapping[str, frozenset[str]]
    others: frozenset[str]


def read_versions(query: Query, tables: Iterable[str] = (), before: Versions | None = None) -> Versions:
    """The versions as they stand now; raises TooMuch. tables: the replicated ones. before: as they stood at another time."""
    rows = _bounded(query(_STATE + "".join(map(_GREATEST_KEY.format, tables)), (MAX_SITES + 1,)), 2 * MAX_SITES)
    sites = _bounded([row for row in rows if isinstance(row[0], int)], MAX_SITES)
    gaps: dict[int, set[Gap]] = {}
    torn: dict[int, set[int]] = {}
    books: list[Row] = []
    greatest: dict[str, int] = {}
    data_version = 0
    for name, first, second in rows[len(sites) :]:
        what, _, which = str(name).partition("/")
        if what == "gap":
            gaps.setdefault(int(which), set()).add((_int(first), _int(second)))
        elif what == "open":
            torn.setdefault(int(which), set()).add(_int(first))
        elif what == "key":
            greatest[which] = _int(first)
        elif what == "at":
            data_version = _int(first)
        else:
            books.append((name, first, second))
    books += _parts(query, tables, torn)
    return Versions(
        _sites(sites, before),
        {ordinal: frozenset(of_site) for ordinal, of_site in gaps.items()},
        {ordinal: frozenset(of_site) for ordinal, of_site in torn.items()},
        tuple(map(tuple, books)),
        greatest,
        sites,
        data_version,
    )


def _sites(rows: Sequence[Row], before: Versions | None) -> dict[int, SiteVersion]:
    """The sites by ordinal. before: where few of hundreds differ from these, the others are taken as they are."""
    if before is None or len(before.rows) != len(rows):
        return {_int(ordinal): (str(site), _int(version)) for ordinal, site, version in rows}
    differing = [(old, new) for old, new in zip(before.rows, rows, strict=True) if old != new]
    sites = dict(before.sites)
    for old, _ in differing:
        del sites[_int(old[0])]
    for _, (ordinal, site, version) in differing:
        sites[_int(ordinal)] = (str(site), _int(version))
    return sites


def _parts(query: Query, tables: Iterable[str], torn: Mapping[int, set[int]]) -> list[Row]:
    """How much has come of the versions that are there in parts only: the next part may change no other figure."""
    if not torn:
        return []
    spans = json.encode([(ordinal, version) for ordinal, versions in torn.items() for version in versions]).decode()
    return [row for table in tables for row in query(_PARTS.format(table), (spans,))]


def arrived(before: Versions, after: Versions) -> tuple[Span, ...] | None:
    """The versions whose rows may have come since `before`; none: only bookkeeping changed; None: nobody knows."""
    spans: list[Span] = []
    for ordinal, (site, version) in _differing(before, after):  # hundreds, of which few differ
        now = after.sites.get(ordinal)
        if now is None or now[0] != site or now[1] < version:
            return None
        spans.append((ordinal, version + 1, NEWEST))
    for ordinal, gaps in before.gaps.items():
        closed = gaps - after.gaps.get(ordinal, frozenset())
        spans += ((ordinal, first, last) for first, last in sorted(closed))
    spans += ((ordinal, 0, NEWEST) for ordinal in after.sites.keys() - before.sites.keys())
    if not spans and (before.gaps, before.torn, before.books) == (after.gaps, after.torn, after.books):
        return None
    for ordinal in before.torn.keys() | after.torn.keys():
        versions = before.torn.get(ordinal, frozenset()) | after.torn.get(ordinal, frozenset())
        spans += ((ordinal, version, version) for version in sorted(versions))
    return tuple(spans)


def _differing(before: Versions, after: Versions) -> Iterable[tuple[int, SiteVersion]]:
    """The sites of before that are others, or gone, after."""
    if not before.rows or len(before.rows) != len(after.rows):
        return before.sites.items() - after.sites.items()
    ordinals = [_int(old[0]) for old, new in zip(before.rows, after.rows, strict=True) if old != new]
    return [(it, before.sites[it]) for it in ordinals if before.sites[it] != after.sites.get(it)]


def read_touches(
    query: Query,
    find_apps: FindApps,
    clocks: Clocks,
    spans: Sequence[Span],
    greatest: Mapping[str, int],
    sites: Mapping[int, SiteVersion],
) -> Touches:
    """The rows touched by the versions of `spans`; raises TooMuch. greatest: the greatest key of each table at the last look."""
    tables = set(clocks.others)
    fresh: set[str] = set()
    rows: dict[tuple[str, int, str], set[str]] = {}
    commits: dict[tuple[int, int], set[tuple[str, int | None, str]]] = {}
    left_units = 0
    for table, found in _touched(query, clocks.replicated, spans).items():
        placing = clocks.replicated[table]
        keys: set[int] = set()
        gone: set[int] = set()
        for it in found:
            keys.add(it.key)
            if it.column == SENTINEL or it.column in placing:
                is_new = it.key > greatest.get(table, NEWEST) and it.column_version == 1
                if is_new:
                    fresh.add(table)
                else:
                    tables.add(table)
                    gone.add(it.key)
        left_units += len(gone)
        placed: dict[int, set[tuple[str, int | None, str]]] = {}
        ordered = sorted(keys) if table not in tables else []
        for key, apps in zip(ordered, find_apps(table, ordered) if ordered else (), strict=True):
            for network, app, machine in _whole(apps):
                place = (table, network, app)
                rows.setdefault(place, set()).add(machine)
                placed.setdefault(key, set()).add(place)
            if not apps:
                tables.add(table)
        for it in found:
            commits.setdefault((it.ordinal, it.ts), set()).update(placed.get(it.key) or {(table, None, "")})
    machines = {place: frozenset(of_it) for place, of_it in rows.items()}
    return Touches(frozenset(tables), frozenset(rows), frozenset(fresh), left_units, _told(commits, sites), machines)


def _told(
    commits: Mapping[tuple[int, int], set[tuple[str, int | None, str]]], sites: Mapping[int, SiteVersion]
) -> tuple[Commit, ...]:
    return tuple(
        Commit(sites[ordinal][0], ts, frozenset(rows)) for (ordinal, ts), rows in commits.items() if ordinal in sites
    )


def _touched(query: Query, tables: Iterable[str], spans: Sequence[Span]) -> dict[str, list[ClockRow]]:
    """The clock rows of the versions, by table. In one statement: each costs its turn among all threads, which may be long."""
    sql = " UNION ALL ".join(map(_TOUCHED_IN.format, tables))
    if not spans or not sql:
        return {}
    found: dict[str, list[ClockRow]] = {}
    rows = query(f"{sql} LIMIT ?2", (json.encode(spans).decode(), MAX_CLOCK_ROWS + 1))
    for key, where, column_version in _bounded(rows, MAX_CLOCK_ROWS):
        table, ordinal, ts, column = str(where).split("/", 3)
        time = int(ts) if ts.isdigit() else 0
        found.setdefault(table, []).append(ClockRow(_int(key), column, column_version, int(ordinal), time))
    return found


def _whole(apps: Sequence[Row]) -> list[tuple[int, str, str]]:
    """Those of the rows whose network is known; "": the app, or the machine, is not."""
    return [
        (network, app if isinstance(app, str) else "", machine if isinstance(machine, str) else "")
        for network, app, machine in apps
        if isinstance(network, int)
    ]


def _bounded(rows: list[Row], most: int) -> list[Row]:
    if len(rows) > most:
        raise TooMuch
    return rows


def _int(value: object) -> int:
    """A number of a STRICT table."""
    return value if isinstance(value, int) else 0
