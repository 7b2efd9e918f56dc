"""An operator's day with README alone: install, migrate, start, reload, upgrade under load, be alerted, find the causes.

It begins on a bare machine: what is typed is the installed wheel's, and nothing of this checkout is in its reach. Each
step is what a person types; what is read is what a person reads. The alerts are the shipped rules, evaluated by promtool on
what this very daemon's /metrics says, taken to go on for as long as a rule wants.
"""

import contextlib
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from resolver.demo.state import make_state
from resolver.observe.metrics import GOOD_FOR
from tests.real.clients import need, run
from tests.real.harness import ROOT, Daemon, start
from tests.real.installed import install
from tests.real.internet import DAEMON, Internet
from tests.real.sockets import is_listening, wait_until

UNBOUND = f"""
server:
    interface: {DAEMON}
    access-control: 127.0.0.0/8 allow
    rrset-cache-size: 32m
    num-threads: 2
    local-data: "printer.lan. A 192.0.2.7"
    ratelimit: 1000
forward-zone:
    name: "corp.example"
    forward-addr: 192.0.2.200
"""
OWN = """
[state]
database = "state.db"
[control]
socket = "control.sock"
[metrics]
listen = "127.0.0.1:9153"
"""
UNSIGNED = '[dnssec]\nnegative_trust_anchors = ["."]\n'  # this internet's root signs nothing
OF_ANOTHER_ROOT = (
    ". IN DS 19036 8 2 49AAC11D7B6F6446702E54A1607371607A1A41855200FD2CE1CDDE32F24E8FB5\n"  # the key of 2010
)
OF_A_BUSY_MACHINE = {"CisternLoopLate"}  # it comes when the tests beside this one take the CPU, and says so rightly
RULES = ROOT / "packaging" / "prometheus" / "rules.yml"


class Day:
    """The host that the operator sits at."""

    def __init__(self, cistern: str, daemon: Daemon, internet: Internet) -> None:
        self.cistern = cistern
        self.daemon = daemon
        self.internet = internet
        self.config = daemon.folder / "cistern.toml"
        self._before = ""

    def types(self, *command: str) -> subprocess.CompletedProcess[str]:
        return run(self.daemon, self.cistern, *command)

    def asks(self, name: str, rtype: str = "A", *words: str) -> str:
        """What `cistern query` prints."""
        return self.types("query", name, rtype, f"@{DAEMON}", *words).stdout

    def doctor(self) -> tuple[int, str]:
        done = self.types("doctor", "--config", str(self.config))
        return done.returncode, done.stdout

    def alerts(self) -> set[str]:
        """The shipped alerts that come when all goes on as it went since this was last looked at."""
        time.sleep(GOOD_FOR)  # what was told before what has just happened is not told again
        before, self._before = self._before, run(self.daemon, "curl", "-s", "http://127.0.0.1:9153/metrics").stdout
        return firing(before, self._before, self.daemon.folder) - OF_A_BUSY_MACHINE


