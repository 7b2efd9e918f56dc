"""Which of many rows does a name stand for? Found by the name, among those of one reading: to look through 10,000 takes ms.

Each index is made when it is first needed, once for a reading. Few machines are looked through, and have none.
"""

from bisect import bisect_left
from collections.abc import Iterable
from typing import Final, Generic, TypeVar

from internal_zones.rows import PROCESS_GROUP, Instance, Machine, Peer, Service

SCANNED: Final = 64  # rows, or pairs of one machine's metadata, that are looked through for each question

Labels = tuple[bytes, ...]
Machines = tuple[Machine, ...]
R = TypeVar("R", Peer, Service)


class Subsets:
    """The machines of an app by the labels of the names that stand for them."""

    __slots__ = ("_by_labels", "_by_metadata", "_is_doubtful", "_machines")

    def __init__(self, machines: Machines) -> None:
        self._machines = machines
        self._by_labels: dict[Labels, list[Machine]] | None = None
        self._by_metadata: dict[Labels, list[Machine]] | None = None
        self._is_doubtful: bool | None = None

    @property
    def is_metadata_current(self) -> bool:
        """Can the metadata of each machine be read now?"""
        if self._is_doubtful is None:
            self._is_doubtful = not all(machine.is_metadata_current for machine in self._machines)
        return not self._is_doubtful

    def of_labels(self, labels: Labels) -> Machines | None:
        """Those of `<id>.vm` and `<region>`; None: there are none."""
        if self._by_labels is None:
            self._by_labels = {}
            for machine in self._machines:
                for one in ((fold(machine.id), b"vm"), (fold(machine.region),)):
                    self._by_labels.setdefault(one, []).append(machine)
        return _those(self._by_labels, labels)

    def of_metadata(self, labels: Labels) -> Machines | None:
        """Those of `<group>.process`, `<key>.kv._metadata` and `<value>.<key>.kv._metadata`; None: there are none."""
        if self._by_metadata is None:
            self._by_metadata = {}
            known: dict[int, set[Labels]] = {}  # most machines of an app share their metadata, as one object
            for machine in self._machines:
                pairs = machine.pairs
                names = known.get(id(pairs))
                if names is None:
                    names = known[id(pairs)] = names_of(folded(pairs))
                for one in names:
                    self._by_metadata.setdefault(one, []).append(machine)
        return _those(self._by_metadata, labels)


class ByName(Generic[R]):
    """Rows by their names."""

    __slots__ = ("_by_name", "_rows")

    def __init__(self, rows: tuple[R, ...]) -> None:
        self._rows: tuple[R, ...] = rows
        self._by_name: dict[bytes, list[R]] | None = None

    def of(self, name: bytes) -> list[R]:
        """Those of this name."""
        if self._by_name is None:
            self._by_name = {}
            for row in self._rows:
                self._by_name.setdefault(fold(row.name), []).append(row)
        return self._by_name.get(name, [])


class Addresses:
    """Addresses in their order."""

    __slots__ = ("_rows", "_sorted")

    def __init__(self, rows: tuple[Instance, ...] | tuple[Peer, ...]) -> None:
        self._rows = rows
        self._sorted: list[bytes] | None = None

    def begin_with(self, nibbles: bytes) -> bool:
        """Does any of them?"""
        if self._sorted is None:
            self._sorted = sorted({row.address.hex().encode() for row in self._rows})
        at = bisect_left(self._sorted, nibbles)
        return at < len(self._sorted) and self._sorted[at].startswith(nibbles)


def subsets_of(machines: Machines) -> Subsets | None:
    """An index of these; None: it is not worth one."""
    is_long = len(machines) > SCANNED or any(len(machine.pairs or ()) > SCANNED for machine in machines)
    return Subsets(machines) if is_long else None


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


def _those(known: dict[Labels, list[Machine]], labels: Labels) -> Machines | None:
    found = known.get(labels)
    return None if found is None else tuple(found)


_GROUP: Final = fold(PROCESS_GROUP)
