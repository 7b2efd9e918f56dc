"""Every small change of a rule: `python -m tests.cache.mutations` lists them, and which ones the rule's tests do not notice.

A mutant is one changed place in the source of a module: a comparison one step over, `and` for `or`, a `not` left out, a
condition that always or never holds, a constant one off, `min` for `max`, a member of a set left out. The tests of the
module's mirror are then run on the mutant, in this process: they are tables of cases and take some milliseconds.
"""

import ast
import copy
import itertools
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Final

ROOT: Final = Path(__file__).parents[2]
MODULES: Final = ("ranking", "ttl", "staleness")
OVER: Final[Mapping[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
OTHER_OPERATOR: Final[Mapping[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
}
OTHER_NAME: Final = {"min": "max", "max": "min", "any": "all", "all": "any"}


class Mutant:
    """A changed module. text: the place and its change, for people."""

    def __init__(self, module: str, tree: ast.Module, text: str) -> None:
        self.module = module
        self.text = text
        self._tree = tree

    def unchanged(self) -> "Mutant":
        """The module as it is."""
        return Mutant(self.module, ast.parse(_source_of(self.module)), "")

    def survives(self) -> bool:
        """Do all tests of the module pass on it?"""
        name = f"cache.{self.module}"
        code = compile(ast.fix_missing_locations(self._tree), name, "exec")
        usual = sys.modules[name]
        mutated = ModuleType(name)
        sys.modules[name] = mutated
        try:
            exec(code, vars(mutated))  # noqa: S102  # our own source
            return all(_passes(test) for test in _tests_of(self.module))
        except Exception:  # whatever it broke, it was noticed
            return False
        finally:
            sys.modules[name] = usual


def mutants(module: str) -> Iterator[Mutant]:
    """Each change of one place of `cache/<module>.py`."""
    tree = ast.parse(_source_of(module))
    for place, node in enumerate(ast.walk(tree)):
        for changed in _changes(node):
            copied = copy.deepcopy(tree)
            here = next(itertools.islice(ast.walk(copied), place, None))
            change = " ".join(f"{ast.unparse(node)} -> {ast.unparse(changed)}".split())
            text = f"{module}:{getattr(node, 'lineno', 0)} {change}"
            here.__class__ = changed.__class__  # in place, so that its parent holds it
            here.__dict__.clear()
            here.__dict__.update(vars(changed))
            yield Mutant(module, copied, text)


def _source_of(module: str) -> str:
    return (ROOT / "cache" / f"{module}.py").read_text()


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            for at, op in enumerate(ops):
                yield ast.copy_location(
                    ast.Compare(left, [*ops[:at], OVER[type(op)](), *ops[at + 1 :]], comparators), node
                )
        case ast.BoolOp(op=op, values=values):
            yield ast.copy_location(ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values), node)
            for at in range(len(values)):
                rest = [*values[:at], *values[at + 1 :]]
                yield rest[0] if len(rest) == 1 else ast.copy_location(ast.BoolOp(op, rest), node)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.If(test=test, body=body, orelse=orelse):
            for always in (True, False):
                yield ast.copy_location(ast.If(ast.copy_location(ast.Constant(always), test), body, orelse), node)
        case ast.IfExp(body=body, orelse=orelse):
            yield body
            yield orelse
        case ast.Constant(value=bool(value)):
            yield ast.copy_location(ast.Constant(not value), node)
        case ast.Constant(value=int(value)):
            yield ast.copy_location(ast.Constant(value + 1), node)
        case ast.Constant(value=float(value)):
            yield ast.copy_location(ast.Constant(value / 2), node)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OTHER_OPERATOR:
            yield ast.copy_location(ast.BinOp(left, OTHER_OPERATOR[type(op)](), right), node)
        case ast.Call(func=ast.Name(id=name) as func, args=args, keywords=keywords):
            if name in OTHER_NAME:
                yield ast.copy_location(
                    ast.Call(ast.copy_location(ast.Name(OTHER_NAME[name], ast.Load()), func), args, keywords), node
                )
            if name in ("min", "max") and len(args) > 2:
                for at in range(len(args)):
                    yield ast.copy_location(ast.Call(func, [*args[:at], *args[at + 1 :]], keywords), node)
            if name == "frozenset" and isinstance(args[0], ast.Tuple):
                for at in range(len(args[0].elts)):
                    fewer = ast.copy_location(
                        ast.Tuple([*args[0].elts[:at], *args[0].elts[at + 1 :]], ast.Load()), node
                    )
                    yield ast.copy_location(ast.Call(func, [fewer], keywords), node)


def _tests_of(module: str) -> list[tuple[FunctionType, list[tuple[object, ...]]]]:
    """The tests of the module's mirror, read anew so that they import what stands in sys.modules now, with their cases."""
    path = ROOT / "tests" / "cache" / f"test_{module}.py"
    namespace: dict[str, object] = {"__name__": f"mutated_{path.stem}"}
    exec(compile(path.read_text(), str(path), "exec"), namespace)  # noqa: S102  # our own tests
    tests = [one for name, one in namespace.items() if name.startswith("test_") and isinstance(one, FunctionType)]
    assert tests, f"no tests in {path}"
    return [(test, _cases_of(test)) for test in tests]


def _cases_of(test: FunctionType) -> list[tuple[object, ...]]:
    """The rows of its one table; a test without a table is one case without arguments."""
    marks = getattr(test, "pytestmark", [])
    assert len(marks) < 2, "one table a test"
    if not marks:
        return [()]
    names, rows = marks[0].args
    is_single = isinstance(names, str)
    values = [getattr(row, "values", row) for row in rows]
    return [(row,) if is_single and not isinstance(row, tuple) else tuple(row) for row in values]


def _passes(test: tuple[FunctionType, list[tuple[object, ...]]]) -> bool:
    function, cases = test
    for case in cases:
        try:
            function(*case)
        except AssertionError:
            return False
    return True


if __name__ == "__main__":
    from importlib import import_module

    for module in MODULES:
        import_module(f"cache.{module}")
        for mutant in mutants(module):
            print("SURVIVES" if mutant.survives() else "fails   ", mutant.text)
