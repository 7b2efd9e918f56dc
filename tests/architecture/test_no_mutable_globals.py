"""Nothing at module level changes while the program runs: state has an owner that is passed on (style.md, point 3)."""

import ast
from collections.abc import Iterator
from typing import Final

import pytest

from tests.architecture.source import Source, assert_none, dotted, product, source_of

LITERALS: Final = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
MAKERS: Final = frozenset(
    {"list", "dict", "set", "bytearray", "defaultdict", "deque", "Counter", "OrderedDict"}
    | {"LRUCache", "TTLCache", "LFUCache", "FIFOCache", "Cache", "count", "cycle"}
)


def mutable_globals(source: Source) -> Iterator[str]:
    """Module-level names in lower case that hold something mutable; a constant's name is in capitals."""
    for statement in source.tree.body:
        if isinstance(statement, ast.Assign):
            targets, value = statement.targets, statement.value
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets, value = [statement.target], statement.value
        else:
            continue
        for target in targets:
            if isinstance(target, ast.Name) and not _is_constant(target.id) and _is_mutable(value):
                yield f"{source.at(statement.lineno)}: {target.id} is mutable state at module level: give it an owner"


def rebound_globals(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Global):
            yield f"{source.at(node.lineno)}: `global {', '.join(node.names)}`: give this state an owner"


def changed_constants(source: Source) -> Iterator[str]:
    """Constants that the module itself puts something into."""
    constants = {
        node.id
        for statement in source.tree.body
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id.strip("_").isupper()
    }
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
            name = dotted(node.value)
            if name in constants:
                yield f"{source.at(node.lineno)}: {name} is written to: a constant stays as it is"


def unbounded_memos(source: Source) -> Iterator[str]:
    """A memo on a function with arguments is a module-level map; it needs a bound (style.md, point 17)."""
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.FunctionDef) or not (node.args.args or node.args.kwonlyargs):
            continue
        for decorator in node.decorator_list:
            if _is_unbounded_memo(decorator):
                yield f"{source.at(node.lineno)}: {node.name} is remembered without bound: lru_cache(maxsize=…)"


def _is_constant(name: str) -> bool:
    return name.strip("_").isupper() or name == "__all__"


def _is_mutable(value: ast.expr) -> bool:
    if isinstance(value, ast.Call):
        return (dotted(value.func) or "").rpartition(".")[2] in MAKERS
    return isinstance(value, LITERALS)


def _is_unbounded_memo(decorator: ast.expr) -> bool:
    if isinstance(decorator, ast.Call):
        sizes = [*decorator.args, *(keyword.value for keyword in decorator.keywords if keyword.arg == "maxsize")]
        named = (dotted(decorator.func) or "").rpartition(".")[2]
        return named == "lru_cache" and any(isinstance(size, ast.Constant) and size.value is None for size in sizes)
    return dotted(decorator) in {"cache", "functools.cache"}


def test_no_module_holds_mutable_state() -> None:
    assert_none([found for source in product() for found in mutable_globals(source)])


def test_no_function_rebinds_a_global() -> None:
    assert_none([found for source in product() for found in rebound_globals(source)])


def test_constants_stay_constant() -> None:
    assert_none([found for source in product() for found in changed_constants(source)])


def test_every_memo_has_a_bound() -> None:
    assert_none([found for source in product() for found in unbounded_memos(source)])


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("seen = {}", id="a dict"),
        pytest.param("_seen: set[int] = set()", id="annotated and private"),
        pytest.param("import collections\nqueue = collections.deque()", id="a deque by its full name"),
        pytest.param("squares = [x * x for x in range(9)]", id="a comprehension"),
    ],
)
def test_a_mutable_global_is_seen(text: str) -> None:
    assert list(mutable_globals(source_of(text, "cache/ttl.py")))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("NAMES = {1: 'A'}", id="a table"),
        pytest.param("__all__ = ['find']", id="the public names"),
        pytest.param("log = get_logger()", id="a logger"),
        pytest.param("def f():\n    seen = {}", id="inside a function"),
    ],
)
def test_a_constant_passes(text: str) -> None:
    assert not list(mutable_globals(source_of(text, "cache/ttl.py")))


def test_a_constant_that_is_written_to_is_seen() -> None:
    assert list(changed_constants(source_of("SEEN = {}\ndef f(x):\n    SEEN[x] = 1", "cache/ttl.py")))


def test_an_unbounded_memo_is_seen() -> None:
    text = "import functools\n@functools.cache\ndef f(x):\n    return x\n@functools.lru_cache(maxsize=9)\ndef g(x): ..."
    assert len(list(unbounded_memos(source_of(text, "cache/ttl.py")))) == 1
