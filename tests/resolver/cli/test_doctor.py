"""`cistern doctor`."""

import json
from pathlib import Path

import pytest

from resolver.cli.doctor import ADVICE, Finding, finding_text
from resolver.options import Options
from resolver.service.control_protocol import CheckRow, StatRow
from tests.resolver.cli.conftest import Served, cistern


@pytest.fixture
def config(tmp_path: Path, served: Served) -> Path:
    """A sound config of the served daemon, which goes by the same."""
    file = tmp_path / "cistern.toml"
    file.write_text(f'[state]\ndatabase = ""\n[control]\nsocket = "{served.socket}"\n')
    from resolver.options import load

    served.daemon.options = load(file)
    return file


def test_every_problem_is_told_with_what_to_do_and_the_exit_code_is_1(served: Served, config: Path) -> None:
    shown = cistern("doctor", "--config", config)
    assert shown.exit_code == 1
    lines = shown.output.splitlines()
    at = lines.index("✗ state database: state database: missing")
    assert lines[at + 1] == f"    → {ADVICE['state_database']}"
    assert "! upstream: no server answers: 7 queries in a row were lost" in lines
    assert "✓ clock: the clock runs evenly" in lines


def test_remarks_alone_are_exit_code_0(served: Served, config: Path) -> None:
    served.daemon.checked = [CheckRow("upstream", "remark", "no server answers", 5.0)]
    shown = cistern("doctor", "--config", config)
    assert (shown.exit_code, "✗" in shown.output) == (0, False)


def test_a_wrong_config_and_a_daemon_that_is_not_there_are_told_together(tmp_path: Path) -> None:
    file = tmp_path / "cistern.toml"
    file.write_text("[cache]\nmax_tll = 5\n")
    shown = cistern("doctor", "--config", file, "--socket", tmp_path / "none")
    assert shown.exit_code == 1
    assert "did you mean max_ttl?" in shown.output
    assert "no daemon answers" in shown.output


def test_a_config_that_the_daemon_does_not_go_by_is_remarked(served: Served, config: Path) -> None:
    served.daemon.options = Options()
    shown = cistern("doctor", "--config", config)
    assert "other values of state.database, control.socket" in shown.output


def test_a_broken_invariant_is_a_remark(served: Served, config: Path) -> None:
    served.daemon.counters = [StatRow("cistern_service_faults_total", 2, help="Faults; must stay 0.")]
    shown = cistern("doctor", "--config", config, "--json")
    found = [json.loads(line) for line in shown.output.splitlines()]
    assert [row["severity"] for row in found if row["check"] == "faults"] == ["remark"]


def test_a_finding_without_advice_is_one_line() -> None:
    assert finding_text(Finding("clock", "ok", "fine")).endswith(" clock: fine")
