"""Every scenario has a test, and every test's scenario a row in the README."""

import re
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
SCENARIOS: Final = set(range(1, 53))


def test_every_scenario_has_a_test_and_a_row() -> None:
    tests = "".join(path.read_text() for path in HERE.glob("test_*.py"))
    assert {int(number) for number in re.findall(r"def test_scenario_(\d+)_", tests)} == SCENARIOS
    rows = re.findall(r"^\| (\d+) \|", (HERE / "README.md").read_text(), re.MULTILINE)
    assert [int(number) for number in rows] == sorted(SCENARIOS)
