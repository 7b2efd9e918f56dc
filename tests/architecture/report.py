"""What a reviewer should look at: `make report` lists what is long, wide or deep. The answer may be "it is a table"."""

import ast
import sys
from collections.abc import Iterator
from typing import Final

from tests.architecture.source import Source, all_tests, dotted, product

MAX_FILE_LINES: Final = 400
MAX_FUNCTION_LINES: Final = 60
MAX_PARAMETERS: Final = 5
MAX_BOOLS: Final = 2
MAX_NESTING: Final = 3

Function = ast.FunctionDef | ast.AsyncFunctionDef
NESTING: Final = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)


def remarks(source: Source) -> Iterator[str]:
    lines = source.text.count("\n")
    if lines > MAX_FILE_LINES:
        yield f"{source.at(1)}: {lines} lines"
    for node in ast.walk(source.tree):
        if isinstance(node, Function):
            yield from (f"{source.at(node.lineno)}: {node.name}: {remark}" for remark in _of_function(node))
        elif isinstance(node, ast.ClassDef) and (bools := _bool_fields(node)) > MAX_BOOLS:
            yield f"{source.at(node.lineno)}: {node.name}: {bools} bool fields: an Enum or a union is missing"


def _of_function(function: Function) -> Iterator[str]:
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    if lines > MAX_FUNCTION_LINES:
        yield f"{lines} lines"
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    parameters = [one for one in arguments if one.arg not in {"self", "cls"}]
    if len(parameters) > MAX_PARAMETERS:
        yield f"{len(parameters)} parameters"
    bools = sum(one.annotation is not None and dotted(one.annotation) == "bool" for one in parameters)
    if bools > MAX_BOOLS:
        yield f"{bools} bool parameters"
    depth = nesting(function)
    if depth > MAX_NESTING:
        yield f"nested {depth} deep"


def nesting(node: ast.AST, depth: int = 0) -> int:
    """How deep blocks stand in each other below `node`; an elif is as deep as its if."""
    deepest = depth
    for child in ast.iter_child_nodes(node):
        is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
        deepest = max(deepest, nesting(child, depth + (isinstance(child, NESTING) and not is_elif)))
    return deepest


def _bool_fields(node: ast.ClassDef) -> int:
    return sum(isinstance(field, ast.AnnAssign) and dotted(field.annotation) == "bool" for field in node.body)


def main() -> None:
    everywhere = [remark for source in product() for remark in remarks(source)]
    long_tests = [remark for source in all_tests() for remark in remarks(source) if remark.endswith(" lines")]
    sys.stdout.writelines(f"{remark}\n" for remark in [*everywhere, *long_tests])


if __name__ == "__main__":
    main()
