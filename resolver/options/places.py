"""On which line of a TOML text each key stands, so that an error can name it."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

# What the last line of a statement over several lines has: the end of an array or of a text. All else is read with it, and once.
ENDS: Final = ("]", '"""', "'''")

Key = tuple[str | int, ...]  # ("forward", 1, "zone"): tables by name, elements of arrays of tables by index


def places(text: str) -> dict[Key, int]:
    """The line (from 1) of every key and table header of `text`, which must be valid TOML.

    A statement of TOML can be read alone, so each is read alone and its keys taken from what comes out; that needs no
    second TOML grammar here.
    """
    reader = _Reader()
    for line, statement in _statements(text):
        reader.read(line, statement)
    return reader.lines


def line_of(key: Key, lines: dict[Key, int]) -> int | None:
    """The line of `key`, or of the nearest table around it that is written down; None when nothing of it is."""
    while key:
        if key in lines:
            return lines[key]
        key = key[:-1]
    return None


def key_text(key: Key) -> str:
    """`forward[1].zone`; names that are no bare keys stand in quotes, as in the file."""
    text = ""
    for part in key:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            bare = part.isascii() and part.replace("_", "a").replace("-", "a").isalnum()
            text += ("." if text else "") + (part if bare else f'"{part}"')
    return text


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Each statement and the line it begins on: the fewest lines that are valid TOML by themselves."""
    begin, pending = 1, ""
    for number, line in enumerate(text.splitlines(keepends=True), start=1):
        if not pending and not line.strip():
            continue
        begin = begin if pending else number
        is_further = bool(pending)
        pending += line
        if is_further and not any(end in line for end in ENDS):
            continue
        try:
            tomllib.loads(pending)
        except tomllib.TOMLDecodeError:
            continue  # an array or a text that goes on over the next line
        yield begin, pending
        pending = ""


@dataclass(slots=True)
class _Reader:
    """Follows the table headers through the statements."""

    lines: dict[Key, int] = field(default_factory=dict)
    table: Key = ()
    elements: dict[Key, int] = field(default_factory=dict)  # array of tables -> index of its last element

    def read(self, line: int, statement: str) -> None:
        content = tomllib.loads(statement)
        if not statement.lstrip().startswith("["):
            self._note(self.table, content, line)
            return
        names, is_array = _header(content)
        self.table = self._resolve(names[:-1]) + names[-1:]
        self.lines.setdefault(self.table, line)
        if is_array:
            index = self.elements.get(self.table, -1) + 1
            self.elements[self.table] = index
            self.table = (*self.table, index)
            self.lines[self.table] = line

    def _resolve(self, names: Key) -> Key:
        """`[a.b]` below `[[a]]` means the last element of a."""
        key: Key = ()
        for name in names:
            key = (*key, name)
            if key in self.elements:
                key = (*key, self.elements[key])
        return key

    def _note(self, above: Key, content: dict[str, object], line: int) -> None:
        for name, value in content.items():
            key = (*above, name)
            self.lines.setdefault(key, line)
            if isinstance(value, dict):
                self._note(key, value, line)


def _header(content: dict[str, object]) -> tuple[Key, bool]:
    """The names in a header that was read alone, and whether it opens an element of an array."""
    names: list[str] = []
    value: object = content
    while isinstance(value, dict) and value:
        name, value = next(iter(value.items()))
        names.append(name)
    return tuple(names), isinstance(value, list)
