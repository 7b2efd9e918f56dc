"""A silenced checker says which rule and why: `# type: ignore[code]  # why`, `# noqa: CODE  # why`; a match is closed."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from typing import Final

import pytest

from tests.architecture.source import Source, all_tests, assert_none, product, source_of

SILENCED: Final = re.compile(r"#\s*(type:\s*ignore|noqa|mypy:|ruff:)")
CODES: Final = r"[A-Z]+\d+(, ?[A-Z]+\d+)*"
WITH_REASON: Final = re.compile(rf"#\s*(type: ignore\[[a-z-]+(, ?[a-z-]+)*\]|(ruff: )?noqa: {CODES})\s+(#|--)\s+\S+")


def unreasoned(source: Source) -> Iterator[str]:
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type == tokenize.COMMENT and SILENCED.search(token.string) and not WITH_REASON.search(token.string):
            yield f"{source.at(token.start[0])}: {token.string}: name the code and say why behind a second #"


def open_matches(source: Source) -> Iterator[str]:
    """Matches on the classes of a union that a further class would fall through in silence.

    Closed is what ends in `case other: assert_never(other)`, and what returns a value in each case: mypy misses a return.
    """
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Match):
            continue
        named = [case for case in node.cases if not _takes_all(case)]
        is_on_classes = all(_is_one_class(case.pattern) for case in named)
        if is_on_classes and len(named) == len(node.cases) and not all(_gives_a_value(case.body[-1]) for case in named):
            yield f"{source.at(node.lineno)}: this match is not closed: end it with `case other: assert_never(other)`"


def _takes_all(case: ast.match_case) -> bool:
    return isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None and case.guard is None


def _gives_a_value(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Raise) or (isinstance(statement, ast.Return) and statement.value is not None)


def _is_one_class(pattern: ast.pattern) -> bool:
    """`RRset()`, `RRset() as found`, `RRset() | Denial()`."""
    if isinstance(pattern, ast.MatchAs) and pattern.pattern is not None:
        return _is_one_class(pattern.pattern)
    if isinstance(pattern, ast.MatchOr):
        return all(map(_is_one_class, pattern.patterns))
    return isinstance(pattern, ast.MatchClass)


def test_every_silenced_checker_has_its_code_and_reason() -> None:
    assert_none([found for source in (*product(), *all_tests()) for found in unreasoned(source)])


def test_every_match_on_a_union_is_closed() -> None:
    assert_none([found for source in product() for found in open_matches(source)])


@pytest.mark.parametrize(
    ("text", "is_seen"),
    [
        pytest.param("x = 1  # type: ignore", True, id="no code"),
        pytest.param("x = 1  # type: ignore[arg-type]", True, id="no reason"),
        pytest.param("x = 1  # noqa: E501", True, id="noqa without reason"),
        pytest.param("x = 1  # type: ignore[arg-type]  # apsw's stubs say int", False, id="code and reason"),
        pytest.param("x = 1  # noqa: E501  # a URL", False, id="noqa with reason"),
        pytest.param("# ruff: noqa: ASYNC240 -- these tests break files", False, id="a file's rule with reason"),
        pytest.param("x = '# type: ignore'", False, id="inside a string"),
    ],
)
def test_what_a_silenced_checker_must_say(text: str, is_seen: bool) -> None:
    assert bool(list(unreasoned(source_of(text, "cache/ttl.py")))) == is_seen


@pytest.mark.parametrize(
    ("last", "is_seen"),
    [
        pytest.param("case Denied():\n        pass", True, id="a class"),
        pytest.param("case _:\n        pass", False, id="the wildcard"),
        pytest.param("case Denied():\n        return 1", True, id="a value from one case only"),
        pytest.param("case never:\n        assert_never(never)", False, id="assert_never"),
    ],
)
def test_when_a_match_is_closed(last: str, is_seen: bool) -> None:
    text = f"match verdict:\n    case Answered():\n        pass\n    {last}\n"
    assert bool(list(open_matches(source_of(text, "cache/ttl.py")))) == is_seen
