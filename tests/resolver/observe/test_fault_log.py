"""Which faults of this program are logged."""

from structlog.testing import capture_logs

from resolver.observe.fault_log import PAUSE, FaultLog


def test_a_flood_of_faults_is_told_once_a_second_and_how_many_were_not() -> None:
    now = 100.0
    faults = FaultLog(lambda: now)
    fault = ValueError("broken")
    with capture_logs() as logged:
        for _ in range(1000):
            faults.note("query_fault", fault)
        now += PAUSE
        faults.note("flight_fault", fault, question="www.example. A")
    assert logged == [
        {"event": "query_fault", "log_level": "error", "unlogged": 0, "exc_info": fault},
        {
            "event": "flight_fault",
            "log_level": "error",
            "unlogged": 999,
            "exc_info": fault,
            "question": "www.example. A",
        },
    ]
