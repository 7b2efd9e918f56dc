"""The commented reference of all options with their defaults, printed from the Structs themselves."""

import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Annotated, Final, get_args, get_origin

import msgspec

from resolver.options.expected import limits
from resolver.options.places import key_text
from resolver.options.schema import Options

WIDTH: Final = 100  # columns; longer comments and arrays are broken
HEAD: Final = """\
# Cistern's options, every one with its default. Printed by `cistern config`; checked by `cistern check FILE`.
# Relative paths are taken from the folder of this file. Unknown keys are errors.
"""


def reference() -> str:
    """The text of conf/cistern.toml: valid TOML that says what an empty config says."""
    defaults = Options()
    sections = [HEAD]
    for field in msgspec.structs.fields(Options):
        default = getattr(defaults, field.name)
        lines = [*_comment(_meta(field.type).description or "")]
        if isinstance(default, msgspec.Struct):
            lines += [f"[{field.name}]", *_settings(default, field.name)]
        elif isinstance(default, dict):
            lines += [f"[{field.name}]", *_examples(field)]
        else:
            lines += _examples(field)
        sections.append("\n".join(lines) + "\n")
    return "\n".join(sections)


def _settings(struct: msgspec.Struct, above: str) -> Iterator[str]:
    """Each setting under its description; a table of the table `above` comes behind all that it holds itself."""
    tables = []
    for field in msgspec.structs.fields(struct):
        value = getattr(struct, field.name)
        if isinstance(value, msgspec.Struct):
            tables.append((field, value))
        else:
            yield from _comment(_described(field))
            yield f"{field.name} = {_toml(value, len(field.name) + 3)}"
    for field, value in tables:
        name = f"{above}.{field.name}"
        yield from ("", *_comment(_described(field)), f"[{name}]", *_settings(value, name))


def _examples(field: msgspec.structs.FieldInfo) -> Iterator[str]:
    """A table that has no default is shown as a comment, filled in as an operator might."""
    item = _item_struct(field.type)
    for example in _meta(field.type).examples or ():
        assert isinstance(example, Mapping)
        if item is not None:
            yield f"# [[{field.name}]]"
        described = {one.name: _described(one) for one in msgspec.structs.fields(item)} if item else {}
        for name, value in example.items():
            note = described.get(name, "")
            yield f"# {key_text((name,))} = {_toml(value, 0)}" + (f"  # {note}" if note else "")


def _described(field: msgspec.structs.FieldInfo) -> str:
    text = (_meta(field.type).description or "").rstrip(".")
    range_text = limits(field.type)
    return f"{text} ({range_text})" if range_text else text


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)


def _toml(value: object, indent: int) -> str:
    """`value` as TOML: JSON's form of numbers, texts and booleans is TOML's too."""
    if isinstance(value, str) and len(value) + indent > WIDTH - 2:
        return _long_text(value)
    if not isinstance(value, tuple | list):
        return json.dumps(value, ensure_ascii=False)
    items = [_toml(item, 0) for item in value]
    line = f"[{', '.join(items)}]"
    if len(line) + indent <= WIDTH:
        return line
    rows = textwrap.wrap(", ".join(items) + ",", WIDTH - 4, break_on_hyphens=False)
    return "\n".join(["[", *(f"    {row}" for row in rows), "]"])


def _long_text(text: str) -> str:
    """A text of several lines which TOML puts together again: a backslash swallows the line's end and what indents the next."""
    assert "\\" not in text, text
    assert '"""' not in text, text
    rows = textwrap.wrap(text, WIDTH - 6, break_on_hyphens=False, break_long_words=False)
    return "\n".join(['"""\\', *(f"    {row} \\" for row in rows[:-1]), f'    {rows[-1]}"""'])


def _meta(annotation: object) -> msgspec.Meta:
    """The Meta that describes; a type may bring another one with its range."""
    found = get_args(annotation)[1:] if get_origin(annotation) is Annotated else ()
    described = [one for one in found if isinstance(one, msgspec.Meta) and one.description]
    return described[0] if described else msgspec.Meta()


def _item_struct(annotation: object) -> type[msgspec.Struct] | None:
    container = get_args(annotation)[0]
    item = get_args(container)[0]
    return item if isinstance(item, type) and issubclass(item, msgspec.Struct) else None
