"""How are units read together? What several of them need of one statement is selected for all at once."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from internal_zones.census import Count
from internal_zones.database import COUNTED, Fault, ReaderOfMany, StateFault, StateFile
from internal_zones.outdating import OF_AN_APP, STATEMENTS
from internal_zones.readings import NOBODY, Read, Reading, UnitKey
from internal_zones.rows import Row
from internal_zones.together import Question

MAX_QUESTIONS: Final = 1000  # of one statement: their rows are one text


class Ahead:
    """A Reader that has selected the answers of these questions already."""

    def __init__(self, reader: ReaderOfMany, wanted: Mapping[str, Iterable[Question]]) -> None:
        """wanted: questions by statement, each once. Raises StateFault if the database is locked."""
        self._reader = reader
        self._rows: dict[tuple[str, Question], Sequence[Row]] = {}
        for name, of_it in wanted.items():
            questions = list(of_it)
            for at in range(0, len(questions), MAX_QUESTIONS):
                self._select(name, questions[at : at + MAX_QUESTIONS])

    def select(self, name: str, parameters: Mapping[str, int | str]) -> Sequence[Row]:
        """As Reader."""
        found = self._rows.get((name, _question(parameters)))
        return self._reader.select(name, parameters) if found is None else found

    def _select(self, name: str, questions: Sequence[Question]) -> None:
        of_each = self._reader.select_each(name, questions)
        if of_each is not None:
            self._rows.update(((name, question), rows) for question, rows in zip(questions, of_each, strict=True))


def _question(parameters: Mapping[str, int | str]) -> Question:
    return (
        int(parameters.get("network", 0)),
        str(parameters.get("app", "")),
        str(parameters.get("address", "")),
    )


def _wanted_for(keys: Sequence[UnitKey]) -> Mapping[str, Iterable[Question]]:
    """What is selected for units of apps, as `readings.read` asks for it."""
    wanted: dict[str, dict[Question, None]] = {}
    for key in keys:
        if key.kind in OF_AN_APP and key.network != NOBODY:
            for name in STATEMENTS[key.kind]:
                wanted.setdefault(name, {})[key.network, key.name, key.name] = None
    return wanted


def read_each(read: Read, reader: ReaderOfMany, keys: Sequence[UnitKey]) -> list[Reading | StateFault]:
    """The reading of each unit, or why there is none; fewer than keys when the database is locked. Runs in its thread."""
    outcomes: list[Reading | StateFault] = []
    try:
        ahead = Ahead(reader, _wanted_for(keys))
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
    try:
        return _counted(file, networks)
    except StateFault as fault:
        if fault.fault is Fault.BUSY or len(networks) == 1:
            return {}
    found = {}
    for network in networks:
        found.update(count_each(file, [network]))
    return found


def _counted(file: StateFile, networks: Sequence[int]) -> dict[int, Count]:
    questions = [(network, "", "") for network in networks]
    both = zip(*(file.count_each(name, questions) for name in COUNTED), strict=True)
    return {network: Count(*of_it) for network, of_it in zip(networks, both, strict=True)}
