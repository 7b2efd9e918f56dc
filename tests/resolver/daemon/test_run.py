from resolver.daemon.run import leaves


def test_errors_are_found_however_deep_their_group_is() -> None:
    one, two = OSError(1, "one"), OSError(2, "two")
    inner: list[OSError | ExceptionGroup[OSError]] = [one, ExceptionGroup("inner", [two])]
    assert leaves(ExceptionGroup("outer", inner)) == [one, two]
