"""Units that are read together fail alone, but for a lock; what they need of one statement is selected at once."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from internal_zones import Mapping as Statements
from internal_zones.batches import MAX_QUESTIONS, Ahead, count_each, read_each
from internal_zones.census import Count
from internal_zones.database import Fault, StateFault, StateFile
from internal_zones.mapping import statements
from internal_zones.outdating import OF_AN_APP
from internal_zones.readings import Kind, Reading, UnitKey, read
from internal_zones.rows import Row
from internal_zones.together import Question
from tests.internal_zones.breaking import execute
from tests.internal_zones.platform import APPS, NETWORKS, random_state, write_state


class LockedReader:
    """Bears so many selects, then fails with the fault."""

    def __init__(self, fault: Fault) -> None:
        self._fault, self.asked = fault, 0

    def select(self, name: str, parameters: Mapping[str, int | str]) -> list[Row]:
        self.asked += 1
        if self.asked == 2:
            raise StateFault(self._fault, name)
        return []

    def select_each(self, name: str, questions: Sequence[Question]) -> None:
        """One by one."""


@pytest.mark.parametrize(
    ("fault", "asked", "outcomes"), [(Fault.BUSY, 2, 2), (Fault.CORRUPT, 4, 4), (Fault.STATEMENT, 4, 4)]
)
def test_units_read_together_fail_alone_but_for_a_lock(fault: Fault, asked: int, outcomes: int) -> None:
    reader = LockedReader(fault)
    found = read_each(read, reader, [UnitKey(Kind.APPS, network) for network in (1, 2, 3, 4)])
    assert (reader.asked, len(found)) == (asked, outcomes)
    assert [type(outcome) for outcome in found[:2]] == [Reading, StateFault]


class Counting:
    """The file, and how many statements were read one by one and together. is_locked: nothing can be."""

    def __init__(self, file: StateFile, *, is_locked: bool = False) -> None:
        self._file, self._is_locked = file, is_locked
        self.alone: list[str] = []
        self.together: list[str] = []

    def select(self, name: str, parameters: Mapping[str, int | str]) -> Sequence[Row]:
        self.alone.append(name)
        return self._file.select(name, parameters)

    def select_each(self, name: str, questions: Sequence[Question]) -> Sequence[Sequence[Row]] | None:
        if self._is_locked:
            raise StateFault(Fault.BUSY, name)
        self.together.append(name)
        return self._file.select_each(name, questions)


KEYS = [UnitKey(kind, network, app.lower()) for kind in sorted(OF_AN_APP) for network in (*NETWORKS, 3) for app in APPS]


def file_with(path: Path, *changes: str) -> StateFile:
    write_state(path, random_state(3))
    for sql in changes:
        execute(path, sql)
    file = StateFile(str(path), statements(Statements()))
    file.look()
    return file


def test_units_of_apps_are_read_by_one_statement_of_each_kind_and_say_what_they_say_alone(tmp_path: Path) -> None:
    file = file_with(tmp_path / "state.db")
    counting = Counting(file)
    assert read_each(read, counting, KEYS) == [read(file, key) for key in KEYS]
    assert counting.alone == []
    assert sorted(counting.together) == ["app", "checks", "flycast", "machines", "services"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE machines SET address = x'0c177861' WHERE rowid % 2",
        "UPDATE machines SET metadata = CAST(x'7b22c3' AS TEXT)",
        "UPDATE machines SET region = x'00'",
        "DROP TABLE checks",
    ],
)
def test_what_cannot_be_read_together_is_read_alone_and_no_less_exactly(tmp_path: Path, change: str) -> None:
    file = file_with(tmp_path / "state.db", change)

    def shown(outcome: Reading | StateFault) -> Reading | str:
        return outcome if isinstance(outcome, Reading) else str(outcome)

    found = read_each(read, file, KEYS)
    assert [shown(it) for it in found] == [shown(it) for key in KEYS for it in read_each(read, Alone(file), [key])]
    assert any(isinstance(it, StateFault) or it.skipped.unreadable for it in found)


class Alone(Counting):
    def select_each(self, name: str, questions: Sequence[Question]) -> None:
        """One by one."""


def test_of_a_locked_database_nothing_more_is_tried(tmp_path: Path) -> None:
    counting = Counting(file_with(tmp_path / "state.db"), is_locked=True)
    [outcome] = read_each(read, counting, KEYS)
    assert isinstance(outcome, StateFault)
    assert counting.alone == []


def test_no_statement_is_asked_more_questions_than_its_text_should_hold(tmp_path: Path) -> None:
    counting = Counting(file_with(tmp_path / "state.db"))
    Ahead(counting, {"app": [(network, "web", "") for network in range(2 * MAX_QUESTIONS + 1)]})
    assert counting.together == ["app"] * 3


class CountsCalls(StateFile):
    """Of a file, and how many networks were counted at a time. is_locked: nothing can be."""

    is_locked = False

    def __init__(self, path: str, sql: Mapping[str, str]) -> None:
        super().__init__(path, sql)
        self.asked: list[int] = []

    def count_each(self, name: str, questions: Sequence[Question]) -> list[int]:
        self.asked.append(len(questions))
        if self.is_locked:
            raise StateFault(Fault.BUSY, name)
        return super().count_each(name, questions)


def counting_file(path: Path, *changes: str) -> CountsCalls:
    file_with(path, *changes).close()
    sql = statements(Statements()) | {"apps": "SELECT name FROM apps WHERE network_id = :network AND json(name)"}
    file = CountsCalls(str(path), sql)
    file.look()
    return file


def test_networks_are_counted_together_and_as_many_rows_as_alone(tmp_path: Path) -> None:
    file = counting_file(tmp_path / "state.db", "UPDATE apps SET name = '1'")
    networks = [*NETWORKS, 3]
    found = count_each(file, networks)
    assert file.asked == [len(networks)] * 2
    assert found == {network: count_each(file, [network])[network] for network in networks}
    assert found[3] == Count(0, 0)


def test_a_network_that_cannot_be_counted_leaves_the_others_be(tmp_path: Path) -> None:
    file = counting_file(
        tmp_path / "state.db",
        "UPDATE apps SET name = '1'",
        f"UPDATE apps SET name = 'x' WHERE network_id = {NETWORKS[0]}",
    )
    assert set(count_each(file, NETWORKS)) == {*NETWORKS[1:]}


def test_a_locked_database_is_waited_for_once(tmp_path: Path) -> None:
    file = counting_file(tmp_path / "state.db", "UPDATE apps SET name = '1'")
    file.is_locked = True
    assert count_each(file, NETWORKS) == {}
    assert file.asked == [len(NETWORKS)]
