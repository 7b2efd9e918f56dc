"""What holds for all tests."""

import os

from hypothesis import settings

from cache.form import FORM

# An example that takes long says something of the machine, not of the rule: figures come from benchmarks, never from tests
# and each build tries the same examples: `make nightly` looks for others (tests/seeds.py)
settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("others", deadline=None)
os.environ.pop("COLUMNS", None)  # as wide as a pipe, whoever started the tests

settings.load_profile("others" if "CISTERN_FRESH" in os.environ else "same")


def pytest_report_header() -> str:
    return f"cistern: {FORM}"