@pytest.fixture
def cistern(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> str:
    """The program of a wheel that is installed by itself; where a checkout is in Python's path, it no longer is."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    return install(tmp_path_factory.mktemp("installed"))


@pytest.fixture
def day(mended: Internet, tmp_path: Path, cistern: str) -> Iterator[Day]:
    need("dig", "promtool", "curl")
    assert not list(tmp_path.iterdir())
    (tmp_path / "unbound.conf").write_text(UNBOUND)
    # -- in the morning: the config comes from Unbound's, and is checked before anything runs
    migrated = subprocess.run(
        [cistern, "config", "from-unbound", "unbound.conf"], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert "ratelimit: 1000" in migrated.stdout
    assert "1 option has no counterpart" in migrated.stderr
    make_state(tmp_path / "state.db")
    # 127/8 is allowed there; here it also says whose `.internal` these clients see
    config = migrated.stdout.replace('"127.0.0.0/8" = 0', '"127.0.0.0/8" = 24') + OWN + UNSIGNED
    config = config.replace("[cache]", '[cache]\nsnapshot = "cache.db"')
    (tmp_path / "cistern.toml").write_text(config)
    checked = subprocess.run(
        [cistern, "check", "cistern.toml"], cwd=tmp_path, check=False, capture_output=True, text=True
    )
    assert checked.stdout == "ok\n", checked.stderr
    process, log = start(tmp_path, config, mended.namespace, program=cistern)
    daemon = Daemon(process, DAEMON, 53, log, tmp_path, mended.namespace)
    try:
        assert wait_until(lambda: is_listening(process.pid, DAEMON, 53), 20), log.read_text()
        yield Day(cistern, daemon, mended)
    finally:
        for pid in {process.pid, *map(int, re.findall(r"replaced by=(\d+)", log.read_text()))}:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()


def test_a_day(day: Day) -> None:
    daemon, folder = day.daemon, day.daemon.folder

    # -- it answers, and all is well
    assert "203.0.113.80" in day.asks("alias.site.test", "A", "+short")
    assert day.asks("web.internal", "AAAA", "+short").startswith("fdaa:")
    assert day.asks("printer.lan", "A", "+short") == "192.0.2.7\n"  # as Unbound answered it
    assert day.doctor()[0] == 0, day.doctor()[1]
    assert run(daemon, "curl", "-s", "http://127.0.0.1:9153/readyz").stdout.startswith("ok\n")
    assert day.alerts() == set()

    # -- a slip in the config changes nothing, and says where it is
    sound = day.config.read_text()
    day.config.write_text(sound.replace("[cache]", "[cache]\nmax_tll = 60"))
    refused = day.types("reload", "--config", str(folder / "cistern.toml"), "--socket", str(folder / "control.sock"))
    assert (refused.returncode, "did you mean max_ttl?" in refused.stderr) == (2, True)
    assert "CisternReloadFailed" in day.alerts()
    day.config.write_text(sound.replace("[cache]", "[cache]\nmax_ttl = 7200"))
    assert "max_ttl" in day.types("config", "diff", str(day.config)).stdout
    assert day.types("reload", "--config", str(day.config)).stdout == "reloaded, changed: cache.max_ttl\n"

    # -- an upgrade under load: nobody who asks notices
    with Asking(daemon) as asking:
        daemon.process.send_signal(signal.SIGUSR2)
        assert daemon.process.wait(60) == 0, daemon.log.read_text()
    assert asking.lost() == 0
    assert (
        day.asks("alias.site.test", "A", "+short", "+norec").splitlines()[-1] == "203.0.113.80"
    )  # the cache went along

    day.alerts()
    # -- the root falls silent: names in the cache go on, new ones fail, the log has one line, doctor and explain say why
    day.internet.silence("root")
    day.internet.silence("tld")
    day.internet.silence("alias")
    day.internet.silence("target")
    for number in range(8):
        assert "SERVFAIL" in day.asks(f"new{number}.nowhere.test")
    assert wait_until(lambda: "public_resolution_fails" in daemon.log.read_text(), 40)
    assert daemon.log.read_text().count("public_resolution_fails") == 1
    code, said = day.doctor()
    assert (code, "no server answers" in said) == (0, True)  # a remark: no restart mends a network
    assert "CisternServfail" in day.alerts()
    explained = day.types("explain", "new0.nowhere.test", "--socket", str(folder / "control.sock")).stdout
    assert "silent" in explained  # each root server, and for how long it is held down
    day.internet.mend()
    assert wait_until(lambda: "192.0.2.80" in day.asks("www.site.test", "A", "+short"), 60)
    assert wait_until(lambda: "public_resolution_is_back" in daemon.log.read_text(), 40)

    # -- the state database goes: the last good data goes on, and who looks learns it
    assert day.asks("web.internal", "AAAA", "+short").startswith("fdaa:")  # the successor has it in memory now
    (folder / "state.db").rename(folder / "gone.db")
    for journal in ("state.db-wal", "state.db-shm"):
        (folder / journal).unlink(missing_ok=True)
    assert wait_until(lambda: day.doctor()[0] == 1, 20)
    assert "state database" in day.doctor()[1]
    assert "none" not in day.asks("web.internal", "AAAA", "+short")
    assert day.asks("web.internal", "AAAA", "+short").startswith("fdaa:")
    assert "CisternNotReady" in day.alerts()
    (folder / "gone.db").rename(folder / "state.db")
    assert wait_until(lambda: day.doctor()[0] == 0, 20), day.doctor()[1]
    assert "CisternNotReady" not in day.alerts()

    a_full_disk(day)
    expired_anchors(day)


def a_full_disk(day: Day) -> None:
    """No octet can be written any more: whoever asks is answered, and the alert and doctor say where to look."""
    log = day.daemon.log.read_text()
    pid = int([str(day.daemon.process.pid), *re.findall(r"replaced by=(\d+)", log)][-1])
    bounds = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, bounds[1]))  # to the daemon as a full disk: each write fails
    day.types("reload", "--config", str(day.config))  # has a line in the log
    assert wait_until(lambda: "log: lines are lost" in day.doctor()[1], 30), day.doctor()[1]
    assert "CisternNotWritten" in day.alerts()
    assert day.asks("web.internal", "AAAA", "+short").startswith("fdaa:")
    resource.prlimit(pid, resource.RLIMIT_FSIZE, bounds)
    day.types("reload", "--config", str(day.config))
    assert wait_until(lambda: "log: lines are lost" not in day.doctor()[1], 30)
    assert "log_lines_lost" in day.daemon.log.read_text()


def expired_anchors(day: Day) -> None:
    """Anchors that are none are found by `check`; those that are another root's by the alert and doctor."""
    sound, key = day.config.read_text(), day.daemon.folder / "root.key"
    key.write_text("these are no keys\n")
    day.config.write_text(sound.replace(UNSIGNED, '[dnssec]\ntrust_anchors = "root.key"\n'))
    checked = day.types("check", str(day.config))
    assert (checked.returncode, "dnssec.trust_anchors" in checked.stderr) == (2, True)
    key.write_text(OF_ANOTHER_ROOT)
    assert "dnssec.trust_anchors" in day.types("reload", "--config", str(day.config)).stdout
    for number in range(4):
        assert "SERVFAIL" in day.asks(f"signed{number}.site.test")
    assert "nothing proved secure" in day.doctor()[1]
    assert "CisternAnchors" in day.alerts()
    day.config.write_text(sound)
    assert day.types("reload", "--config", str(day.config)).returncode == 0
    assert wait_until(lambda: "192.0.2.80" in day.asks("www.site.test", "A", "+short"), 30)


class Asking:
    """A client that asks every 2 ms in the daemon's namespace, and counts what it gets no reply to."""

    PROGRAM = """
import select, socket, sys
query = b"\\x12\\x34\\x01\\x00\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x09localhost\\x00\\x00\\x01\\x00\\x01"
lost = asked = 0
print("begun", flush=True)
while not select.select([sys.stdin], [], [], 0.002)[0]:
    asked += 1
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.settimeout(3)
        sock.connect((sys.argv[1], 53))
        sock.send(query)
        try:
            sock.recv(512)
        except OSError:
            lost += 1
print(lost, asked)
"""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._said = ""

    def __enter__(self) -> "Asking":
        self._process = subprocess.Popen(
            self._daemon.inside(sys.executable, "-c", self.PROGRAM, DAEMON),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "begun\n"
        return self

    def __exit__(self, *_: object) -> None:
        self._said = self._process.communicate("enough\n", timeout=30)[0]

    def lost(self) -> int:
        lost, asked = map(int, self._said.split())
        assert asked > 50
        return lost


SAMPLE: Final = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? ([\d.e+-]+)")


def samples(text: str) -> dict[tuple[str, str], float]:
    """Each sample of an exposition by its name and labels."""
    found = filter(None, map(SAMPLE.fullmatch, text.splitlines()))
    return {(one[1], one[2] or ""): float(one[3]) for one in found}


def firing(before: str, now: str, folder: Path) -> set[str]:
    """The shipped alerts that come when it goes on like this for an hour: gauges stay, counters rise as between the two."""
    earlier = samples(before)
    series = []
    for (name, labels), value in samples(now).items():
        inside = ", ".join(filter(None, (labels, 'job="cistern"', 'instance="a:9153"')))
        rises = name.endswith(("_total", "_bucket", "_count", "_sum"))
        risen = value - earlier.get((name, labels), 0.0)
        values = f"0+{risen if risen >= 0 else value}x60" if rises else f"{value}x60"
        series.append(f"      - {{series: '{name}{{{inside}}}', values: '{values}'}}")
    alerts = re.findall(r"- alert: (\w+)", RULES.read_text())
    tests = [f"      - {{eval_time: 59m, alertname: {alert}}}" for alert in alerts]
    (folder / "rules.yml").write_text(RULES.read_text())
    head = ["rule_files: [rules.yml]", "evaluation_interval: 1m", "tests:", "  - interval: 1m", "    input_series:"]
    (folder / "now.yml").write_text("\n".join((*head, *series, "    alert_rule_test:", *tests, "")))
    # promtool expects none of them, and complains of each that comes
    done = subprocess.run(
        ["promtool", "test", "rules", str(folder / "now.yml")], check=False, capture_output=True, text=True
    )
    return set(re.findall(r"alertname: ?(\w+), time", done.stdout + done.stderr))
