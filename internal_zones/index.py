"""Which of many rows does a name stand for? Found by the name, among those of one reading: to look through 10,000 takes ms.

Each index is made when it is first needed, once for a reading; `unread` tells what that takes. Few rows are looked through for
each question, and have none.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from typing import Final, Generic, TypeVar

from internal_zones.rows import PROCESS_GROUP, Instance, Machine, Peer, Service

SCANNED: Final = 64  # rows that are looked through in a turn of the loop, for one question: some 0.1 ms
SCANNED_PAIRS: Final = 4 * SCANNED  # of their metadata, all together
PIECES: Final = 64  # of what is sorted: one of 10,000 rows is sorted in 1 ms, in which no other thread has its turn
PIECE: Final = 1000  # addresses that are sorted at once, in 0.1 ms
PLACES: Final = 1 << 32
WORDS: Final = frozenset((b"global", b"healthy", b"vm", b"vms", b"regions", b"process", b"_metadata", b"of", b"_tcp"))

Labels = tuple[bytes, ...]
Machines = tuple[Machine, ...]
R = TypeVar("R", Peer, Service)
T = TypeVar("T")


class Subsets:
    """The machines of an app by the labels of the names that stand for them."""

    __slots__ = ("_by_id", "_by_metadata", "_by_region", "_is_metadata_current", "_machines", "_pairs")

    def __init__(self, machines: Machines) -> None:
        self._machines = machines
        self._pairs = len(machines) if len(machines) > SCANNED else _pairs_of(machines)  # or at least as many
        # Of each id there is one machine, hardly ever more: a list for each would be 10,000 that the collector looks at
        self._by_id: dict[bytes, Machine | list[Machine]] | None = None
        self._by_region: dict[bytes, list[Machine]] | None = None
        self._by_metadata: dict[Labels, list[Machine]] | None = None
        self._is_metadata_current: bool | None = None

    @property
    def is_metadata_current(self) -> bool:
        """Can the metadata of each machine be read now?"""
        if self._is_metadata_current is None:
            self._is_metadata_current = _are_metadata_current(self._machines)
        return self._is_metadata_current

    def of(self, labels: Labels) -> Machines | None:
        """Those of `<id>.vm`, `<region>`, `<group>.process`, `<key>.kv._metadata`, `<value>.<key>.kv._metadata`; None: none."""
        if rests_on_metadata(labels):
            if self._by_metadata is None:
                self._by_metadata = _by_metadata(self._machines)
                self._is_metadata_current = _are_metadata_current(self._machines)
            return _those(self._by_metadata.get(labels))
        if len(labels) == 1:
            if self._by_region is None:
                self._by_region = _by_region(self._machines)
            return _those(self._by_region.get(labels[0]))
        if self._by_id is None:
            self._by_id = _by_id(self._machines)
        return _those(self._by_id.get(labels[0]))

    def unread(self, labels: Labels) -> int:
        """How many rows are looked through before `of` can tell: all, or none any more."""
        if rests_on_metadata(labels):
            return self._pairs if self._by_metadata is None else 0
        index = self._by_region if len(labels) == 1 else self._by_id
        return len(self._machines) if index is None and stands_for_rows(labels) else 0


class ByName(Generic[R]):
    """Rows by their names."""

    __slots__ = ("_by_name", "_rows")

    def __init__(self, rows: tuple[R, ...]) -> None:
        self._rows: tuple[R, ...] = rows
        self._by_name: dict[bytes, list[R]] | None = None

    @property
    def unread(self) -> int:
        """How many are looked through before `of` can tell."""
        return len(self._rows) if self._by_name is None else 0

    def of(self, name: bytes) -> list[R]:
        """Those of this name."""
        if self._by_name is None:
            by_name: dict[bytes, list[R]] = {}
            for row in self._rows:
                by_name.setdefault(fold(row.name), []).append(row)
            self._by_name = by_name
        return self._by_name.get(name, [])


class Addresses:
    """Addresses in their order, in pieces: to sort 20,000 at once takes 3 ms, in which no other thread has its turn."""

    __slots__ = ("_pieces", "_rows")

    def __init__(self, rows: tuple[Instance, ...] | tuple[Peer, ...]) -> None:
        self._rows = rows
        self._pieces: list[list[bytes]] | None = None

    @property
    def unread(self) -> int:
        """How many are looked through before `begin_with` can tell."""
        return len(self._rows) if self._pieces is None else 0

    def begin_with(self, nibbles: bytes) -> bool:
        """Does any of them?"""
        if self._pieces is None:
            pieces = (self._rows[at : at + PIECE] for at in range(0, len(self._rows), PIECE))
            self._pieces = [sorted([row.address.hex().encode() for row in piece]) for piece in pieces]
        return any(_begins_one(nibbles, piece) for piece in self._pieces)


def subsets_of(machines: Machines) -> Subsets | None:
    """An index of these; None: it is not worth one."""
    is_long = len(machines) > SCANNED or _pairs_of(machines) > SCANNED_PAIRS
    return Subsets(machines) if is_long else None


def stands_for_rows(labels: Labels) -> bool:
    """Are these the labels of a name below an app that stands for some of its machines?"""
    match labels:
        case (_, b"vm"):
            return True
        case (region,):
            return region not in WORDS
    return rests_on_metadata(labels)


def rests_on_metadata(labels: Labels) -> bool:
    """Do the machines' metadata decide which these are?"""
    match labels:
        case (_, b"process") | (_, b"kv", b"_metadata") | (_, _, b"kv", b"_metadata"):
            return True
    return False


