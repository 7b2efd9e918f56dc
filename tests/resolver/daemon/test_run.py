import gc
from pathlib import Path

import msgspec
import pytest

from resolver.daemon.run import COLLECTOR_THRESHOLDS, EXIT_USAGE, leaves, read_hints, run, tune_collector
from resolver.env import Address
from resolver.iterate import BadHints, built_in_hints
from resolver.iterate.options import ForwardZone, RecursionOptions
from tests.resolver.daemon.alone import ALONE


def test_recursion_begins_at_the_root_hints(tmp_path: Path) -> None:
    file = tmp_path / "root.hints"
    file.write_text(". 3600 NS ns.test.\nns.test. 3600 A 192.0.2.1\n")
    options = msgspec.structs.replace(ALONE, recursion=RecursionOptions(root_hints=str(file), port=5301))
    assert read_hints(options).servers == (Address("192.0.2.1", 5301),)


def test_a_forward_zone_for_the_root_needs_no_hints() -> None:
    options = msgspec.structs.replace(ALONE, forward=(ForwardZone(".", ("192.0.2.1:53",)),))
    assert read_hints(options).servers == (Address("192.0.2.1", 53),)


def test_hints_without_a_server_are_no_hints(tmp_path: Path) -> None:
    file = tmp_path / "root.hints"
    file.write_text("; nobody\n")
    options = msgspec.structs.replace(ALONE, recursion=RecursionOptions(root_hints=str(file)))
    with pytest.raises(BadHints):
        read_hints(options)
    assert run(options) == EXIT_USAGE


def test_an_empty_file_of_hints_stands_for_the_root_servers_built_in(tmp_path: Path) -> None:
    file = tmp_path / "root.hints"
    file.write_text("\n")
    options = msgspec.structs.replace(ALONE, recursion=RecursionOptions(root_hints=str(file), port=5301))
    assert read_hints(options) == built_in_hints(5301)


def test_an_empty_file_of_hints_is_enough_beside_forward_zones(tmp_path: Path) -> None:
    file = tmp_path / "root.hints"
    file.write_text("\n")
    options = msgspec.structs.replace(
        ALONE,
        recursion=RecursionOptions(root_hints=str(file)),
        forward=(ForwardZone("corp.example.", ("192.0.2.1:53",)),),
    )
    assert read_hints(options).servers == ()


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
    assert leaves(ExceptionGroup("outer", inner)) == [one, two]  # type: ignore[arg-type]  # typeshed knows no nesting


def test_a_forward_zone_for_the_root_with_fallback_needs_hints_or_takes_those_built_in(tmp_path: Path) -> None:
    file = tmp_path / "root.hints"
    file.write_text("")
    options = msgspec.structs.replace(
        ALONE,
        recursion=RecursionOptions(root_hints=str(file)),
        forward=(ForwardZone(".", ("192.0.2.1:53",), fallback=True),),
    )
    assert read_hints(options) == built_in_hints(53)
    file.write_text(". 3600 NS ns.test.\nns.test. 3600 A 192.0.2.1\n")
    assert read_hints(options).servers == (Address("192.0.2.1", 53),)
