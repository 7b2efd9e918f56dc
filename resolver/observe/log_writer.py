"""How do log lines reach a file that may be full, slow or gone? From a bounded queue, in a thread of its own.

Whoever logs neither waits nor fails: a disk without room, a reader that has gone and a pipe that nobody reads cost lines, which
are counted, and told once lines can be written again.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Condition, Thread
from typing import Final

import structlog

MAX_QUEUED: Final = 1 << 20  # octets that wait to be written: some thousand lines
AT_ONCE: Final = 1 << 16  # octets in one write: what a pipe holds
RETRY: Final = 0.05  # s until a full pipe that does not block is tried again
LAST_WORDS: Final = 1.0  # s that the end of the process waits for what is queued

log = structlog.get_logger()


@dataclass(slots=True)
class LogCounts:
    """What observe/ counts of the log."""

    lines: int = field(default=0, metadata={"help": "Lines of the log that were written."})
    lost: int = field(
        default=0, metadata={"help": "Lines of the log that were not: no room on the disk, nobody who reads the pipe."}
    )
    failing: int = field(default=0, metadata={"help": "1 while the log loses lines, else 0.", "kind": "gauge"})

    def note_lost(self) -> None:
        """An event could not even be made a line."""
        self.lost += 1


class LogWriter:
    """Writes lines to a file descriptor in a thread of its own."""

    def __init__(self, write: Callable[[bytes], int], counts: LogCounts) -> None:
        """write: to the file; returns how many octets it took, may wait, and raises OSError."""
        self._write = write
        self._counts = counts
        self._lines: list[bytes] = []
        self._octets = 0
        self._untold = 0  # lines lost of which the log does not tell yet
        self._is_ending = False
        self._changed = Condition()
        self._thread = Thread(target=self._run, name="log", daemon=True)

    def start(self) -> None:
        """Begin to write what is put."""
        self._thread.start()

    def put(self, line: str) -> None:
        """Queue a line; it is lost if there is no room. Never waits for the file."""
        octets = line.encode(errors="backslashreplace")
        with self._changed:
            if self._octets + len(octets) > MAX_QUEUED:
                self._lose(1)
                return
            self._lines.append(octets)
            self._octets += len(octets)
            self._changed.notify()

    def end(self, seconds: float = LAST_WORDS) -> None:
        """Write what is queued if that takes no longer than this."""
        with self._changed:
            self._is_ending = True
            self._changed.notify()
        self._thread.join(seconds)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._lines and not self._is_ending:
                    self._changed.wait()
                if not self._lines:
                    return
                lines = self._take()
            try:
                self._write_all(b"".join(lines))
            except (OSError, MemoryError):
                with self._changed:
                    self._lose(len(lines))
            else:
                self._note_written(len(lines))

    def _take(self) -> list[bytes]:
        """The first lines, no more than fit into one write; at least one."""
        count = octets = 0
        for line in self._lines:
            if count and octets + len(line) > AT_ONCE:
                break
            count += 1
            octets += len(line)
        taken, self._lines = self._lines[:count], self._lines[count:]
        self._octets -= octets
        return taken

    def _write_all(self, octets: bytes) -> None:
        while octets:
            try:
                octets = octets[self._write(octets) :]
            except BlockingIOError:  # whoever started us has made it so
                with self._changed:
                    if self._is_ending:
                        raise
                    self._changed.wait(RETRY)

    def _lose(self, lines: int) -> None:
        self._counts.lost += lines
        self._counts.failing = 1
        self._untold += lines

    def _note_written(self, lines: int) -> None:
        self._counts.lines += lines
        with self._changed:
            untold, self._untold = self._untold, 0
            self._counts.failing = 0
        if untold:
            log.warning("log_lines_lost", lines=untold)


def writer_to(fd: int, counts: LogCounts) -> LogWriter:
    """A writer to this descriptor."""
    return LogWriter(lambda octets: os.write(fd, octets), counts)
