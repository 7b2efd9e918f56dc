"""A value class (cache/value.py) is made of its constructor's parameters, all of them, and nobody changes one."""

import ast
from collections.abc import Iterator
from typing import Final

import pytest

from tests.architecture.source import Source, assert_none, dotted, product, source_of

VALUE: Final = "Value"
SHARED: Final = frozenset({"owner"})  # may be made the same object as an equal one: nobody can tell


def faults(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef) and VALUE in map(dotted, node.bases):
            yield from (f"{source.at(node.lineno)}: {node.name}: {fault}" for fault in _faults_of(node))


def _faults_of(value: ast.ClassDef) -> Iterator[str]:
    methods = {one.name: one for one in value.body if isinstance(one, ast.FunctionDef)}
    if "__init__" not in methods or "parts" not in methods:
        yield "a value has a constructor and `parts`"
        return
    arguments = methods["__init__"].args
    parameters = [one.arg for one in (*arguments.args[1:], *arguments.kwonlyargs)]
    parts = [node.attr for node in ast.walk(methods["parts"]) if isinstance(node, ast.Attribute)]
    if parts != parameters:
        yield f"`parts` gives {', '.join(parts)}, the constructor takes {', '.join(parameters)}"
    set_in_constructor = list(_set(methods["__init__"]))
    if sorted(name for name, _ in set_in_constructor) != sorted(_slots(value)):
        yield "__slots__ are the attributes that the constructor sets"
    for name, is_final in set_in_constructor:
        if not is_final and name not in SHARED:
            yield f"{name} is not Final"


def _set(function: ast.FunctionDef) -> Iterator[tuple[str, bool]]:
    """The attributes that are set in it, each with whether it is declared Final."""
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr, any(_declares(one, node) for one in ast.walk(function))


def _declares(statement: ast.AST, target: ast.Attribute) -> bool:
    if not isinstance(statement, ast.AnnAssign) or statement.target is not target:
        return False
    kind = statement.annotation
    return dotted(kind.value if isinstance(kind, ast.Subscript) else kind) == "Final"


def _slots(value: ast.ClassDef) -> list[str]:
    for one in value.body:
        if isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == "__slots__":
            return [node.value for node in ast.walk(one.value) if isinstance(node, ast.Constant)]  # type: ignore[misc]  # texts
    return []


def test_values_are_all_of_their_parts() -> None:
    assert_none([fault for source in product() for fault in faults(source)])


GOOD: Final = """
class Pair(Value):
    __slots__ = ("left", "right")
    def __init__(self, left: int, *, right: int) -> None:
        self.left: Final = left
        self.right: Final[int] = right
    def parts(self) -> tuple[object, ...]:
        return self.left, self.right
"""


def test_a_value_passes() -> None:
    assert not list(faults(source_of(GOOD, "cache/pair.py")))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("self.left: Final = left", "self.left = left", id="an attribute that can be changed"),
        pytest.param("return self.left, self.right", "return (self.left,)", id="a part that does not count"),
        pytest.param("return self.left, self.right", "return self.right, self.left", id="parts in another order"),
        pytest.param('("left", "right")', '("left",)', id="an attribute without a slot"),
        pytest.param("def parts", "def others", id="no parts"),
    ],
)
def test_a_value_that_is_none_is_seen(old: str, new: str) -> None:
    assert list(faults(source_of(GOOD.replace(old, new), "cache/pair.py")))
