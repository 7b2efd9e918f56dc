import gc

from resolver.daemon.run import COLLECTOR_THRESHOLDS, leaves, tune_collector

MOST_AT_ONCE = 6_000  # objects that the collector may look at in one turn of the loop


def test_the_collector_never_looks_at_much_at_once_nor_often_at_what_is_old() -> None:
    before = gc.get_threshold()
    try:
        tune_collector()
        young, middle, old = gc.get_threshold()
        assert (young, middle, old) == COLLECTOR_THRESHOLDS
        assert young * (middle + 1) <= MOST_AT_ONCE
        assert young * middle * old >= 100_000_000
        assert gc.get_freeze_count()
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def test_errors_are_found_however_deep_their_group_is() -> None:
    one, two = OSError(1, "one"), OSError(2, "two")
    inner: list[OSError | ExceptionGroup[OSError]] = [one, ExceptionGroup("inner", [two])]
    assert leaves(ExceptionGroup("outer", inner)) == [one, two]
