"""No seed's story breaks an invariant. A failure names the one command that replays it."""

import subprocess
import sys

import pytest

from tests.architecture.source import ROOT
from tests.seeds import seeds
from tests.simulation.story import play


@pytest.mark.parametrize("seed", seeds(range(20), fresh=1000))  # thousands: machine/
def test_no_story_breaks_an_invariant(seed: int) -> None:
    replay = f"replay: .venv/bin/python -m tests.simulation --seed {seed} --verbose"
    try:
        found = play(seed, lambda _: None)
    except BaseException as error:
        error.add_note(replay)
        raise
    assert not found, "\n".join([replay, *found])


@pytest.mark.parametrize("seed", [7, 11])
def test_a_seed_tells_the_same_story_in_every_process(seed: int) -> None:
    """Else a failure could not be replayed. The order of sets of text and octets differs from process to process."""

    def told(hash_seed: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", "tests.simulation", "--seed", str(seed), "--verbose"],
            cwd=ROOT,
            env={"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout

    assert told("1") == told("2")
