from resolver.daemon.around import NOTHING_AROUND
from resolver.observe.options import LogOptions


def test_where_nobody_is_nothing_is_read_and_nobody_is_told() -> None:
    assert NOTHING_AROUND.read is None
    assert NOTHING_AROUND.hangups is None
    NOTHING_AROUND.notify("READY=1")
    NOTHING_AROUND.relog(LogOptions())
