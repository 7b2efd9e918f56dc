"""The figures are taken from dnsperf's report and /proc as they are printed there."""

import os
import time

import pytest

from tests.bench.peers.measure import cost_from, cpu_seconds
from tests.bench.peers.workloads import workloads

REPORT = """\
Statistics:

  Queries sent:         2000
  Queries completed:    1000 (50.00%)
  Queries lost:         1000 (50.00%)

  Response codes:       NOERROR 900 (90.00%), SERVFAIL 100 (10.00%)
  Average packet size:  request 29, response 45
  Run time (s):         0.5
  Queries per second:   2000.500000
"""


def test_the_cost_counts_completed_queries_and_the_share_counts_good_answers_to_sent_ones() -> None:
    cost = cost_from(REPORT, spent=0.05, datagrams=5_200)
    assert cost.cpu == pytest.approx(50)
    assert (cost.rate, cost.answered) == (2000.5, 0.45)
    assert cost.packets == 1.1


def test_a_server_that_answers_nothing_has_no_cost() -> None:
    with pytest.raises(SystemExit, match="no query was answered"):
        cost_from(REPORT.replace("completed:    1000", "completed:    0"), spent=0.05, datagrams=0)


def test_cpu_time_is_that_of_the_process() -> None:
    before, until = cpu_seconds(os.getpid()), time.process_time() + 0.1
    while time.process_time() < until:
        pass
    assert cpu_seconds(os.getpid()) - before == pytest.approx(0.1, abs=0.05)


def test_no_miss_is_asked_twice() -> None:
    questions = workloads()["misses"].questions.splitlines()
    assert len(set(questions)) == len(questions)
