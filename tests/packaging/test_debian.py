"""The Debian package on a machine: installed, started as its unit starts it, installed over itself, and purged."""

import os
import pwd
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.real.harness import ROOT
from tests.real.installed import build_wheel
from tests.real.namespaces import namespace, why_not
from tests.real.sockets import is_listening, wait_until

PYTHON: Final = "/usr/bin/python3"
NOT_FETCHED: Final = ("Could not find a version", "No matching distribution", "Connection")
# what the unit says of the process: its user, and that he may bind port 53
PORTS: Final = ("--inh-caps=+net_bind_service", "--ambient-caps=+net_bind_service")
AS_ITS_UNIT: Final = ("setpriv", "--reuid=cistern", "--regid=cistern", "--clear-groups", *PORTS)
CONFIG: Final = "/etc/cistern/cistern.toml"
FOLDERS: Final = (Path("/usr/lib/cistern"), Path("/var/lib/cistern"), Path("/run/cistern"), Path("/etc/cistern"))


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package, without compiled modules; skipped where it may not be installed or cannot be built."""
    if os.environ.get("CI") != "true":
        pytest.skip("it installs a package on this machine: with CI=true only")
    if reason := why_not():
        pytest.skip(reason)
    for tool in ("dpkg-deb", "dpkg", "setpriv", "systemd-sysusers", "dig", PYTHON):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    if subprocess.run([PYTHON, "-c", "import ensurepip"], check=False, capture_output=True).returncode:
        pytest.skip("Debian's Python has no venv (Debian: python3-venv)")
    folder = tmp_path_factory.mktemp("deb")
    built = subprocess.run(
        [ROOT / "packaging" / "debian" / "build", PYTHON],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "WHEEL": str(build_wheel(folder)), "OUT": str(folder)},
    )
    if built.returncode and any(sign in built.stderr for sign in NOT_FETCHED):
        pytest.skip("what the package depends on cannot be fetched here")
    assert not built.returncode, built.stderr
    (made,) = folder.glob("cistern_*.deb")
    return made


def test_it_runs_as_its_unit_runs_it_and_is_purged_without_a_trace(package: Path) -> None:
    _dpkg("--install", str(package))
    try:
        assert subprocess.run(["cistern", "check", CONFIG], check=True, capture_output=True, text=True).stdout == "ok\n"
        assert _answers_localhost()
        _dpkg("--install", str(package))  # over itself, as an upgrade
        assert _answers_localhost()
        files = [Path(line) for line in _dpkg("--listfiles", "cistern").splitlines()]
        ours = [file for file in files if "cistern" in file.name]
        assert Path("/usr/bin/cistern") in ours
    finally:
        _dpkg("--purge", "cistern")
    assert not [file for file in (*ours, *FOLDERS) if file.exists()]
    with pytest.raises(KeyError):
        pwd.getpwnam("cistern")


def _answers_localhost() -> bool:
    """Started in a namespace of its own, where port 53 is free; ended by SIGTERM."""
    with namespace() as inside:
        serve = ("cistern", "serve", "--config", CONFIG)
        process = subprocess.Popen(inside.inside(*AS_ITS_UNIT, *serve), stderr=subprocess.DEVNULL)
        try:
            assert wait_until(lambda: process.poll() is not None or is_listening(process.pid, "127.0.0.1", 53), 20)
            dig = inside.inside("dig", "@127.0.0.1", "+short", "+tries=1", "localhost", "A")
            return subprocess.run(dig, check=False, capture_output=True, text=True).stdout == "127.0.0.1\n"
        finally:
            process.terminate()
            assert process.wait(20) == 0


def _dpkg(*arguments: str) -> str:
    done = subprocess.run(["dpkg", *arguments], check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert not done.returncode, done.stderr
    return done.stdout
