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
from itertools import compress, count
from operator import ne
from types import MappingProxyType
from typing import Final, NamedTuple

from msgspec import json

from internal_zones.rows import Row

MAX_SITES: Final = 10_000  # hosts; the version vector is read at every change, some 0.2 µs for each
MAX_CLOCK_ROWS: Final = 2_000  # of one look; more at once is a bulk load, after which all being due is cheaper
MANY_GONE: Final = 100  # rows of one look
MAX_BUFFERED: Final = 2_000  # rows of Corrosion's buffer that are counted, to know whether it changed
NEWEST: Final = (1 << 63) - 1
SITE_ID: Final = 32  # hexadecimal digits
NOT_NUMBERED: Final = -1  # what no ordinal is
SENTINEL: Final = "-1"  # the column name under which creations and deletions of a row are counted

Query = Callable[[str, tuple[int | str, ...]], list[Row]]  # of three columns, none of them a BLOB
# (table, keys) -> (network, app, machine) of each of those rows, by the mapping
FindApps = Callable[[str, Sequence[int]], Sequence[Sequence[Row]]]
Gap = tuple[int, int]  # the first and last of some versions that have not come (whole) yet
SiteVersion = tuple[str, int]  # its id in hex, its newest version
Span = tuple[int, int, int]  # ordinal of a site, the first and last of some of its versions

# All that is known of versions and bookkeeping, in one statement: one snapshot, and one turn among all threads. Of the sites, who
# stays the same as long as the others come and go, two texts each, to be compared as they are.
_STATE: Final = (
    "SELECT 'sites', hex(group_concat(site_id, '')), json_group_array(db_version) FROM"
    " (SELECT site_id, db_version FROM crsql_db_versions LIMIT ?1)"
    " UNION ALL SELECT 'ordinals', hex(group_concat(site_id, '')), json_group_array(ordinal) FROM"
    " (SELECT site_id, ordinal FROM crsql_site_id LIMIT ?1)"
    # What of Corrosion's bookkeeping stands in no version: sums are enough to see that it changed.
    " UNION ALL SELECT 'book/gaps/' || count(*), total(start), total(end) FROM __corro_bookkeeping_gaps"
    " UNION ALL SELECT 'book/open/' || count(*), total(db_version), total(start_seq * 7 + end_seq) FROM __corro_seq_bookkeeping"
    f" UNION ALL SELECT 'book/buffered', count(*), 0 FROM (SELECT 1 FROM __corro_buffered_changes LIMIT {MAX_BUFFERED})"
    " UNION ALL SELECT 'book/members/' || count(*), total(updated_at), total(coalesce(rtt_min, -1)) + total(length(foca_state))"
    " FROM __corro_members"
    " UNION ALL SELECT 'at', data_version, 0 FROM pragma_data_version"
)
# Which versions are missing or there in parts; asked for only where some are, as the figures of the bookkeeping tell.
_INCOMPLETE: Final = (
    "SELECT 'gap/' || s.ordinal, g.start, g.end FROM __corro_bookkeeping_gaps g JOIN crsql_site_id s ON s.site_id = g.actor_id"
    " UNION ALL SELECT DISTINCT 'open/' || s.ordinal, q.db_version, 0 FROM __corro_seq_bookkeeping q"
    " JOIN crsql_site_id s ON s.site_id = q.site_id LIMIT ?1"
)
_ALL_COMPLETE: Final = frozenset(("book/gaps/0", "book/open/0"))
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


_NUMBERS: Final = json.Decoder(list[int])


class TooMuch(Exception):
    """More has changed, or more sites are known, than is worth telling apart; or they are not named as Corrosion names them."""


class Listed(NamedTuple):
    """The sites as they were read. who: their ids, and the ordinal of each, as texts; ordinals: of the sites, NOT_NUMBERED where
    one has none yet; numbers: their newest versions, in the same order."""

    who: tuple[str, str, str] = ("", "", "[]")
    ordinals: Sequence[int] = ()
    numbers: Sequence[int] = ()


class Versions(NamedTuple):
    """What has arrived. sites: (site id in hex, newest version) by ordinal; gaps: what is missing below it, by ordinal.

    torn: versions of which only parts have come, by ordinal. books: figures that differ when only bookkeeping has changed.
    greatest: the greatest key that any row of a replicated table has or had. listed: the sites as they were read.
    data_version: as this connection counted commits when it read all this.
    """

    sites: Mapping[int, SiteVersion]
    gaps: Mapping[int, frozenset[Gap]] = {}
    torn: Mapping[int, frozenset[int]] = {}
    books: tuple[Row, ...] = ()
    greatest: Mapping[str, int] = {}
    listed: Listed = Listed()
    data_version: int = 0


