"""The writer of a recording, as a process of its own that may be killed: python -m … RECORDING FILE RESTORE COMMITS.

COMMITS is what is in the file already: 0 makes it anew. It is told by lines: `upto N` commits up to and including N; `tear`
begins a transaction that touches everything and dies of SIGKILL in the middle of it.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

from tests.corrosion.recordings import Writer, player


class Killed:
    """The writer's process, seen from the test: starts it again, where it stood, after it was killed."""

    def __init__(self, recording: Path, target: Path, restore: str) -> None:
        self._arguments = [str(recording), str(target), restore]
        self.n = 0
        self._process = self._started()

    def upto(self, n: int) -> None:
        """Return when commit n is there."""
        self._tell(f"upto {n}")
        assert self._heard() == str(n)
        self.n = n

    def tear(self) -> None:
        """Have it die in the middle of a transaction, and start it again."""
        self._tell("tear")
        assert self._process.wait() == -signal.SIGKILL
        self._close_pipes()
        self._process = self._started()

    def close(self) -> None:
        self._close_pipes()
        self._process.wait()

    def _started(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-W", "ignore", "-m", "tests.corrosion.writing", *self._arguments, str(self.n)]
        process = subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    def _tell(self, command: str) -> None:
        assert self._process.stdin is not None
        print(command, file=self._process.stdin, flush=True)

    def _heard(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def _close_pipes(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


def main(recording: Path, target: Path, restore: str, n: int) -> None:
    play = player()
    recorded = play.Recording(recording)
    writer = (
        play.Replay(recorded, target, restore=restore) if not n else _resumed(play.Replay, recorded, target, restore, n)
    )
    print("ready", flush=True)
    for line in sys.stdin:
        command, *upto = line.split()
        if command == "tear":
            _tear(writer)
        writer.apply(int(upto[0]))
        print(writer.n, flush=True)


def _resumed(kind: object, recorded: object, target: Path, restore: str, n: int) -> Writer:
    """A Replay of a file that is there; its constructor would make it anew."""
    replay: Any = object.__new__(cast("type", kind))  # of a module that has no types
    module = sys.modules[replay.__class__.__module__]
    replay.recording, replay.target, replay.restore, replay.triggers, replay.n = (
        recorded,
        str(target),
        restore,
        False,
        n,
    )
    replay.db = module._connected(str(target))
    return cast("Writer", replay)


def _tear(writer: Writer) -> None:
    writer.db.execute("PRAGMA cache_spill = 1")
    writer.db.execute("PRAGMA cache_size = 1")  # so that what is not committed gets into the -wal
    writer.db.execute("BEGIN IMMEDIATE")
    writer.db.execute("UPDATE machines SET region = 'torn', address = 'fdaa:0:18::dead'")
    writer.db.execute("DELETE FROM apps WHERE id % 2 = 0")
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
