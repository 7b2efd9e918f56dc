"""The shipped units, man pages and package."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from resolver.cli.commands import COMMANDS
from resolver.options import load

PACKAGING = Path(__file__).parents[2] / "packaging"
UNIT = PACKAGING / "systemd" / "cistern.service"
MOST_EXPOSED = 2.0  # of systemd-analyze security, where 10 is without any protection


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_the_unit_is_little_exposed() -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(UNIT)],
        check=False,
        capture_output=True,
        text=True,
    )
    found = re.search(r"exposure level for cistern\.service: ([\d.]+)", done.stdout)
    if found is None:
        pytest.skip(f"systemd-analyze says nothing here: {done.stderr}")
    assert float(found[1]) <= MOST_EXPOSED


def test_the_units_name_what_the_program_has() -> None:
    unit = UNIT.read_text()
    for command in re.findall(r"^Exec\w+=/usr/bin/cistern (\w+)", unit, re.MULTILINE):
        assert command in COMMANDS
    assert "NotifyAccess=all" in unit  # a successor says MAINPID
    socket = (PACKAGING / "systemd" / "cistern.socket").read_text()
    assert re.findall(r"^Listen\w+=(.*)$", socket, re.MULTILINE) == ["[fdaa::3]:53"] * 2


def test_the_users_and_folders_are_those_of_the_unit() -> None:
    unit = UNIT.read_text()
    user = re.search(r"^User=(\w+)$", unit, re.MULTILINE)
    assert user is not None
    assert re.search(rf"^u\s+{user[1]}\s", (PACKAGING / "systemd" / "cistern.sysusers").read_text(), re.MULTILINE)
    assert f"/var/lib/cistern 0750 {user[1]}" in (PACKAGING / "systemd" / "cistern.tmpfiles").read_text()


@pytest.mark.parametrize("file", ["container.toml", "debian/cistern.toml"])
def test_the_packaged_configs_are_sound(file: str) -> None:
    assert load(PACKAGING / file).listen.addresses


def test_every_command_has_a_man_page_that_man_reads(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(PACKAGING / "man.py"), str(tmp_path)], check=True)
    found = {file.stem for file in (tmp_path / "man1").iterdir()}
    assert {f"cistern-{command}" for command in COMMANDS} <= found
    assert (tmp_path / "man5" / "cistern.toml.5").exists()
    if shutil.which("man") is None:
        pytest.skip("man is not installed")
    for file in (*(tmp_path / "man1").iterdir(), *(tmp_path / "man5").iterdir()):
        done = subprocess.run(
            ["man", "--warnings", "--local-file", str(file)],
            check=False,
            capture_output=True,
            text=True,
            env={"MANWIDTH": "80", "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
        )
        assert (done.returncode, done.stderr) == (0, ""), file.name
        assert "EXIT STATUS" in done.stdout or "OPTIONS" in done.stdout


@pytest.mark.parametrize("script", ["build", "postinst", "prerm", "postrm"])
def test_the_scripts_of_the_package_are_shell(script: str) -> None:
    shell = "bash" if script == "build" else "sh"
    done = subprocess.run([shell, "-n", str(PACKAGING / "debian" / script)], check=False, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
