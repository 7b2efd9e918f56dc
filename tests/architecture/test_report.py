"""The report for reviewers sees what it says it sees."""

import ast

import pytest

from tests.architecture.report import nesting, remarks
from tests.architecture.source import source_of


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        pytest.param("x = 1\n" * 401, "401 lines", id="a long file"),
        pytest.param("def f():\n" + "    x = 1\n" * 60, "f: 61 lines", id="a long function"),
        pytest.param("def f(a, b, c, d, e, g): ...", "f: 6 parameters", id="many parameters"),
        pytest.param("def f(a: bool, b: bool, c: bool): ...", "f: 3 bool parameters", id="many flags"),
        pytest.param("class C:\n    a: bool\n    b: bool\n    c: bool", "C: 3 bool fields", id="many bool fields"),
    ],
)
def test_what_is_reported(text: str, remark: str) -> None:
    assert any(remark in found for found in remarks(source_of(text, "cache/ttl.py")))


def test_self_is_no_parameter_and_elif_is_no_depth() -> None:
    assert not list(remarks(source_of("class C:\n    def f(self, a, b, c, d, e): ...", "cache/ttl.py")))
    assert nesting(ast.parse("if a:\n    pass\nelif b:\n    pass\nelif c:\n    pass")) == 1
