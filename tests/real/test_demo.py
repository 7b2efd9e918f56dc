"""`cistern demo --tour` as a person runs it, in a network of its own."""

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from resolver.demo.steps import STEPS
from tests.real.harness import CISTERN
from tests.real.namespaces import namespace, why_not
from tests.real.sockets import wait_until

TOUR_SECONDS = 120  # it takes ten
START_SECONDS = 30  # it takes two
END_SECONDS = 10


def test_every_step_of_the_tour_is_right() -> None:
    if missing := why_not():
        pytest.skip(missing)
    with namespace() as inside:
        command = inside.inside(CISTERN, "demo", "--tour")
        done = subprocess.run(command, capture_output=True, text=True, timeout=TOUR_SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(STEPS)} of {len(STEPS)} steps were right" in done.stdout
    assert "$ dig @127.0.0.1 -p 5300 A alias.src.test" in done.stdout


def children_of(pid: int) -> list[str]:
    """The processes that it started, whichever thread of it did."""
    return [child for file in Path(f"/proc/{pid}/task").glob("*/children") for child in file.read_text().split()]


def test_its_daemon_knows_itself_as_one_that_serves_and_sigterm_leaves_nothing_behind(tmp_path: Path) -> None:
    if missing := why_not():
        pytest.skip(missing)
    with namespace() as inside:
        command = inside.inside(CISTERN, "demo")
        demo = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, "TMPDIR": str(tmp_path)})
        try:
            assert wait_until(lambda: bool(children_of(demo.pid) and list(tmp_path.glob("*/*.sock"))), START_SECONDS)
            (child,) = children_of(demo.pid)
            (control,) = tmp_path.glob("*/*.sock")
            doctor = inside.inside(CISTERN, "doctor", "--socket", str(control))
            said = subprocess.run(doctor, capture_output=True, text=True, timeout=START_SECONDS, check=False).stdout
            assert re.search(r"descriptors: \d+ of \d+ descriptors are open", said), said
            assert re.search(r"event loop: the longest turn .* took (?!0\.0)[\d.]+ ms", said), said
            demo.send_signal(signal.SIGTERM)
            demo.wait(END_SECONDS)
        finally:
            demo.kill()
            demo.wait()
    assert not Path("/proc", child).exists()
    assert list(tmp_path.iterdir()) == []
