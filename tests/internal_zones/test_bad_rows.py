"""Bad rows are told once for each sort, remembered while they are there, and doubted till they are accepted."""

from internal_zones.bad_rows import MAX_UNITS, BadRows
from internal_zones.readings import Kind, UnitKey
from internal_zones.rows import BadRow, Skipped

WEB, API = UnitKey(Kind.APP, 24, "web"), UnitKey(Kind.APP, 24, "api")


def bad(machine: str, column: str = "address") -> Skipped:
    return Skipped(unreadable=1, bad=(BadRow("machines", machine, column, "TEXT", "an IPv6 address is expected"),))


class Told(list[dict[str, str | int]]):
    def __call__(self, event: str, /, **fields: str | int) -> None:
        assert event == "state_row_bad"
        self.append(fields)


def test_each_sort_of_bad_row_is_told_once_with_its_table_id_column_and_type() -> None:
    told = Told()
    rows = BadRows(told)
    for key in (WEB, API, WEB):
        rows.note(key, bad("148e"))
    rows.note(API, bad("99", "region"))
    assert [(it["table"], it["id"], it["column"], it["holds"], it["app"]) for it in told] == [
        ("machines", "148e", "address", "TEXT", "web"),
        ("machines", "99", "region", "TEXT", "api"),
    ]
    assert sum(rows.sorts.values()) == 2


def test_a_sort_that_was_over_is_told_again() -> None:
    told = Told()
    rows = BadRows(told)
    for skipped in (bad("1"), Skipped(), bad("2")):
        rows.note(WEB, skipped)
    assert [it["id"] for it in told] == ["1", "2"]
    assert [key for key, _ in rows.rows] == [WEB]


def test_unreadable_rows_are_doubted_till_they_are_accepted_and_more_than_those_again() -> None:
    rows = BadRows(Told())
    assert not rows.are_new_in(WEB, Skipped())
    assert rows.are_new_in(WEB, bad("1"))
    rows.note(WEB, bad("1"))
    assert rows.accept() == [WEB]
    assert not rows.are_new_in(WEB, bad("1"))
    assert rows.are_new_in(WEB, bad("1") + bad("2"))
    assert rows.are_new_in(API, bad("1"))


def test_rows_that_nobody_can_ask_for_are_no_doubt() -> None:
    assert not BadRows(Told()).are_new_in(WEB, Skipped(unlistable=3))


def test_what_is_remembered_is_bounded() -> None:
    rows = BadRows(Told())
    for number in range(MAX_UNITS + 50):
        rows.note(UnitKey(Kind.APP, number), bad("1"))
    assert len(rows.rows) == MAX_UNITS
