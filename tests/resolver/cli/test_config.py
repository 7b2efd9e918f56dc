"""`cistern config`."""

import json
from pathlib import Path

from tests.resolver.cli.conftest import Served, cistern

CONF = Path(__file__).parents[3] / "conf"


def test_the_printed_reference_is_the_shipped_config() -> None:
    shown = cistern("config")
    assert (shown.exit_code, shown.output) == (0, (CONF / "cistern.toml").read_text())


def test_the_file_is_compared_with_what_the_daemon_goes_by(tmp_path: Path, served: Served) -> None:
    config = tmp_path / "cistern.toml"
    config.write_text(f'[cache]\nmax_ttl = 60\n[control]\nsocket = "{served.socket}"\n')
    shown = cistern("config", "diff", config)
    assert shown.exit_code == 0
    assert shown.output == (
        "cache.max_ttl\n- 86400\n+ 60\n"
        f'control.socket  (after a restart only)\n- "/run/cistern/control.sock"\n+ "{served.socket}"\n'
    )
    rows = [json.loads(line) for line in cistern("config", "diff", config, "--json").output.splitlines()]
    assert rows[0] == {"schema": 2, "key": "cache.max_ttl", "running": 86400, "wanted": 60}
