"""`cistern reload`."""

import json

from tests.resolver.cli.conftest import Served, cistern


def test_what_changed_and_what_needs_a_restart_is_told_and_a_refusal_is_exit_code_2(served: Served) -> None:
    shown = cistern("reload", "--socket", served.socket)
    assert shown.exit_code == 0
    assert shown.output == "reloaded, changed: cache.max_ttl\nafter a restart only: control.socket\n"
    shown = cistern("reload", "--socket", served.socket)
    assert (shown.exit_code, shown.stderr) == (2, "c.toml:2: wrong\nnothing was changed\n")


def test_programs_get_the_row_and_the_same_exit_codes(served: Served) -> None:
    shown = cistern("reload", "--json", "--socket", served.socket)
    assert (shown.exit_code, json.loads(shown.output)["changed"]) == (0, ["cache.max_ttl"])
    shown = cistern("reload", "--json", "--socket", served.socket)
    assert (shown.exit_code, json.loads(shown.stdout)["problems"]) == (2, ["c.toml:2: wrong"])
