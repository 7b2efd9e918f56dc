import gc

from resolver.daemon.run import COLLECTOR_THRESHOLDS, leaves, tune_collector


def test_the_collector_looks_rarely() -> None:
    before = gc.get_threshold()
    try:
        tune_collector()
        assert gc.get_threshold() == COLLECTOR_THRESHOLDS > before
        assert gc.get_freeze_count()
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def test_errors_are_found_however_deep_their_group_is() -> None:
    one, two = OSError(1, "one"), OSError(2, "two")
    inner: list[OSError | ExceptionGroup[OSError]] = [one, ExceptionGroup("inner", [two])]
    assert leaves(ExceptionGroup("outer", inner)) == [one, two]
