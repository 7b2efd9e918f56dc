"""What real clients make of the daemon's replies: dig, kdig and drill as programs, glibc by way of getent."""

import re
import shutil
import subprocess
import time
from typing import Final, NamedTuple

import pytest

from tests.real.harness import Daemon

PACKAGES: Final = {
    "dig": "bind9-dnsutils",
    "kdig": "knot-dnsutils",
    "drill": "ldnsutils",
    "nsd": "nsd",
    "musl-gcc": "musl-tools",
    "dnstap-read": "bind9-dnsutils",
    "fstrm_capture": "fstrm-bin",
}


class Reply(NamedTuple):
    """A reply as the client showed it. answer: records with single spaces; info_codes: of the Extended DNS Errors."""

    status: str
    flags: frozenset[str]
    answer: tuple[str, ...]
    authority: tuple[str, ...]
    info_codes: tuple[int, ...]
    seconds: float
    text: str

    @property
    def rdatas(self) -> tuple[str, ...]:
        """Type and rdata of each record of the answer section, in order, without owner, TTL and class."""
        return tuple(record.split(" ", 3)[3] for record in self.answer)

    @property
    def ttls(self) -> tuple[int, ...]:
        return tuple(int(record.split(" ")[1]) for record in self.answer)


def need(*tools: str) -> None:
    """Skip the test that asks for a tool which is not here."""
    for tool in tools:
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed (Debian: {PACKAGES.get(tool, tool)})")


def run(daemon: Daemon, *command: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """`command` where the daemon can be reached; its exit code is for the caller to judge."""
    return subprocess.run(
        daemon.inside(*command), check=False, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL
    )


def dig(daemon: Daemon, name: str, rtype: str = "A", *options: str) -> Reply:
    """One question, sent once; a reply that is never seen is an assertion error."""
    where = [f"@{daemon.address}", "-p", str(daemon.port)]
    asked = time.monotonic()
    done = run(daemon, "dig", *where, "+tries=1", "+time=15", "+nocookie", *options, name, rtype)
    seconds = time.monotonic() - asked
    assert done.returncode == 0, (
        f"dig got no reply for {name} {rtype}:\n{done.stdout}{done.stderr}\n{daemon.log.read_text()}"
    )
    return reply_from(done.stdout, seconds)


def reply_from(text: str, seconds: float) -> Reply:
    """What dig printed, as values."""
    status = re.search(r"status: (\w+)", text)
    flags = re.search(r";; flags: ([a-z ]+);", text)
    assert status, text
    assert flags, text
    return Reply(
        status=status[1],
        flags=frozenset(flags[1].split()),
        answer=_section(text, "ANSWER"),
        authority=_section(text, "AUTHORITY"),
        info_codes=tuple(int(code) for code in re.findall(r"; EDE: (\d+)", text)),
        seconds=seconds,
        text=text,
    )


def _section(text: str, name: str) -> tuple[str, ...]:
    found = re.search(rf";; {name} SECTION:\n(.*?)\n(\n|;;)", text, re.DOTALL)
    return tuple(" ".join(line.split()) for line in found[1].splitlines()) if found else ()