def in_order(rows: Iterable[T], place: Callable[[T], int]) -> list[T]:
    """The rows in the order of their places, which are a hash's. place: below PLACES."""
    pieces: list[list[T]] = [[] for _ in range(PIECES)]
    for row in rows:
        pieces[place(row) * PIECES // PLACES].append(row)
    return [row for piece in pieces for row in sorted(piece, key=place)]


def names_of(pairs: Iterable[tuple[bytes, bytes]]) -> set[Labels]:
    """The labels of all names that stand for a machine with these metadata."""
    names: set[Labels] = set()
    for key, value in pairs:
        names.add((key, b"kv", b"_metadata"))
        names.add((value, key, b"kv", b"_metadata"))
        if key == _GROUP:
            names.add((value, b"process"))
    return names


def fold(value: str) -> bytes:
    """The label that `value` is asked by (RFC 4343)."""
    return value.encode().lower()


def folded(pairs: Iterable[tuple[str, str]] | None) -> list[tuple[bytes, bytes]]:
    """The same of keys and values."""
    return [(fold(key), fold(value)) for key, value in pairs or ()]


def _begins_one(nibbles: bytes, ordered: list[bytes]) -> bool:
    at = bisect_left(ordered, nibbles)
    return at < len(ordered) and ordered[at].startswith(nibbles)


def _by_id(machines: Machines) -> dict[bytes, Machine | list[Machine]]:
    found: dict[bytes, Machine | list[Machine]] = {}
    for machine in machines:
        label = fold(machine.id)
        other = found.setdefault(label, machine)
        if other is not machine:
            found[label] = [*other, machine] if isinstance(other, list) else [other, machine]
    return found


def _by_region(machines: Machines) -> dict[bytes, list[Machine]]:
    found: dict[bytes, list[Machine]] = {}
    for machine in machines:
        found.setdefault(fold(machine.region), []).append(machine)
    return found


def _by_metadata(machines: Machines) -> dict[Labels, list[Machine]]:
    """Of `<group>.process`, `<key>.kv._metadata` and `<value>.<key>.kv._metadata`."""
    found: dict[Labels, list[Machine]] = {}
    known: dict[int, set[Labels]] = {}  # most machines of an app share their metadata, as one object
    for machine in machines:
        pairs = machine.pairs
        names = known.get(id(pairs))
        if names is None:
            names = known[id(pairs)] = names_of(folded(pairs))
        for labels in names:
            found.setdefault(labels, []).append(machine)
    return found


def _are_metadata_current(machines: Machines) -> bool:
    return all(machine.is_metadata_current for machine in machines)


def _pairs_of(machines: Machines) -> int:
    return sum(len(machine.pairs or ()) for machine in machines)


def _those(found: Machine | list[Machine] | None) -> Machines | None:
    return (found,) if isinstance(found, Machine) else None if found is None else tuple(found)


_GROUP: Final = fold(PROCESS_GROUP)
