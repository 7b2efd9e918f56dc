"""docs/memory.md lists every table of the process, and the bounds that the code has."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.architecture.source import Source, assert_none, product, source_of

PAGE: Final = Path(__file__).parents[2] / "docs" / "memory.md"
NAMED: Final = re.compile(r"`((?:cache|internal_zones|resolver)[\w.]*):([\w.]+)`(?: = (\d+))?")
TABLES: Final = frozenset(
    {"Cache", "Counter", "LRUCache", "OrderedDict", "Recent", "SimpleQueue", "TLRUCache", "TTLCache"}
    | {"deque", "dict", "list", "set"}
)
ONCE: Final = ("resolver.cli", "resolver.demo")  # processes that end by themselves


def tables(sources: tuple[Source, ...]) -> Iterator[str]:
    """`module:Class.attribute` of all that an instance is made with and that can grow, `module:function` of what remembers."""
    for source in sources:
        if source.module.startswith(ONCE):
            continue
        for name in _remembering(source.tree):
            yield f"{source.module}:{name}"
        for owner in ast.walk(source.tree):
            if isinstance(owner, ast.ClassDef):
                for attribute in _tables_of(owner):
                    yield f"{source.module}:{owner.name}.{attribute}"


def _tables_of(owner: ast.ClassDef) -> Iterator[str]:
    for made in owner.body:
        for node in ast.walk(made) if isinstance(made, ast.FunctionDef) and made.name == "__init__" else ():
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None and _can_grow(node.value):
                target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
                if isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self":
                    yield target.attr


def _remembering(module: ast.Module) -> Iterator[str]:
    """The functions that keep what they have given, by their arguments."""
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and any(map(_is_lru, node.decorator_list)):
            yield node.name
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and _is_lru(node.value.func):
            yield ast.unparse(node.targets[0])


def _is_lru(made: ast.expr) -> bool:
    return "lru_cache" in ast.unparse(made)


def _can_grow(value: ast.expr) -> bool:
    if isinstance(value, ast.Call):
        return ast.unparse(value.func).partition("[")[0].rpartition(".")[2] in TABLES
    return isinstance(value, ast.Dict | ast.List | ast.Set)


def named() -> list[tuple[str, str, str]]:
    """What the page names: module, name in it, and the value it is said to have, or ""."""
    return [(found[1], found[2], found[3] or "") for found in NAMED.finditer(PAGE.read_text())]


def test_every_table_is_on_the_page() -> None:
    listed = {f"{module}:{name}" for module, name, _ in named()}
    assert_none(
        [f"{table} is not in docs/memory.md: what bounds it?" for table in tables(product()) if table not in listed]
    )


def test_every_table_on_the_page_is_in_the_code() -> None:
    there = set(tables(product()))
    listed = [f"{module}:{name}" for module, name, _ in named() if not name.isupper()]
    assert_none([f"docs/memory.md: {one} is no table" for one in listed if one not in there])


def test_the_bounds_on_the_page_are_those_of_the_code() -> None:
    for module, name, value in named():
        if name.isupper():
            assert value, f"{name} has no value on the page"
            assert getattr(importlib.import_module(module), name) == int(value), name


def test_a_new_table_is_seen() -> None:
    text = "class A:\n    def __init__(self) -> None:\n        self._seen: dict[int, int] = {}\n        self._cache = LRUCache(9)"
    text += "\n        self._todo = SimpleQueue()"
    text += "\n@lru_cache(9)\ndef _read() -> None: ...\n_shared = lru_cache(9)(_read)"
    seen = {name.removeprefix("cache.new:") for name in tables((source_of(text, "cache/new.py"),))}
    assert seen == {"A._seen", "A._cache", "A._todo", "_read", "_shared"}
