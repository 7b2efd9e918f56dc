from tests.bench.latency.__main__ import ROWS
from tests.bench.latency.virtual import results_of


def test_a_run_in_virtual_time_answers_everything_and_is_the_same_again() -> None:
    results, packets = results_of(ROWS["loss2"], seed=1, seconds=1)
    assert len(results) == 200
    assert all(rcode == 0 for _, rcode in results)
    assert 200 < packets < 800
    assert (results, packets) == results_of(ROWS["loss2"], seed=1, seconds=1)
    assert results != results_of(ROWS["loss2"], seed=2, seconds=1)[0]
