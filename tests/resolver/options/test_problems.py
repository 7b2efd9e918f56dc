"""What is wrong in a config, as it is printed."""

import pytest

from resolver.options.problems import ConfigError, Problem


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        pytest.param(
            Problem("a.toml", 7, "cache.max_ttl", "expected x"), "a.toml:7: cache.max_ttl: expected x", id="all"
        ),
        pytest.param(Problem("a.toml", 7, "", "expected TOML"), "a.toml:7: expected TOML", id="no key"),
        pytest.param(Problem("a.toml", None, "stale", "expected x"), "a.toml: stale: expected x", id="no line"),
    ],
)
def test_a_problem_names_its_place_first(problem: Problem, text: str) -> None:
    assert str(problem) == text


def test_an_error_lists_its_problems_in_the_order_of_lines() -> None:
    later, earlier = Problem("a.toml", 9, "b", "wrong"), Problem("a.toml", 2, "a", "wrong")
    assert str(ConfigError([later, earlier])) == f"{earlier}\n{later}"
