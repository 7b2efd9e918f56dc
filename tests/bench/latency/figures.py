"""What one run comes to: percentiles in which a failure counts as all of a client's patience, and what it cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.bench.latency.client import PATIENCE, Result

NOERROR: Final = 0
SOON: Final = 1.0  # s
HEADINGS: Final = (
    f"{'':18}{'p50':>8}{'p90':>8}{'p99':>8}{'p99.9':>8}{'<= 1 s':>9}{'failed':>8}{'packets/q':>11}{'CPU µs/q':>10}"
)


@dataclass(frozen=True, slots=True)
class Figures:
    """Percentiles in seconds; soon: share of questions answered within SOON; packets and cpu (µs) per question."""

    p50: float
    p90: float
    p99: float
    p999: float
    soon: float
    failed: int
    packets: float
    cpu: float

    def line(self, name: str) -> str:
        times = "".join(f"{1000 * value:8.0f}" for value in (self.p50, self.p90, self.p99, self.p999))
        return f"{name:18}{times}{self.soon:9.2%}{self.failed:8}{self.packets:11.3f}{self.cpu:10.0f}"


def figures(results: Sequence[Result], packets: int, cpu_seconds: float) -> Figures:
    """Of at least one question."""
    took = sorted(seconds if rcode == NOERROR else PATIENCE for seconds, rcode in results)
    return Figures(
        p50=percentile(took, 0.5),
        p90=percentile(took, 0.9),
        p99=percentile(took, 0.99),
        p999=percentile(took, 0.999),
        soon=sum(seconds <= SOON for seconds in took) / len(took),
        failed=sum(rcode != NOERROR for _, rcode in results),
        packets=packets / len(took),
        cpu=cpu_seconds / len(took) * 1e6,
    )


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that is not less than `share` of all (nearest rank)."""
    rank = -int(-share * len(ordered) // 1)
    return ordered[max(0, rank - 1)]
