"""Which keys of a table fit a Struct."""

from typing import Annotated

import msgspec
import pytest

from resolver.options.problems import BadKey
from resolver.options.sift import sift


class Zone(msgspec.Struct, frozen=True):
    zone: str
    servers: tuple[str, ...] = ()


class Table(msgspec.Struct, frozen=True):
    count: Annotated[int, msgspec.Meta(ge=0, le=9, description="how many")] = 0
    is_on: bool = False


class Whole(msgspec.Struct, frozen=True):
    table: Annotated[Table, msgspec.Meta(description="a table")] = Table()
    zones: Annotated[tuple[Zone, ...], msgspec.Meta(description="tables")] = ()
    weights: dict[str, Annotated[int, msgspec.Meta(ge=1)]] = {}


@pytest.mark.parametrize(
    ("table", "key", "wrong"),
    [
        pytest.param({"tabel": {}}, ("tabel",), "unknown key: did you mean table?", id="unknown table"),
        pytest.param({"table": {"cuont": 1}}, ("table", "cuont"), "unknown key: did you mean count?", id="unknown key"),
        pytest.param(
            {"table": {"xyz": 1}}, ("table", "xyz"), "unknown key: expected one of count, is_on", id="like none"
        ),
        pytest.param(
            {"table": {"count": 10}}, ("table", "count"), "expected a whole number from 0 to 9, not 10", id="range"
        ),
        pytest.param(
            {"table": {"count": "1"}}, ("table", "count"), 'expected a whole number from 0 to 9, not "1"', id="type"
        ),
        pytest.param(
            {"table": {"count": True}},
            ("table", "count"),
            "expected a whole number from 0 to 9, not true",
            id="true is no number",
        ),
        pytest.param({"table": {"is_on": 1}}, ("table", "is_on"), "expected true or false, not 1", id="1 is not true"),
        pytest.param({"table": 1}, ("table",), "expected the table [table], not 1", id="no table"),
        pytest.param({"zones": {}}, ("zones",), "expected tables, each headed [[zones]], not {}", id="no array"),
        pytest.param({"zones": [{}]}, ("zones", 0), "zone is missing: expected a text", id="missing key"),
        pytest.param(
            {"zones": [{"zone": "a"}, {"zone": "b", "servers": "c"}]},
            ("zones", 1, "servers"),
            'expected an array, each item a text, not "c"',
            id="in an array of tables",
        ),
        pytest.param(
            {"weights": {"a": 0}}, ("weights", "a"), "expected a whole number at least 1, not 0", id="free table"
        ),
        pytest.param({"weights": 3}, ("weights",), "expected the table [weights], not 3", id="free table's type"),
        pytest.param(
            {"table": {"is_on": "x" * 100}},
            ("table", "is_on"),
            f'expected true or false, not "{"x" * 39}…',
            id="long values are cut",
        ),
    ],
)
def test_a_fault_names_the_key_and_what_was_expected(
    table: dict[str, object], key: tuple[str | int, ...], wrong: str
) -> None:
    assert list(sift(table, Whole)) == [BadKey(key, wrong)]


def test_all_faults_are_found_not_only_the_first() -> None:
    faults = list(sift({"table": {"count": -1, "is_on": 2}, "zones": [{"zone": 3}], "more": 1}, Whole))
    assert [fault.key for fault in faults] == [("table", "count"), ("table", "is_on"), ("zones", 0, "zone"), ("more",)]


def test_a_sound_table_has_no_faults() -> None:
    assert not list(sift({"table": {"count": 9}, "zones": [{"zone": "a"}], "weights": {"b": 1}}, Whole))
