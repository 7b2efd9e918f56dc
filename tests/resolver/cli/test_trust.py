"""`cistern trust`."""

import json

import msgspec
import pytest

from resolver.cli.trust import print_trust
from resolver.service.trust_protocol import AnchorRow, ExemptionRow, TrustExempt
from tests.resolver.cli.conftest import Served, cistern


def test_the_list_shows_how_each_anchor_stands_and_what_is_not_checked(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        AnchorRow(".", 20326, 8, "valid", 5000.0, None, 1000.0, 3000.0),
        AnchorRow(".", 38696, 8, "pending", 5000.0, 4000.0, None, 0.0),
        AnchorRow(".", 38696, 8, "valid", 5000.0, None, None, None),
        ExemptionRow("corp.example.", "dnssec.negative_trust_anchors"),
        ExemptionRow("broken.example.", "their signer is down", 3600.0, is_probed=True),
    ]
    print_trust([msgspec.json.encode(row) for row in rows])
    _, valid, pending, fixed, _, _, configured, exempt = [
        line.split("  ") for line in capsys.readouterr().out.splitlines()
    ]
    cells = [[cell.strip() for cell in line if cell.strip()] for line in (valid, pending, fixed, configured, exempt)]
    assert cells == [
        [".", "20326", "8", "valid", "1h23m", "-", "16m40s ago", "in 50m00s"],
        [".", "38696", "8", "pending", "1h23m", "in 1h06m", "never", "now"],
        [".", "38696", "8", "valid", "1h23m", "-", "never", "-"],
        ["corp.example.", "as configured", "no", "dnssec.negative_trust_anchors"],
        ["broken.example.", "1h00m", "yes", "their signer is down"],
    ]


def test_programs_get_the_rows(served: Served) -> None:
    shown = cistern("trust", "list", "--json", "--socket", served.socket)
    assert [json.loads(line)["kind"] for line in shown.output.splitlines()] == ["anchor"] * 2 + ["exemption"] * 2
    assert "38696" in cistern("trust", "list", "--socket", served.socket).output


def test_keys_that_are_not_good_are_exit_code_1(served: Served) -> None:
    shown = cistern("trust", "refresh", "--socket", served.socket)
    assert (shown.exit_code, shown.output) == (1, ". its keys are good\nexample. no keys: nobody answers\n")


def test_an_exemption_has_an_end_and_a_reason(served: Served) -> None:
    shown = cistern("trust", "exempt", "Broken.Example", "--for", "90m", "--why", "signer", "--socket", served.socket)
    assert (shown.exit_code, shown.output) == (0, "broken.example. is not checked for 1h30m\n")
    assert served.daemon.asked == [(TrustExempt("broken.example.", 5400.0, "signer"),)]
    shown = cistern(
        "trust", "exempt", "a.test", "--for", "7d", "--why", "x", "--no-probe", "--json", "--socket", served.socket
    )
    assert json.loads(shown.output)["is_probed"] is False


@pytest.mark.parametrize("length", ["", "1", "0h", "8d", "1w", "-1h", "1.5h", "9999999s"])
def test_what_is_no_duration_is_exit_code_2(length: str, served: Served) -> None:
    shown = cistern("trust", "exempt", "a.test", "--for", length, "--why", "x", "--socket", served.socket)
    assert shown.exit_code == 2
    assert served.daemon.asked == []


def test_a_reason_is_needed(served: Served) -> None:
    assert cistern("trust", "exempt", "a.test", "--for", "1h", "--socket", served.socket).exit_code == 2
    assert cistern("trust", "exempt", "a.test", "--for", "1h", "--why", "", "--socket", served.socket).exit_code == 2


def test_to_enforce_what_is_not_exempt_is_told(served: Served) -> None:
    shown = cistern("trust", "enforce", "a.test", "--socket", served.socket)
    assert shown.exit_code != 0
    assert "a.test. is not exempt" in shown.stderr
