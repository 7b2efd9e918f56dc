"""One client that is alone: as many new names a second as it can have, with the limits as shipped and with none."""

import re
from pathlib import Path
from typing import Final

from tests.bench.latency.world import PROVIDERS, provider_zone
from tests.bench.peers.internet import PORT, SERVER, Internet
from tests.bench.peers.measure import run

OUTSTANDING: Final = 250  # questions at a time, fewer than one machine may have waiting
SECONDS: Final = 8
WANTED: Final = 0.9  # of what is answered without limits: runs of one daemon differ by as much as 5 %
NAMES: Final = 100_000
NO_LIMITS: Final = {"in_flight": 1_000_000, "in_flight_per_client": 1_000_000, "in_flight_per_address": 1_000_000}


def lone_rate(internet: Internet, folder: Path) -> float:
    """Answers a second to a lone client that asks for one new name after the other; what failed counts as none."""
    zones = [provider_zone(number) for number in range(PROVIDERS)]
    questions = folder / "questions"
    questions.write_text("".join(f"n{number:09}.{zones[number % PROVIDERS]} A\n" for number in range(NAMES)))
    dnsperf = (
        "dnsperf",
        "-s",
        SERVER,
        "-p",
        str(PORT),
        "-q",
        str(OUTSTANDING),
        "-l",
        str(SECONDS),
        "-d",
        str(questions),
    )
    report = run(*internet.namespace.inside(*dnsperf))
    said = dict(re.findall(r"(NOERROR|NXDOMAIN) (\d+) ", report))
    return sum(map(int, said.values())) / SECONDS
