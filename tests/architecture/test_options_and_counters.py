"""Every option is described, printed and read; every counter is described, counted and documented (style.md, point 6)."""

import ast
import dataclasses
import importlib
import inspect
import re
from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import Annotated, Final, NamedTuple, get_args, get_origin

import msgspec

from tests.architecture.source import ROOT, Source, assert_none, is_within, product

CONFIG: Final = ROOT / "conf" / "cistern.toml"
AWAITING: Final = frozenset[str]()  # options whose readers are still to come
COMPOSED: Final = "resolver.options"  # puts the owners' Structs together, checks and prints them: no reader


class Field(NamedTuple):
    """One option or counter: the class that has it, its name, where it stands, what it says of itself."""

    owner: str
    name: str
    place: str
    description: str


def options() -> Iterator[Field]:
    for source in _sources_named("options"):
        for struct in _classes(_module(source)):
            if issubclass(struct, msgspec.Struct):
                for field in msgspec.structs.fields(struct):
                    yield Field(struct.__name__, field.name, _place(source, struct, field.name), _described(field.type))


def counters() -> Iterator[Field]:
    for source in _sources_named("counts"):
        for counts in _classes(_module(source)):
            if dataclasses.is_dataclass(counts):
                for field in dataclasses.fields(counts):
                    place = _place(source, counts, field.name)
                    yield Field(counts.__name__, field.name, place, str(field.metadata.get("help", "")))


def attributes_used(sources: Iterator[Source]) -> frozenset[str]:
    """The names that stand behind a dot somewhere in `sources`."""
    return frozenset(
        node.attr for source in sources for node in ast.walk(source.tree) if isinstance(node, ast.Attribute)
    )


def is_documented(counter: str, readmes: str) -> bool:
    """Does the counter stand in a README, by its own name or as the metric `cistern_…_name_total`?"""
    return re.search(rf"\b(cistern_(\w*_)?)?{counter}(_total)?\b", readmes) is not None


def _sources_named(name: str) -> list[Source]:
    return [
        source
        for source in product()
        if source.module.rpartition(".")[2] == name and not is_within(source.module, COMPOSED)
    ]


def _module(source: Source) -> ModuleType:
    return importlib.import_module(source.module)


def _classes(module: ModuleType) -> list[type]:
    return [one for _, one in inspect.getmembers(module, inspect.isclass) if one.__module__ == module.__name__]


def _place(source: Source, owner: type, name: str) -> str:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef) and node.name == owner.__name__:
            for statement in node.body:
                if isinstance(statement, ast.AnnAssign) and ast.unparse(statement.target) == name:
                    return source.at(statement.lineno)
    return source.at(1)


def _described(annotation: object) -> str:
    if get_origin(annotation) is not Annotated:
        return ""
    metas = [meta for meta in get_args(annotation)[1:] if isinstance(meta, msgspec.Meta)]
    return next((meta.description for meta in metas if meta.description), "")


def gauges_read() -> Iterator[Field]:
    """The gauges that nobody counts: Readings, and Measures that are made by hand."""
    for source in product():
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Reading", "Measure"):
                match node.args[0]:
                    case ast.Constant(value=str(name)) | ast.JoinedStr(values=[_, ast.Constant(value=str(name))]):
                        yield Field("cistern", name.lstrip("_"), source.at(node.lineno), "")


@cache
def _readmes() -> str:
    packages = [ROOT / source.path for source in product() if source.is_package]
    return "\n".join(file.read_text() for one in packages for file in one.parent.glob("README.md"))


def test_every_option_has_its_line_of_description() -> None:
    assert_none([f"{one.place}: {one.owner}.{one.name} has no description" for one in options() if not one.description])


def test_descriptions_of_options_are_one_line() -> None:
    assert_none(
        [f"{one.place}: {one.owner}.{one.name}: more than a line" for one in options() if "\n" in one.description]
    )


def test_every_option_stands_in_the_reference_config() -> None:
    assert CONFIG.exists(), f"{CONFIG.relative_to(ROOT)}:1: is missing: `cistern config` prints it"
    text = CONFIG.read_text()
    assert_none(
        [
            f"{one.place}: {one.owner}.{one.name} is not in conf/cistern.toml"
            for one in options()
            if not re.search(rf"(?m)^(# )?{one.name} = |^\[\w+\.{one.name}\]$", text)
        ]
    )


def test_every_option_is_read_somewhere() -> None:
    readers = (s for s in product() if s not in _sources_named("options") and not is_within(s.module, COMPOSED))
    used = attributes_used(readers)
    unread = {f"{one.owner}.{one.name}": one.place for one in options() if one.name not in used}
    assert_none([f"{place}: nobody reads {name}" for name, place in unread.items() if name not in AWAITING])
    assert_none([f"{name} is read now: it awaits nobody any more" for name in AWAITING - unread.keys()])


def test_every_option_stands_in_a_readme() -> None:
    assert_none(
        [
            f"{one.place}: {one.owner}.{one.name} stands in no README of the packages"
            for one in options()
            if not re.search(rf"`[^`\n]*\b{one.name}\b[^`\n]*`", _readmes())
        ]
    )


def test_every_counter_has_one_sentence_of_help() -> None:
    assert_none(
        [
            f"{one.place}: {one.owner}.{one.name}: expected one sentence of help, not {one.description!r}"
            for one in counters()
            if not one.description.endswith(".") or "\n" in one.description
        ]
    )


def test_every_counter_is_counted() -> None:
    used = attributes_used(s for s in product() if s not in _sources_named("counts"))
    assert_none([f"{one.place}: nobody counts {one.owner}.{one.name}" for one in counters() if one.name not in used])


def test_every_counter_stands_in_a_readme() -> None:
    assert_none(
        [
            f"{one.place}: {one.owner}.{one.name} stands in no README of the packages"
            for one in (*counters(), *gauges_read())
            if not is_documented(one.name, _readmes())
        ]
    )


def test_a_counter_is_documented_by_its_name_or_its_metric() -> None:
    assert is_documented("sent", "| `sent` | Queries sent. |")
    assert is_documented("sent", "cistern_upstream_sent_total")
    assert not is_documented("sent", "sent_tcp and `resent`")
