"""Where frames go: the handshake with a collector, and files that stay small."""

import os
import resource
import signal
from pathlib import Path

import pytest

from resolver.observe.dnstap import Control, control_frame, data_frame
from resolver.observe.frame_sinks import FileSink, SocketSink

FRAME = data_frame(b"x" * 96)
START, STOP = control_frame(Control.START), control_frame(Control.STOP)


class Collector:
    """The other end of a Pipe: says what it is made to say, three octets at a time, and nothing after that."""

    def __init__(self, says: bytes) -> None:
        self.heard = b""
        self.is_closed = False
        self._says = says

    def sendall(self, data: bytes, /) -> None:
        self.heard += data

    def recv(self, octets: int, /) -> bytes:
        octets = min(octets, 3)
        said, self._says = self._says[:octets], self._says[octets:]
        return said

    def settimeout(self, seconds: float, /) -> None:
        assert seconds < 5

    def close(self) -> None:
        self.is_closed = True


def test_a_collector_is_greeted_gets_the_frames_and_says_that_it_has_them() -> None:
    collector = Collector(control_frame(Control.ACCEPT) + control_frame(Control.FINISH))
    sink = SocketSink("collector", lambda path: collector)
    sink.open()
    sink.write(FRAME)
    sink.close()
    assert collector.heard == control_frame(Control.READY) + START + FRAME + STOP
    assert collector.is_closed


def test_a_collector_that_has_gone_is_let_go() -> None:
    collector = Collector(control_frame(Control.ACCEPT))
    sink = SocketSink("collector", lambda path: collector)
    sink.open()
    sink.close()
    sink.close()
    assert collector.is_closed


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        pytest.param(control_frame(Control.ACCEPT).replace(b"dnstap", b"botany"), "no dnstap", id="another content"),
        pytest.param(control_frame(Control.FINISH), "no dnstap", id="not welcome"),
        pytest.param(b"HTTP/1.1 400 Bad Request", "does not speak", id="no frames"),
        pytest.param(bytes(4) + b"\xff\xff\xff\xff", "does not speak", id="too long"),
        pytest.param(b"\0\0", "closed", id="cut off"),
    ],
)
def test_who_is_no_collector_is_told_from_one(said: bytes, wrong: str) -> None:
    collector = Collector(said)
    sink = SocketSink("collector", lambda path: collector)
    with pytest.raises(ConnectionError, match=wrong):
        sink.open()
    sink.close()
    assert collector.is_closed


def test_closing_what_was_never_open_does_nothing() -> None:
    SocketSink("nobody", lambda path: Collector(b"")).close()
    FileSink("nowhere", 1000).close()


def test_a_file_holds_its_frames_between_a_start_and_a_stop(tmp_path: Path) -> None:
    file = tmp_path / "dnstap"
    sink = FileSink(str(file), 1000)
    sink.open()
    sink.write(FRAME)
    sink.close()
    assert file.read_bytes() == START + FRAME + STOP
    assert file.stat().st_mode & 0o007 == 0


def test_what_is_no_file_stays_where_it_is(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "dnstap")
    with pytest.raises(OSError, match="no regular file"):
        FileSink(str(tmp_path / "dnstap"), 1000).open()
    assert [path.name for path in tmp_path.iterdir()] == ["dnstap"]


def test_a_full_file_becomes_the_earlier_one_and_what_stood_there_before_goes(tmp_path: Path) -> None:
    file = tmp_path / "dnstap"
    sink = FileSink(str(file), 250)
    sink.open()
    for _ in range(5):
        sink.write(FRAME)
    sink.close()
    assert file.read_bytes() == START + FRAME + STOP
    assert (tmp_path / "dnstap.1").read_bytes() == START + 2 * FRAME + STOP
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dnstap", "dnstap.1"]


def test_what_is_longer_than_a_file_may_be_has_one_of_its_own(tmp_path: Path) -> None:
    sink = FileSink(str(tmp_path / "dnstap"), 10)
    sink.open()
    sink.write(FRAME)
    sink.close()
    assert (tmp_path / "dnstap").read_bytes() == START + FRAME + STOP


def test_while_the_disk_is_full_what_was_written_before_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "dnstap"
    sink = FileSink(str(file), 1000)
    sink.open()
    sink.write(FRAME)
    sink.close()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(START) + 10, hard))
    try:
        for _ in range(3):
            sink.open()
            with pytest.raises(OSError, match="too large"):
                sink.write(FRAME)
            sink.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert (tmp_path / "dnstap.1").read_bytes() == START + FRAME + STOP
    assert not file.exists()


@pytest.mark.parametrize("frames", [0, 2])
def test_who_ends_late_leaves_the_file_that_the_next_one_has_begun(tmp_path: Path, frames: int) -> None:
    """As after a reload: neither an end without a frame nor a file that gets full takes it away."""
    file = tmp_path / "dnstap"
    earlier, later = FileSink(str(file), 250), FileSink(str(file), 1000)
    earlier.open()
    for _ in range(frames):
        earlier.write(FRAME)
    later.open()
    later.write(FRAME)
    if frames:
        with pytest.raises(FileExistsError):
            earlier.write(FRAME)
    earlier.close()
    later.close()
    assert file.read_bytes() == START + FRAME + STOP
    assert (tmp_path / "dnstap.1").read_bytes() == START + frames * FRAME + STOP
