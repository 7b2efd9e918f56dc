"""`cistern check`."""

import sqlite3
from contextlib import closing
from pathlib import Path

from resolver.demo.state import make_state
from tests.resolver.cli.conftest import cistern

CONF = Path(__file__).parents[3] / "conf"


def test_the_shipped_config_is_ok() -> None:
    shown = cistern("check", CONF / "cistern.toml")
    assert (shown.exit_code, shown.output) == (0, "ok\n")


def test_every_problem_has_a_line_and_the_exit_code_is_2(tmp_path: Path) -> None:
    config = tmp_path / "cistern.toml"
    config.write_text("[cache]\nmax_tll = 5\nprefetch = 1\n")
    shown = cistern("check", config)
    assert shown.exit_code == 2
    assert shown.stderr == (
        f"{config}:2: cache.max_tll: unknown key: did you mean max_ttl?\n"
        f"{config}:3: cache.prefetch: expected true or false, not 1\n"
    )


def test_a_file_that_is_not_there_is_a_config_problem(tmp_path: Path) -> None:
    shown = cistern("check", tmp_path / "none.toml")
    assert shown.exit_code == 2
    assert "No such file" in shown.stderr


def test_what_the_daemon_would_only_remark_is_told_beside_ok(tmp_path: Path) -> None:
    make_state(tmp_path / "state.db")
    with closing(sqlite3.connect(tmp_path / "state.db")) as writer:
        writer.execute("DROP TABLE __corro_members")
    config = tmp_path / "cistern.toml"
    config.write_text('[state]\ndatabase = "state.db"\n')
    shown = cistern("check", config)
    assert (shown.exit_code, shown.stdout) == (0, "ok\n")
    assert shown.stderr == "remark: statement hosts: no such table: __corro_members\n"
