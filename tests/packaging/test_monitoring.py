"""The shipped alerts and boards: what they look at is there, and the alerts come when they should."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from resolver.daemon.running import Running
from resolver.observe.histogram import Histogram
from resolver.observe.metrics import stats
from tests.resolver.daemon.test_parts import of_parts

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"
RULES = PACKAGING / "prometheus" / "rules.yml"
BOARDS = sorted((PACKAGING / "grafana").glob("*.json"))
# Gauges that are there only once something has happened, and so not in a daemon that has just been made.
LATER = {"cistern_snapshot_age_seconds", "cistern_upstream_reply_age_seconds"} | {
    f"cistern_internal_{what}_age_seconds" for what in ("look", "change")
}
needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool (Debian's prometheus) is not installed"
)


def names() -> set[str]:
    """Every name that /metrics has."""

    def look(running: Running) -> set[str]:
        measures = list(running.measures())
        histograms = {one.name for one in measures if isinstance(one.values, Histogram)}
        plain = {stat.name for stat in stats(measures)} - histograms
        return plain | {f"{name}_{part}" for name in histograms for part in ("bucket", "sum", "count")}

    return of_parts(lambda parts: look(Running(parts))) | LATER


@pytest.mark.parametrize("file", [RULES, *BOARDS], ids=lambda file: file.name)
def test_whatever_is_looked_at_is_there(file: Path) -> None:
    looked_at = set(re.findall(r"\bcistern_[a-z_]+", file.read_text()))
    assert looked_at
    assert looked_at - names() == set()


def test_every_alert_has_its_runbook() -> None:
    text = RULES.read_text()
    alerts = re.findall(r"- alert: (\w+)", text)
    runbooks = re.findall(r"runbook: docs/operate\.md#(\w+)", text)
    headings = re.findall(r"^### (\w+)$", (ROOT / "docs" / "operate.md").read_text(), re.MULTILINE)
    assert [alert.lower() for alert in alerts] == runbooks
    assert set(alerts) <= set(headings)


@needs_promtool
def test_each_alert_comes_in_its_outage_and_none_on_a_good_day() -> None:
    done = subprocess.run(
        ["promtool", "test", "rules", str(PACKAGING / "prometheus" / "rules_test.yml")],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", BOARDS, ids=lambda file: file.name)
def test_a_board_has_panels_that_ask_and_do_not_overlap(file: Path) -> None:
    board = json.loads(file.read_text())
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        assert panel["title"]
        assert all(target["expr"] for target in panel["targets"])
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
