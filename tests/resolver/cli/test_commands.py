"""The `cistern` command as a whole."""

import subprocess
import sys
from importlib.metadata import version

import pytest

import resolver.wire.query
from resolver.cli.commands import COMMANDS
from tests.resolver.cli.conftest import cistern


def test_help_names_every_command() -> None:
    shown = cistern("--help")
    assert shown.exit_code == 0
    for name in COMMANDS:
        assert f"\n  {name} " in shown.output


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    shown = cistern(name, "--help")
    assert shown.exit_code == 0
    assert shown.output.startswith(f"Usage: main {name} ")


def test_an_unknown_command_is_a_usage_error() -> None:
    shown = cistern("sreve")
    assert shown.exit_code == 2
    assert "No such command 'sreve'" in shown.output


def test_the_version_is_the_distribution_s_and_says_whether_it_is_compiled() -> None:
    is_compiled = not (resolver.wire.query.__file__ or "").endswith(".py")
    form = "compiled" if is_compiled else "interpreted"
    assert cistern("--version").output == f"cistern {version('cistern-dns')} ({form})\n"


def test_starting_the_daemon_imports_only_what_it_needs() -> None:
    """Each of these takes a tenth of the time to the first answer; who needs one imports it then."""
    unneeded = "rich", "resolver.demo", "cryptography.hazmat", "h11", "apsw.ext", "dns.zonefile"
    code = f"import sys, resolver.cli.serve, resolver.daemon; print([m for m in {unneeded} if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
