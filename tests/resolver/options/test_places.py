"""Where keys stand in a TOML text."""

import pytest

from resolver.options.places import Key, key_text, line_of, places

TEXT = '''\
# a comment
top = 1

[listen]
addresses = [   # over several lines, with "quotes = 1" inside
    "127.0.0.1:53",
    "[::1]:53",
]
last = """
[not a header]
cache = 1
"""
[cache]
max_ttl = 1
inline = { deep = 2, other = 3 }
dotted.name = 4
[networks]
"127.0.0.0/8" = 24
[[forward]]
zone = "corp.example"
[[forward]]  # the second
zone = "other.example"
[forward.below]
key = 1
[a.b.c]
d = 1
f = { g = [
  "]",
], h = 1 }
e = 1
'''


@pytest.mark.parametrize(
    ("key", "line"),
    [
        pytest.param(("top",), 2, id="before any table"),
        pytest.param(("listen",), 4, id="table header"),
        pytest.param(("listen", "addresses"), 5, id="array over several lines"),
        pytest.param(("listen", "last"), 9, id="text over several lines"),
        pytest.param(("cache",), 13, id="a header inside a text is none"),
        pytest.param(("cache", "max_ttl"), 14, id="key"),
        pytest.param(("cache", "inline", "other"), 15, id="inline table"),
        pytest.param(("cache", "dotted", "name"), 16, id="dotted key"),
        pytest.param(("networks", "127.0.0.0/8"), 18, id="quoted key"),
        pytest.param(("forward", 0, "zone"), 20, id="first of an array of tables"),
        pytest.param(("forward", 1), 21, id="header of its second element"),
        pytest.param(("forward", 1, "zone"), 22, id="second of an array of tables"),
        pytest.param(("forward", 1, "below", "key"), 24, id="table below an element"),
        pytest.param(("a", "b", "c", "e"), 30, id="after an inline table over several lines"),
        pytest.param(("a", "b", "c", "d"), 26, id="header of several names"),
    ],
)
def test_every_key_has_the_line_it_begins_on(key: Key, line: int) -> None:
    assert places(TEXT)[key] == line


def test_a_key_that_is_not_written_down_has_the_line_of_the_table_around_it() -> None:
    assert line_of(("forward", 1, "servers"), places(TEXT)) == 21


def test_a_key_of_a_table_that_is_not_written_down_has_no_line() -> None:
    assert line_of(("stale", "enabled"), places(TEXT)) is None


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ((), ""),
        (("cache", "max_ttl"), "cache.max_ttl"),
        (("forward", 1, "zone"), "forward[1].zone"),
        (("networks", "::1/128"), 'networks."::1/128"'),
    ],
)
def test_a_key_is_written_as_in_the_file(key: Key, text: str) -> None:
    assert key_text(key) == text
