"""What is asked: each workload's questions in dnsperf's format, what goes before it, and how much it may cost."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tests.bench.peers.internet import (
    ALIASES_PER_ZONE,
    COLD_ZONES,
    HOSTS_PER_ZONE,
    SIGNED_HOSTS,
    SIGNED_ZONES,
    ZONES,
)

UNIQUE_NAMES: Final = 600_000  # more than any server answers in one run: no name is asked twice


@dataclass(frozen=True, slots=True)
class Workload:
    """questions: one run through them at most once where `is_endless` is false. warm_up: asked, unmeasured, before.

    wanted: at most this many times the peer's CPU per query. is_validated: both check signatures.
    """

    name: str
    questions: str
    warm_up: str
    wanted: float
    is_endless: bool
    is_validated: bool = False


def workloads() -> dict[str, Workload]:
    hosts = _lines(f"h{host}.z{zone}.test A" for host in range(HOSTS_PER_ZONE) for zone in range(ZONES))
    aliases = _lines(f"a{host}.z{zone}.test A" for host in range(HOSTS_PER_ZONE) for zone in range(ZONES))
    unique = _lines(f"q{number}.z{number % ZONES}.test A" for number in range(UNIQUE_NAMES))
    new_aliases = _lines(f"m{alias}.z{zone}.test A" for alias in range(ALIASES_PER_ZONE) for zone in range(ZONES))
    delegations = _lines(f"www.z{zone}.test A" for zone in range(ZONES))
    cold = _lines(f"www.c{zone}.test A" for zone in range(COLD_ZONES))
    signed = _lines(f"q{host}.s{zone}.test A" for host in range(1, SIGNED_HOSTS) for zone in range(SIGNED_ZONES))
    keys = _lines(f"q0.s{zone}.test A" for zone in range(SIGNED_ZONES))
    every = (
        Workload("cached", hosts, warm_up=hosts, wanted=1.0, is_endless=True),
        Workload("aliases", aliases, warm_up=aliases, wanted=1.05, is_endless=True),
        Workload("misses", unique, warm_up=delegations, wanted=1.5, is_endless=False),
        Workload("alias misses", new_aliases, warm_up=delegations, wanted=1.5, is_endless=False),
        Workload("cold zones", cold, warm_up="test SOA\n", wanted=1.6, is_endless=False),
        Workload("signed", keys, warm_up=keys, wanted=1.5, is_endless=True, is_validated=True),
        Workload("signed miss", signed, warm_up=keys, wanted=1.6, is_endless=False, is_validated=True),
    )
    return {workload.name: workload for workload in every}


def _lines(questions: Iterable[str]) -> str:
    return "\n".join(questions) + "\n"