class ClockRow(NamedTuple):
    """A change of a column of a row. ts: when it was committed, as the site that did so has it (NTP64); 0: it does not say."""

    key: int
    column: str
    column_version: int
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
    rows = query(_STATE + "".join(map(_GREATEST_KEY.format, tables)), (MAX_SITES + 1,))
    if not _ALL_COMPLETE.issubset({row[0] for row in rows}):
        rows += _bounded(query(_INCOMPLETE, (2 * MAX_SITES + 1,)), 2 * MAX_SITES)
    gaps: dict[int, set[Gap]] = {}
    torn: dict[int, set[int]] = {}
    books: list[Row] = []
    greatest: dict[str, int] = {}
    told = {"sites": ("", "[]"), "ordinals": ("", "[]")}
    data_version = 0
    for name, first, second in rows:
        what, _, which = str(name).partition("/")
        if what in told:
            told[what] = str(first), str(second)
        elif what == "gap":
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
    listed = _listed(*told["sites"], told["ordinals"], before)
    return Versions(
        _sites(listed, before),
        {ordinal: frozenset(of_site) for ordinal, of_site in gaps.items()},
        {ordinal: frozenset(of_site) for ordinal, of_site in torn.items()},
        tuple(map(tuple, books)),
        greatest,
        listed,
        data_version,
    )


def _listed(sites: str, versions: str, ordinals: tuple[str, str], before: Versions | None) -> Listed:
    """The sites from what is told of them, in JSON but for the ids; raises TooMuch. ordinals: ids, and the ordinals of those."""
    who = (sites, *ordinals)
    numbers = _NUMBERS.decode(versions)
    if len(numbers) > MAX_SITES or len(who[0]) != len(numbers) * SITE_ID:
        raise TooMuch
    if before is not None and before.listed.who == who:  # as nearly always
        return before.listed._replace(numbers=numbers)
    numbered = dict(zip(_ids(who[1]), _NUMBERS.decode(who[2]), strict=False))
    return Listed(who, [numbered.get(site, NOT_NUMBERED) for site in _ids(who[0])], numbers)


def _ids(text: str) -> list[str]:
    """The ids of sites, which stand one after another."""
    return [text[start : start + SITE_ID] for start in range(0, len(text), SITE_ID)]


def _sites(listed: Listed, before: Versions | None) -> dict[int, SiteVersion]:
    """The sites by ordinal. before: where few of hundreds differ from these, the others are taken as they are."""
    if before is None or before.listed.ordinals is not listed.ordinals:
        each = zip(listed.ordinals, _ids(listed.who[0]), listed.numbers, strict=True)
        return {ordinal: (site, number) for ordinal, site, number in each if ordinal != NOT_NUMBERED}
    sites = dict(before.sites)
    for ordinal, number in _moved(before.listed, listed):
        sites[ordinal] = sites[ordinal][0], number
    return sites


def _moved(before: Listed, after: Listed) -> list[tuple[int, int]]:
    """The ordinals, and newest versions, of the sites that have others than before. Of the same sites."""
    places = compress(count(), map(ne, before.numbers, after.numbers))
    moved = [(after.ordinals[place], after.numbers[place]) for place in places]
    return [it for it in moved if it[0] != NOT_NUMBERED]


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
    if not _are_of_same_sites(before, after):
        spans += ((ordinal, 0, NEWEST) for ordinal in after.sites.keys() - before.sites.keys())
    if not spans and (before.gaps, before.torn, before.books) == (after.gaps, after.torn, after.books):
        return None
    for ordinal in before.torn.keys() | after.torn.keys():
        versions = before.torn.get(ordinal, frozenset()) | after.torn.get(ordinal, frozenset())
        spans += ((ordinal, version, version) for version in sorted(versions))
    return tuple(spans)


def _differing(before: Versions, after: Versions) -> Iterable[tuple[int, SiteVersion]]:
    """The sites of before that are others, or gone, after."""
    if not _are_of_same_sites(before, after):
        return before.sites.items() - after.sites.items()
    return [(ordinal, before.sites[ordinal]) for ordinal, _ in _moved(before.listed, after.listed)]


def _are_of_same_sites(before: Versions, after: Versions) -> bool:
    """Was it known when they were read that no site has come, gone or changed places?"""
    return bool(before.listed.ordinals) and before.listed.ordinals is after.listed.ordinals


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
        found.setdefault(table, []).append(ClockRow(_int(key), column, _int(column_version), int(ordinal), time))
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
