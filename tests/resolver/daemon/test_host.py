"""A host that keeps us from asking."""

from structlog.testing import capture_logs

from resolver.daemon.host import SHOWN_FOR, TOLD_EVERY, HostTroubles


def test_it_is_told_once_a_minute_and_shown_while_it_lasts() -> None:
    now = 1000.0
    errors: dict[str, int] = {}
    host = HostTroubles(errors, lambda: now)
    with capture_logs() as events:
        host.look()
        assert (events, host.remarks()) == ([], ())
        errors["EMFILE"] = 190
        host.look()
        assert events[0] == {
            "event": "host_cannot_send",
            "log_level": "warning",
            "unsent": 190,
            "errors": {"EMFILE": 190},
        }
        assert "EMFILE" in host.remarks()[0]
        errors["EMFILE"] += 5
        errors["ENOBUFS"] = 1
        host.look()
        assert len(events) == 1
        now += TOLD_EVERY
        host.look()
        assert events[1]["errors"] == {"EMFILE": 5, "ENOBUFS": 1}
        now += SHOWN_FOR
        host.look()
        assert (len(events), host.remarks()) == (2, ())
