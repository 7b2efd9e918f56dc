"""`cistern serve`, as far as the daemon's start."""

from pathlib import Path

from tests.resolver.cli.conftest import cistern


def test_a_wrong_config_keeps_the_daemon_from_starting(tmp_path: Path) -> None:
    config = tmp_path / "cistern.toml"
    config.write_text("[listen]\naddresses = ['nowhere']\n")
    shown = cistern("serve", "--config", config)
    assert shown.exit_code == 2
    assert shown.stderr.startswith(f"{config}:2: listen.addresses: expected an address and a port")
