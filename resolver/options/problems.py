"""What is wrong in a config file, said so that the operator can go there: file, line, key, what was expected."""

from dataclasses import dataclass

from resolver.options.places import Key


@dataclass(frozen=True, slots=True)
class BadKey:
    """A key whose value cannot be used; the key () is the file itself. wrong: «expected …» or another full clause."""

    key: Key
    wrong: str


@dataclass(frozen=True, slots=True)
class Problem:
    """The same with its place. line: from 1; None when the file says nothing there. key: as text, "" for none."""

    file: str
    line: int | None
    key: str
    wrong: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return ": ".join(part for part in (place, self.key, self.wrong) if part)


class ConfigError(Exception):
    """A config that the daemon will not start with; `problems` are all that were found, in the order of lines."""

    def __init__(self, problems: list[Problem]) -> None:
        assert problems
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line or 0))
        super().__init__("\n".join(map(str, self.problems)))
