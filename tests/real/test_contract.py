"""Each row of the contract, asked with dig of a daemon with the demo's platform, against the answers kept in fixtures/."""

import json
from pathlib import Path

from tests.real.clients import need, run
from tests.real.contract import EXPECTED, answers, contract_daemon
from tests.real.harness import CISTERN


def test_dig_gets_the_answers_kept_in_contract_txt(tmp_path: Path) -> None:
    need("dig")
    with contract_daemon(tmp_path) as daemon:
        assert answers(daemon) == EXPECTED.read_text(), "python -m tests.real.contract prints what is answered now"


def test_the_state_is_shown_by_the_running_daemon(tmp_path: Path) -> None:
    with contract_daemon(tmp_path) as daemon:

        def state(*arguments: str) -> list[dict[str, object]]:
            socket = ("--json", "--socket", str(daemon.folder / "control.sock"))
            done = run(daemon, CISTERN, "state", *arguments, *socket)
            assert done.returncode == 0, done.stderr
            return [json.loads(line) for line in done.stdout.splitlines()]

        [status] = state("status")
        assert (status["state"], status["clocks"], status["slow"]) == ("ready", "ready", {})
        assert len(state("apps")) == 12
        assert {row["app"] for row in state("machines", "--network", "57")} == {"payments", "search", "shop"}
        rows = {row["owner"]: row for row in state("names", "web", "--network", "24")}
        assert rows["regions.web.internal."]["rdata"] == ['"ams,fra,iad,sea"']


def test_explain_tells_why_a_machine_is_nearest(tmp_path: Path) -> None:
    with contract_daemon(tmp_path) as daemon:
        socket = ("--socket", str(daemon.folder / "control.sock"), "--network", "24", "--json")
        done = run(daemon, CISTERN, "explain", "top3.nearest.of.web.internal", "AAAA", *socket)
        notes = [row["note"] for row in map(json.loads, done.stdout.splitlines()) if row["kind"] == "link"]
        assert notes == ["in this host's region ams"] * 3
        done = run(daemon, CISTERN, "explain", "top1.nearest.of.fra.web.internal", "AAAA", *socket)
        [link, _] = map(json.loads, done.stdout.splitlines())
        assert link["note"] == "8 ms to host-fra-1"
