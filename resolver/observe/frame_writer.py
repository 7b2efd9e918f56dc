"""How do DNS messages reach a dnstap collector that may be slow, full or gone? From a bounded queue, in a thread of its own.

Whoever has one to tell neither waits nor fails; what finds no room is dropped and counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Condition, Thread
from typing import Final, Protocol

import structlog

from resolver.observe.dnstap import Heard, Speaker, data_frame, encode

MAX_QUEUED: Final = 4 << 20  # octets of messages that wait to be written: some twenty thousand
EACH: Final = 200  # octets that one takes beside its message
AT_ONCE: Final = 500  # messages encoded and written together
RETRY: Final = 1.0  # s until a collector that was not there is sought again
LAST_WORDS: Final = 1.0  # s that the end waits for what is queued

log = structlog.get_logger()


@dataclass(slots=True)
class DnstapCounts:
    """What observe/ counts of dnstap."""

    frames: int = field(default=0, metadata={"help": "DNS messages written to a dnstap collector or file."})
    dropped: int = field(
        default=0, metadata={"help": "DNS messages that were not: nobody takes them, or not fast enough."}
    )
    failing: int = field(default=0, metadata={"help": "Destinations that take none now.", "kind": "gauge"})


class Sink(Protocol):
    """Where frames go; used in a thread of its own, and may wait there."""

    name: str

    def open(self) -> None:
        """Get ready for frames. Raises OSError."""

    def write(self, octets: bytes) -> None:
        """Write whole frames. Raises OSError."""

    def close(self) -> None:
        """Say that there are no more, if it is open; raises nothing."""


class FrameWriter:
    """Writes messages to one sink, from a bounded queue."""

    def __init__(self, sink: Sink, speaker: Speaker, counts: DnstapCounts, retry: float = RETRY) -> None:
        """retry: seconds until a sink that failed is opened again."""
        self._sink = sink
        self._speaker = speaker
        self._counts = counts
        self._retry = retry
        self._queue: list[Heard] = []
        self._octets = 0
        self._is_ending = False
        self._is_failing = False
        self._changed = Condition()
        self._thread = Thread(target=self._run, name="dnstap", daemon=True)

    def start(self) -> None:
        """Begin to write what is put."""
        self._thread.start()

    def put(self, heard: Heard) -> None:
        """Queue a message, or drop it. Never waits for the sink."""
        with self._changed:
            if self._octets >= MAX_QUEUED or self._is_ending:
                self._counts.dropped += 1
                return
            self._queue.append(heard)
            self._octets += EACH + len(heard.message)
            if len(self._queue) == 1:
                self._changed.notify()

    def tell_end(self) -> None:
        """No more is put; what is queued is written if the sink takes it."""
        with self._changed:
            self._is_ending = True
            self._changed.notify()

    def wait_for_end(self, seconds: float = LAST_WORDS) -> None:
        """Until it is written, but no longer than this."""
        self._thread.join(seconds)

    def _run(self) -> None:
        is_open = False
        while True:
            try:
                if not is_open:
                    self._sink.open()
                    is_open = True
                    self._note_well()
                taken = self._take()
                if not taken:
                    break
                self._write(taken)
            except (OSError, MemoryError) as error:
                is_open = False
                self._sink.close()
                self._note_failure(error)
                if not self._may_retry():
                    break
        self._sink.close()

    def _take(self) -> list[Heard]:
        """The first messages, once there are any; [] at the end."""
        with self._changed:
            while not self._queue and not self._is_ending:
                self._changed.wait()
            taken, self._queue = self._queue[:AT_ONCE], self._queue[AT_ONCE:]
            self._octets -= sum(EACH + len(heard.message) for heard in taken)
            return taken

    def _write(self, taken: Sequence[Heard]) -> None:
        try:
            self._sink.write(b"".join(data_frame(encode(heard, self._speaker)) for heard in taken))
        except BaseException:
            self._counts.dropped += len(taken)
            raise
        self._counts.frames += len(taken)

    def _may_retry(self) -> bool:
        """After a while; not at the end."""
        with self._changed:
            if not self._is_ending:
                self._changed.wait(self._retry)
            if self._is_ending:
                self._counts.dropped += len(self._queue)
            return not self._is_ending

    def _note_failure(self, error: Exception) -> None:
        if not self._is_failing:
            self._is_failing = True
            self._counts.failing += 1
            log.warning("dnstap_failing", to=self._sink.name, reason=getattr(error, "strerror", None) or str(error))

    def _note_well(self) -> None:
        if self._is_failing:
            self._is_failing = False
            self._counts.failing -= 1
            log.info("dnstap_is_back", to=self._sink.name)
