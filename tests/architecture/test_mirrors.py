"""Tests mirror modules by path, and nothing lies in fixtures/ that no test uses (style.md, point 5)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.source import ROOT, Source, all_tests, assert_none, product, source_of

OF_VALUES: Final = frozenset({"__init__", "parts"})
OF_OTHERS: Final = frozenset({"Protocol", "trait"})  # what other classes do
FOR_PEOPLE: Final = frozenset({"README.md", "LICENSE"})


def mirror_of(path: str) -> str:
    """Where the tests of the module at `path` stand."""
    folder, _, file = path.rpartition("/")
    return f"tests/{folder}/test_{file}"


def does_something(source: Source) -> bool:
    """Is there a function with a body in it? Constants, values, Structs, Protocols, traits, re-exports have none."""
    nothing_to_test: set[ast.AST] = {
        inner
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef)
        and any(_last_name(one) in OF_OTHERS for one in (*node.bases, *node.decorator_list))
        for inner in ast.walk(node)
    }
    nothing_to_test |= {
        inner
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef) and any(_last_name(base) == "Value" for base in node.bases)
        for inner in node.body
        if isinstance(inner, ast.FunctionDef) and inner.name in OF_VALUES  # test_values.py holds them
    }
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name != "__repr__"
        and node not in nothing_to_test
        for node in ast.walk(source.tree)
    )


def missing_mirrors(sources: tuple[Source, ...], files: frozenset[str]) -> Iterator[str]:
    for source in sources:
        if does_something(source) and mirror_of(source.path) not in files:
            yield f"{source.at(1)}: no mirror: expected {mirror_of(source.path)}"


def unused_fixtures(fixtures: list[str], words: frozenset[str]) -> Iterator[str]:
    """Fixtures whose name, or whose folder's name together with a pattern for their suffix, stands in no test."""
    for path in fixtures:
        file = Path(path)
        patterns = {f"*{file.suffix}", f"**/*{file.suffix}", "*", "**/*"}
        is_taken_with_its_folder = bool(patterns & words) and bool({file.parent.name, file.parent.as_posix()} & words)
        if not {file.name, file.stem, path} & words and not is_taken_with_its_folder:
            yield f"{path}:1: no test uses this fixture"


def texts(sources: tuple[Source, ...]) -> frozenset[str]:
    """Every string constant, whole and cut at slashes: the names that files are opened by."""
    found = {
        node.value
        for source in sources
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return frozenset(found | {part for text in found for part in text.split("/")})


def _last_name(base: ast.expr) -> str:
    base = base.value if isinstance(base, ast.Subscript) else base
    return base.attr if isinstance(base, ast.Attribute) else base.id if isinstance(base, ast.Name) else ""


def test_every_module_has_its_mirror() -> None:
    assert_none(list(missing_mirrors(product(), frozenset(source.path for source in all_tests()))))


def test_every_folder_of_tests_is_a_package() -> None:
    """Without __init__.py, tests/cache would shadow the real cache package."""
    files = {source.path for source in all_tests()}
    folders = {folder.as_posix() for path in files for folder in Path(path).parents if folder != Path()}
    assert_none(
        [f"{folder}/__init__.py:1: is missing" for folder in sorted(folders) if f"{folder}/__init__.py" not in files]
    )


def test_every_fixture_is_used_by_a_test() -> None:
    """Directly, or through the demo and another fixture, which tests run as a whole."""
    files = [file for file in sorted((ROOT / "fixtures").rglob("*")) if file.is_file() and file.name not in FOR_PEOPLE]
    readers = (*all_tests(), *(source for source in product() if source.module.startswith("resolver.demo")))
    lists = {word for file in files if file.suffix == ".toml" for word in re.findall(r"[\w.*/-]+", file.read_text())}
    assert_none(list(unused_fixtures([file.relative_to(ROOT).as_posix() for file in files], texts(readers) | lists)))


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        pytest.param("def find(x: int) -> int:\n    return x", True, id="a function"),
        pytest.param("class Chain:\n    def follow(self) -> None: ...", True, id="a method"),
        pytest.param("A: Final = 1", False, id="constants"),
        pytest.param("class Network(Protocol):\n    def close(self) -> None: ...", False, id="a Protocol"),
        pytest.param("from cache.ttl import clamp", False, id="re-exports"),
    ],
)
def test_what_needs_a_mirror(text: str, needed: bool) -> None:
    assert bool(list(missing_mirrors((source_of(text, "cache/x.py"),), frozenset()))) == needed


def test_an_unused_fixture_is_seen() -> None:
    words = frozenset({"zones", "*.zone", "platform.toml"})
    fixtures = ["fixtures/zones/root.zone", "fixtures/state/platform.toml", "fixtures/state/left-over.toml"]
    assert list(unused_fixtures(fixtures, words)) == ["fixtures/state/left-over.toml:1: no test uses this fixture"]
