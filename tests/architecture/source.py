"""The project's Python files as the checks read them: where each stands, its module name, its syntax tree."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = ("cache", "internal_zones", "resolver")


@dataclass(frozen=True, slots=True)
class Source:
    """One Python file. path: from the top of the project, with slashes; module: as it is imported."""

    path: str
    module: str
    text: str
    tree: ast.Module

    def at(self, line: int) -> str:
        """Where a rule is broken, as editors and terminals understand it."""
        return f"{self.path}:{line}"

    @property
    def is_package(self) -> bool:
        return self.path.endswith("/__init__.py")


@dataclass(frozen=True, slots=True)
class Import:
    """One imported thing. target: dotted and absolute, with the imported name at its end (`cache.store.RRsetCache`)."""

    target: str
    line: int


def source_of(text: str, path: str) -> Source:
    """The Source that `text` would be if it stood at `path`."""
    module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return Source(path, module, text, ast.parse(text, path))


@cache
def product() -> tuple[Source, ...]:
    """Every file of the three packages."""
    return tuple(source for package in PACKAGES for source in _read(ROOT / package))


@cache
def all_tests() -> tuple[Source, ...]:
    """Every file below tests/."""
    return tuple(_read(ROOT / "tests"))


def imports(source: Source) -> Iterator[Import]:
    """Everything `source` imports, also inside functions; relative imports are made absolute."""
    package = source.module if source.is_package else source.module.rpartition(".")[0]
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (Import(f"{base}.{alias.name}", node.lineno) for alias in node.names)


def is_within(module: str, package: str) -> bool:
    """Is `module` the package, or something inside it?"""
    return module == package or module.startswith(package + ".")


def is_within_any(module: str, packages: frozenset[str]) -> bool:
    return any(is_within(module, package) for package in packages)


def dotted(node: ast.expr) -> str | None:
    """`a.b.c` as text; None for anything that is no plain chain of names."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return ".".join([node.id, *reversed(parts)])


def assert_none(violations: list[str]) -> None:
    """Fail with one line per violation: file:line, what stands there, and the rule."""
    assert not violations, "\n" + "\n".join(violations)


def _read(folder: Path) -> Iterator[Source]:
    for file in sorted(folder.rglob("*.py")):
        yield source_of(file.read_text(), file.relative_to(ROOT).as_posix())
