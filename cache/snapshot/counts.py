"""What is counted of snapshots, each counter with its one sentence of help."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class SnapshotCounts:
    """Counters of saving and loading; all only grow."""

    saved: int = field(default=0, metadata={"help": "Times that the cache was saved as a whole."})
    not_saved: int = field(default=0, metadata={"help": "Times that saving failed; the file from before stays."})
    refused: int = field(default=0, metadata={"help": "Files that were damaged, foreign or of a later version."})
    loaded: int = field(default=0, metadata={"help": "Entries taken from a file or an import into the cache."})
    passed_over: int = field(
        default=0, metadata={"help": "Entries of a file or an import for which there was no room or no use any more."}
    )
