"""`cistern config`."""

from pathlib import Path

from tests.resolver.cli.conftest import cistern

CONF = Path(__file__).parents[3] / "conf"


def test_the_printed_reference_is_the_shipped_config() -> None:
    shown = cistern("config")
    assert (shown.exit_code, shown.output) == (0, (CONF / "cistern.toml").read_text())
