"""What outlives the process: the cache as one SQLite file, for a warm start and for export. Synchronous; for a thread."""

from cache.snapshot.counts import SnapshotCounts
from cache.snapshot.file import Defect, Unloadable, keep_what_is_no_file, set_aside
from cache.snapshot.moment import Moment, elapsed
from cache.snapshot.read import SnapshotReader
from cache.snapshot.rows import BadRow, SavedEntry, SavedServer, Terms, restored, saved
from cache.snapshot.write import NotSaved, SnapshotWriter

__all__ = [
    "BadRow",
    "Defect",
    "Moment",
    "NotSaved",
    "SavedEntry",
    "SavedServer",
    "SnapshotCounts",
    "SnapshotReader",
    "SnapshotWriter",
    "Terms",
    "Unloadable",
    "elapsed",
    "keep_what_is_no_file",
    "restored",
    "saved",
    "set_aside",
]
