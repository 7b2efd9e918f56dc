"""`cistern demo --tour` as a person runs it, in a network of its own."""

import subprocess

import pytest

from resolver.demo.steps import STEPS
from tests.real.harness import CISTERN
from tests.real.namespaces import namespace, why_not

TOUR_SECONDS = 120  # it takes ten


def test_every_step_of_the_tour_is_right() -> None:
    if missing := why_not():
        pytest.skip(missing)
    with namespace() as inside:
        command = inside.inside(CISTERN, "demo", "--tour")
        done = subprocess.run(command, capture_output=True, text=True, timeout=TOUR_SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(STEPS)} of {len(STEPS)} steps were right" in done.stdout
    assert "$ dig @127.0.0.1 -p 5300 A alias.src.test" in done.stdout
