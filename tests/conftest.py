"""What holds for all tests."""

from hypothesis import settings

from cache.form import FORM

# An example that takes long says something of the machine, not of the rule: figures come from benchmarks, never from tests
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_report_header() -> str:
    return f"cistern: {FORM}"
