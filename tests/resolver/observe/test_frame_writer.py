"""DNS messages on their way to a collector: nobody who tells one waits, whatever the collector does."""

from threading import Event, Semaphore

from resolver.observe.dnstap import Heard, Kind, Speaker, data_frame, encode
from resolver.observe.frame_writer import AT_ONCE, EACH, MAX_QUEUED, DnstapCounts, FrameWriter

LONG = 60.0  # s: nothing here waits so long unless it is broken
NOBODY = Speaker(b"", b"")


def heard(message: bytes = b"DNS") -> Heard:
    return Heard(Kind.CLIENT_QUERY, False, bytes(4), 1, bytes(4), 53, 1.0, 0.0, message)


class Collector:
    """A sink in one of its moods: it opens and writes when it may, and fails as often as it is told to."""

    name = "collector"

    def __init__(self, *, failing_opens: int = 0, failing_writes: int = 0) -> None:
        self.octets = b""
        self.calls: list[str] = []
        self.may_write = Event()
        self.may_write.set()
        self.tried = Semaphore(0)
        self._failing = {"open": failing_opens, "write": failing_writes}

    def open(self) -> None:
        self._do("open")

    def write(self, octets: bytes) -> None:
        self._do("write")
        self.octets += octets

    def close(self) -> None:
        self.calls.append("close")

    def _do(self, what: str) -> None:
        self.tried.release()
        assert self.may_write.wait(LONG)
        self.calls.append(what)
        if self._failing[what]:
            self._failing[what] -= 1
            raise ConnectionRefusedError(111, "Connection refused")


def ended(collector: Collector, *messages: Heard) -> DnstapCounts:
    """What is counted once these are put, all is written and the writer has ended."""
    counts = DnstapCounts()
    writer = FrameWriter(collector, NOBODY, counts, retry=0.0)
    for message in messages:
        writer.put(message)
    writer.start()
    writer.tell_end()
    writer.wait_for_end(LONG)
    return counts


def test_messages_are_written_in_their_order() -> None:
    collector = Collector()
    messages = [heard(f"{number}".encode()) for number in range(AT_ONCE + 10)]
    counts = ended(collector, *messages)
    assert collector.octets == b"".join(data_frame(encode(one, NOBODY)) for one in messages)
    assert (counts.frames, counts.dropped, counts.failing) == (AT_ONCE + 10, 0, 0)
    assert collector.calls == ["open", "write", "write", "close"]


def test_a_collector_that_is_not_there_is_sought_again() -> None:
    collector, counts = Collector(failing_opens=3), DnstapCounts()
    writer = FrameWriter(collector, NOBODY, counts, retry=0.001)
    writer.put(heard())
    writer.start()
    for _ in range(5):  # three times in vain, then opened and written
        assert collector.tried.acquire(timeout=LONG)
    writer.tell_end()
    writer.wait_for_end(LONG)
    assert (counts.frames, counts.dropped, counts.failing) == (1, 0, 0)


def test_what_was_under_way_when_the_collector_went_is_counted_as_dropped() -> None:
    collector, counts = Collector(failing_writes=1), DnstapCounts()
    writer = FrameWriter(collector, NOBODY, counts, retry=0.001)
    writer.start()
    writer.put(heard())
    for _ in range(3):  # opened, failed in writing, opened again
        assert collector.tried.acquire(timeout=LONG)
    writer.put(heard())
    writer.tell_end()
    writer.wait_for_end(LONG)
    assert (counts.frames, counts.dropped, counts.failing) == (1, 1, 0)
    assert collector.calls == ["open", "write", "close", "open", "write", "close"]


def test_a_collector_that_is_never_there_costs_frames_and_is_told_as_failing() -> None:
    counts = ended(Collector(failing_opens=1 << 40), heard(), heard())
    assert (counts.frames, counts.dropped, counts.failing) == (0, 2, 1)


def test_a_collector_that_is_stuck_makes_nobody_wait() -> None:
    collector, counts = Collector(), DnstapCounts()
    writer = FrameWriter(collector, NOBODY, counts)
    writer.start()
    collector.may_write.clear()
    writer.put(heard())
    assert collector.tried.acquire(timeout=LONG)  # stuck, in opening or in writing
    large = heard(b"x" * 60_000)
    for _ in range(MAX_QUEUED // (60_000 + EACH) + 5):
        writer.put(large)
    assert counts.dropped >= 3
    collector.may_write.set()
    writer.tell_end()
    writer.put(large)  # nobody would write it
    writer.wait_for_end(LONG)
    assert counts.dropped >= 4
