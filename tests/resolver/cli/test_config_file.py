"""The config that a command works from."""

from pathlib import Path

import pytest

from resolver.cli.config_file import WrongConfig, load_or_exit


def test_a_sound_config_is_loaded() -> None:
    assert load_or_exit(Path(__file__).parents[3] / "conf" / "cistern.toml").cache.prefetch


def test_a_wrong_one_ends_the_command_with_2(tmp_path: Path) -> None:
    with pytest.raises(WrongConfig, match="expected a file that can be read") as caught:
        load_or_exit(tmp_path / "none")
    assert caught.value.exit_code == 2
