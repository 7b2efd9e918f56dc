"""Lines on their way to a file: none of them fails or waits, whatever the file does."""

import errno
import os
from threading import Event

import pytest

from resolver.observe.log_writer import MAX_QUEUED, LogCounts, LogWriter, writer_to

LONG = 60.0  # s: nothing here waits so long unless it is broken


class File:
    """What a file is in one of its moods. mood: the errno that writing meets; 0: none."""

    def __init__(self, mood: int = 0, *, at_once: int = 1 << 20) -> None:
        self.mood = mood
        self.text = b""
        self.at_once = at_once
        self.is_open = Event()
        self.is_open.set()
        self.is_tried = Event()

    def write(self, octets: bytes) -> int:
        self.is_tried.set()
        assert self.is_open.wait(LONG)
        if self.mood:
            raise OSError(self.mood, os.strerror(self.mood))
        self.text += octets[: self.at_once]
        return min(len(octets), self.at_once)


def test_lines_are_written_in_their_order() -> None:
    file, counts = File(at_once=3), LogCounts()
    writer = LogWriter(file.write, counts)
    writer.start()
    for number in range(100):
        writer.put(f"line {number}\n")
    writer.end(LONG)
    assert file.text.decode().splitlines() == [f"line {number}" for number in range(100)]
    assert (counts.lines, counts.lost, counts.failing) == (100, 0, 0)


@pytest.mark.parametrize(
    "mood", [errno.ENOSPC, errno.EPIPE, errno.EIO], ids=["full disk", "reader gone", "broken disk"]
)
def test_what_cannot_be_written_is_counted_and_harms_nobody(mood: int) -> None:
    file, counts = File(mood), LogCounts()
    writer = LogWriter(file.write, counts)
    writer.start()
    for _ in range(5):
        writer.put("lost\n")
    writer.end(LONG)
    assert (counts.lines, counts.lost, counts.failing) == (0, 5, 1)


def test_it_is_well_again_with_the_first_line_that_is_written() -> None:
    file, counts = File(errno.ENOSPC), LogCounts()
    writer = LogWriter(file.write, counts)
    file.is_open.clear()
    writer.start()
    writer.put("lost\n")
    assert file.is_tried.wait(LONG)
    file.is_open.set()
    while not counts.failing:
        pass
    file.mood = 0
    writer.put("kept\n")
    writer.end(LONG)
    assert file.text == b"kept\n"
    assert (counts.lines, counts.lost, counts.failing) == (1, 1, 0)


def test_a_pipe_that_nobody_reads_makes_nobody_wait() -> None:
    file, counts = File(), LogCounts()
    file.is_open.clear()
    writer = LogWriter(file.write, counts)
    writer.start()
    line = "x" * 1023 + "\n"
    for _ in range(MAX_QUEUED // 1024 + 200):
        writer.put(line)
    assert counts.lost >= 100
    assert counts.failing == 1
    writer.end(0.0)
    file.is_open.set()


def test_what_has_no_utf8_is_written_all_the_same() -> None:
    file = File()
    writer = LogWriter(file.write, LogCounts())
    writer.start()
    writer.put("\udcff\n")
    writer.end(LONG)
    assert file.text == b"\\udcff\n"


def test_a_real_pipe_gets_its_lines() -> None:
    reading, writing = os.pipe()
    writer = writer_to(writing, LogCounts())
    writer.start()
    writer.put("hello\n")
    writer.end(LONG)
    assert os.read(reading, 100) == b"hello\n"
    os.close(reading)
    os.close(writing)
