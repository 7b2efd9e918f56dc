"""How are units read together? What several of them need of one statement is selected for all at once."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from internal_zones.census import Count
from internal_zones.database import Fault, ReaderOfMany, StateFault, StateFile
from internal_zones.outdating import OF_AN_APP, STATEMENTS
from internal_zones.readings import NOBODY, Read, Reading, UnitKey
from internal_zones.rows import Row
from internal_zones.together import Question


class Ahead:
    """A Reader that has selected much of what is read of these units already."""

    def __init__(self, reader: ReaderOfMany, keys: Sequence[UnitKey]) -> None:
        """Raises StateFault if the database is locked."""
        self._reader = reader
        self._rows: dict[tuple[str, Question], Sequence[Row]] = {}
        wanted: dict[str, dict[Question, None]] = {}
        for key in keys:
            if key.kind in OF_AN_APP and key.network != NOBODY:
                for name in STATEMENTS[key.kind]:
                    wanted.setdefault(name, {})[key.network, key.name] = None
        for name, questions in wanted.items():
            self._select(name, list(questions))

    def select(self, name: str, parameters: Mapping[str, int | str]) -> Sequence[Row]:
        """As Reader."""
        question = (int(parameters.get("network", 0)), str(parameters.get("app", "")))
        found = self._rows.get((name, question))
        return self._reader.select(name, parameters) if found is None else found

    def _select(self, name: str, questions: Sequence[Question]) -> None:
        of_each = self._reader.select_each(name, questions)
        if of_each is not None:
            self._rows.update(((name, question), rows) for question, rows in zip(questions, of_each, strict=True))


def read_each(read: Read, reader: ReaderOfMany, keys: Sequence[UnitKey]) -> list[Reading | StateFault]:
    """The reading of each unit, or why there is none; fewer than keys when the database is locked. Runs in its thread."""
    outcomes: list[Reading | StateFault] = []
    try:
        ahead = Ahead(reader, keys)
    except StateFault as locked:
        return [locked]
    for key in keys:
        try:
            outcomes.append(read(ahead, key))
        except StateFault as fault:
            outcomes.append(fault)
            if fault.fault is Fault.BUSY:
                break  # each of the others would wait for the lock too
    return outcomes


def count_each(file: StateFile, networks: Sequence[int]) -> dict[int, Count]:
    """The rows of each network that can be counted. Runs in the thread."""
    found = {}
    for network in networks:
        where: dict[str, int | str] = {"network": network, "app": "", "address": ""}
        with suppress(StateFault):
            found[network] = Count(file.count("apps", where), file.count("instances", where))
    return found
