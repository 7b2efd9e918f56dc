"""How many instructions does a program take between one moment and another? Callgrind counts; the program says when.

It says `ready`, works once it is told to go on, says `done`, and goes on when it is told to: as often as it likes.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

TOOLS: Final = ("valgrind", "callgrind_control")
READY: Final = "ready"
DONE: Final = "done"


def counted(*arguments: str) -> Iterator[int]:
    """Instructions in user space of each part of the Python program with these arguments, as soon as it is done."""
    with TemporaryDirectory() as folder:
        into = Path(folder) / "counted"
        valgrind = ["valgrind", "-q", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={into}"]
        environment = os.environ | {"PYTHONHASHSEED": "0"}
        pipe = subprocess.PIPE
        command = [*valgrind, sys.executable, *arguments]
        with subprocess.Popen(command, text=True, env=environment, stdin=pipe, stdout=pipe) as program:
            assert program.stdin is not None
            assert program.stdout is not None
            parts = 0
            for line in program.stdout:
                said = line.strip()
                assert said in (READY, DONE), said
                _tell(program.pid, "--instr=on" if said == READY else "--instr=off")
                if said == DONE:
                    parts += 1
                    _tell(program.pid, "--dump")
                    yield _total(into.with_name(f"{into.name}.{parts}"))
                program.stdin.write("\n")
                program.stdin.flush()
            assert program.wait() == 0, f"{arguments} failed"


def meet(what: str) -> None:
    """Say this, from within the program, and wait to be told to go on."""
    print(what, flush=True)
    sys.stdin.readline()


def _tell(pid: int, what: str) -> None:
    subprocess.run(["callgrind_control", what, str(pid)], check=True, capture_output=True)


def _total(dump: Path) -> int:
    totals = [line for line in dump.read_text().splitlines() if line.startswith("totals:")]
    return int(totals[0].split()[1])
