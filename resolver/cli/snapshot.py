"""`cistern cache export` and `import`: the daemon's cache in a file of the operator's, and back."""

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import msgspec

from resolver.cli.arguments import for_programs, of_a_daemon
from resolver.cli.daemon import DaemonFailure, ask, ask_each, socket_path
from resolver.cli.json_rows import echo_struct
from resolver.service.snapshot_protocol import CacheExport, CacheImport, ImportRow

if TYPE_CHECKING:
    from cache.snapshot import SavedEntry, SnapshotReader, SnapshotWriter

WRITTEN: Final = 1000  # rows written at once
SENT_ENTRIES: Final = 100  # at most so many in one request, so that the daemon's clients wait for a millisecond
SENT_OCTETS: Final = (
    1 << 17
)  # and of JSON, but for an entry that has more by itself; the daemon reads four times as many

FILE = click.Path(dir_okay=False, path_type=Path)


class Exported(msgspec.Struct, frozen=True):
    """What was written."""

    entries: int
    octets: int


@click.command("export")
@click.argument("file", type=FILE)
@of_a_daemon
@for_programs
def export_cache(file: Path, socket: str | None, config: Path | None, as_json: bool) -> None:
    """Write what is cached to FILE, an SQLite database: for sqlite3 to look into, or to import elsewhere.

    FILE is replaced when all of it is there, and readable for you alone.
    """
    from cache.snapshot import NotSaved

    rows = _Rows(file)
    try:
        ask(socket_path(socket, config), CacheExport(), rows.take)
        octets = rows.finish()
    except NotSaved as problem:
        raise DaemonFailure(f"{file} was not written: {problem}") from None
    finally:
        rows.close()
    if as_json:
        echo_struct(Exported(rows.count, octets))
    else:
        click.echo(f"{_entries(rows.count)} written to {file}")


@click.command("import")
@click.argument("file", type=FILE)
@of_a_daemon
@for_programs
def import_cache(file: Path, socket: str | None, config: Path | None, as_json: bool) -> None:
    """Have the daemon take in what FILE holds: from `export`, or from a daemon's own cache file.

    Nothing takes the place of what the daemon knows better, and nothing lives longer than it would have.
    """
    from cache.snapshot import SnapshotReader, Unloadable

    results: list[ImportRow] = []
    try:
        _check(file)
        with SnapshotReader(str(file)) as reader:
            take = msgspec.json.Decoder(ImportRow)
            ask_each(socket_path(socket, config), _requests(reader), lambda row: results.append(take.decode(row)))
    except OSError as problem:
        raise DaemonFailure(f"{file}: {problem.strerror}") from None
    except Unloadable as refused:
        raise DaemonFailure(f"{file}: {refused.defect.value}: {refused}") from None
    total = ImportRow(sum(row.taken for row in results), sum(row.passed_over for row in results))
    text = f"{_entries(total.taken)} taken in, {total.passed_over} not: expired, known better, or no room"
    if as_json:
        echo_struct(total)
    else:
        click.echo(text)


class _Rows:
    """Puts what the daemon says into a file."""

    def __init__(self, file: Path) -> None:
        self.count = 0
        self._file = file
        self._writer: SnapshotWriter | None = None
        self._waiting: list[SavedEntry] = []

    def take(self, row: bytes) -> None:
        from cache.snapshot import Moment, SavedEntry, SnapshotWriter

        if self._writer is None:  # first comes the moment
            self._writer = SnapshotWriter(str(self._file), msgspec.json.decode(row, type=Moment))
            return
        self.count += 1
        self._waiting.append(msgspec.json.decode(row, type=SavedEntry))
        if len(self._waiting) == WRITTEN:
            self._write()

    def finish(self) -> int:
        """How many octets the file has."""
        self._write()
        assert self._writer is not None
        return self._writer.finish()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.discard()

    def _write(self) -> None:
        assert self._writer is not None, "a daemon says the moment first"
        self._writer.write(self._waiting)
        self._waiting.clear()


def _check(file: Path) -> None:
    """See that every row is one before the first is sent. Raises Unloadable and OSError."""
    from cache.snapshot import SnapshotReader, Terms
    from resolver.wire.rdata import is_rdata

    with SnapshotReader(str(file)) as reader:
        forever = 1 << 40
        on = Terms(0.0, 0.0, forever, forever, forever, False, is_rdata)
        while reader.restore(WRITTEN, on) is not None:
            pass


def _requests(reader: "SnapshotReader") -> Iterator[CacheImport]:
    slices = iter(lambda: reader.read(WRITTEN), [])
    for entries in _bounded(chain.from_iterable(slices)):
        yield CacheImport(reader.moment, tuple(entries))


def _bounded(entries: "Iterable[SavedEntry]") -> "Iterator[list[SavedEntry]]":
    """The entries in lists that one request can hold."""
    waiting: list[SavedEntry] = []
    octets = 0
    for entry in entries:
        more = len(msgspec.json.encode(entry))
        if waiting and (len(waiting) == SENT_ENTRIES or octets + more > SENT_OCTETS):
            yield waiting
            waiting, octets = [], 0
        waiting.append(entry)
        octets += more
    if waiting:
        yield waiting


def _entries(count: int) -> str:
    return f"{count} {'entry' if count == 1 else 'entries'}"
