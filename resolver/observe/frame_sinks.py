"""Where do dnstap frames go? To a collector's Unix socket, or into a file of bounded size. Used in a thread, and waits there."""

import os
from collections.abc import Callable
from contextlib import closing, suppress
from typing import IO, Final, Protocol

from cache.snapshot import keep_what_is_no_file
from resolver.observe.dnstap import LENGTH_OCTETS, MAX_CONTROL_OCTETS, Control, control_frame

LAST_WORD: Final = 1.0  # s for a collector to say that it has got all


class Pipe(Protocol):
    """What a connected, blocking socket is, as far as it is needed here. Everything raises OSError."""

    def sendall(self, data: bytes, /) -> None: ...

    def recv(self, octets: int, /) -> bytes: ...

    def settimeout(self, seconds: float, /) -> None: ...

    def close(self) -> None: ...


Connect = Callable[[str], Pipe]


class SocketSink:
    """Frame Streams with a handshake: READY, ACCEPT, START, frames, STOP, FINISH (frame_writer.Sink)."""

    def __init__(self, path: str, connect: Connect) -> None:
        """connect: to the Unix socket at a path; its patience is bounded."""
        self.name = path
        self._connect = connect
        self._pipe: Pipe | None = None

    def open(self) -> None:
        """Raises OSError when nobody listens, or does not want dnstap."""
        pipe = self._pipe = self._connect(self.name)
        pipe.sendall(control_frame(Control.READY))
        if not control_frame(Control.ACCEPT).endswith(_read_control(pipe)):
            raise ConnectionError("it takes no dnstap")
        pipe.sendall(control_frame(Control.START))

    def write(self, octets: bytes) -> None:
        assert self._pipe is not None
        self._pipe.sendall(octets)

    def close(self) -> None:
        pipe, self._pipe = self._pipe, None
        if pipe is None:
            return
        with suppress(OSError), closing(pipe):  # it may have gone
            pipe.settimeout(LAST_WORD)
            pipe.sendall(control_frame(Control.STOP))
            _read_control(pipe)


class FileSink:
    """A file of frames; when it is full it becomes FILE.1, and another is begun (frame_writer.Sink)."""

    def __init__(self, path: str, max_octets: int) -> None:
        self.name = path
        self._max_octets = max_octets
        self._octets = 0  # of frames
        self._file: IO[bytes] | None = None

    def open(self) -> None:
        """Begin a file; what stands there is kept beside it, another's who still writes it, too. Raises OSError."""
        if os.path.exists(self.name):
            keep_what_is_no_file(self.name)
            os.replace(self.name, f"{self.name}.1")
        self._octets = 0
        self._file = open(self.name, "xb", buffering=0, opener=_for_few)  # noqa: SIM115  # closed by `close`
        self._put(control_frame(Control.START))

    def write(self, octets: bytes) -> None:
        if self._octets and self._octets + len(octets) > self._max_octets:
            if self._file is not None and _is_replaced(self._file, self.name):
                raise FileExistsError("another has begun a file in its place")
            self.close()
            self.open()
        self._put(octets)
        self._octets += len(octets)

    def close(self) -> None:
        """A file that has got no frame is taken away: on a full disk it would take the place of one that has."""
        file, self._file = self._file, None
        if file is None:
            return
        is_replaced = _is_replaced(file, self.name)
        with file, suppress(OSError):  # what came before is read without an end, too
            file.write(control_frame(Control.STOP))
        if not self._octets and not is_replaced:
            with suppress(OSError):
                os.unlink(self.name)

    def _put(self, octets: bytes) -> None:
        assert self._file is not None
        left = memoryview(octets)
        while left:
            left = left[self._file.write(left) :]


def _is_replaced(file: IO[bytes], path: str) -> bool:
    """Does another file stand where this one was begun? The next writer's after a reload, while this one still ends."""
    try:
        return not os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except OSError:
        return False


def _for_few(path: str, flags: int) -> int:
    """Only our user may read what clients asked, and our group."""
    return os.open(path, flags, 0o640)


def _read_control(pipe: Pipe) -> bytes:
    """The content of the next control frame. Raises OSError, also of what is none."""
    escape, octets = _read(pipe, LENGTH_OCTETS), int.from_bytes(_read(pipe, LENGTH_OCTETS), "big")
    if any(escape) or not LENGTH_OCTETS <= octets <= MAX_CONTROL_OCTETS:
        raise ConnectionError("it does not speak Frame Streams")
    return _read(pipe, octets)


def _read(pipe: Pipe, octets: int) -> bytes:
    read = b""
    while len(read) < octets:
        more = pipe.recv(octets - len(read))
        if not more:
            raise ConnectionResetError("it has closed the connection")
        read += more
    return read
