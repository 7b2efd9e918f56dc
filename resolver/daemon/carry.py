"""Which entries leave the process, and on which terms they come back: for the file of a warm start, for export and import."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
import trio

from cache.rrset import Entry, Rank, Security
from cache.snapshot import Moment, SavedEntry, SnapshotCounts, Terms, elapsed, restored, saved
from cache.store import RRsetCache
from resolver.env import Env
from resolver.options import Options
from resolver.service.control import CannotShow
from resolver.service.snapshot_protocol import CacheImport, ImportRow
from resolver.wire.rdata import is_rdata

A_PIECE: Final = 0.0005  # s of a turn
NO_TIME: Final = float("-inf")
MAX_EVIDENCE_OCTETS: Final = 1 << 16  # of one entry: as much as a response may have
FROM_THE_FUTURE: Final = "it was saved at a later time than this host's clock shows now"


def moment(env: Env) -> Moment:
    """Now, on all clocks."""
    return Moment(env.wall(), env.now(), env.boot)


def terms(options: Options, then: Moment, now: Moment) -> Terms | None:
    """On which terms what was saved `then` comes back; None when nobody can tell how long ago that was."""
    age = elapsed(then, now)
    if age is None:
        return None
    return Terms(
        now=now.monotonic,
        shift=now.monotonic - (then.wall + age),
        max_ttl=options.cache.max_ttl,
        max_negative_ttl=options.cache.max_negative_ttl,
        max_stale=options.stale.max_stale if options.stale.enabled else 0,
        must_be_validated=options.dnssec.validate,
        is_rdata=is_rdata,
    )


def is_worth_saving(entry: Entry) -> bool:
    """Bogus data is asked for anew: the next start may come with another trust anchor. Local data is not the cache's."""
    return entry.security != Security.BOGUS and entry.rank != Rank.LOCAL


def saved_slice(entries: Iterable[tuple[Entry, int]], shift: float) -> Iterator[SavedEntry]:
    """The rows of entries, each with the lookups of its owner. shift: added to monotonic time, makes it wall time."""
    return (saved(entry, hits, shift) for entry, hits in entries)


def exported(env: Env, cache: RRsetCache) -> Iterator[msgspec.Struct]:
    """The moment, and every entry as it is at it; the cache may change between two steps."""
    now = moment(env)
    yield now
    for node in cache.walk_nodes():
        yield from saved_slice(
            ((entry, node.hits) for entry in node.entries if is_worth_saving(entry)), now.wall - now.monotonic
        )


def unvouched(request: CacheImport) -> CacheImport:
    """The same by the word of nobody: what a file says of its entries' security was said by whoever wrote the file."""
    entries = tuple(msgspec.structs.replace(row, security=Security.UNCHECKED) for row in request.entries)
    return msgspec.structs.replace(request, entries=entries)


async def imported(
    request: CacheImport, env: Env, cache: RRsetCache, options: Options, counts: SnapshotCounts
) -> ImportRow:
    """Take in what is not known better, no entry if one of them is none. Raises BadRow and CannotShow.

    What is secure in it is believed to be: the request is our own predecessor's, or `unvouched`. In pieces, between which others
    have their turn: 512 KiB of evidence took 16 ms.
    """
    on = terms(options, request.moment, moment(env))
    if on is None:
        raise CannotShow(FROM_THE_FUTURE)
    entries: list[tuple[Entry | None, int]] = []
    pieces = Pieces(env)
    for row in request.entries:
        await pieces.rest()
        entries.append((restored(row, on) if is_restored_at_once(row) else None, row.hits))
    taken = 0
    for entry, hits in entries:
        await pieces.rest()
        taken += entry is not None and cache.restore(entry, hits, env.now())
    counts.loaded += taken
    counts.passed_over += len(entries) - taken
    return ImportRow(taken, len(entries) - taken)


class Pieces:
    """Work that is done in as many turns as it takes, of A_PIECE each; the first one begins with it."""

    def __init__(self, env: Env) -> None:
        self._now = env.now
        self._ends = NO_TIME

    async def rest(self) -> None:
        """Let others have their turn if this one is over."""
        if self._now() >= self._ends:
            await trio.lowlevel.checkpoint()
            self._ends = self._now() + A_PIECE


def is_restored_at_once(row: SavedEntry) -> bool:
    """Does its evidence take no more than some 1 ms? No response has as much; who makes it up has it passed over."""
    octets = 0
    for one in row.evidence:
        octets += len(one.owner) + len(one.records) + len(one.signatures)
    return octets <= MAX_EVIDENCE_OCTETS
