"""What a type accepts, in words."""

from enum import Enum
from typing import Annotated, Literal

import msgspec
import pytest

from resolver.options.expected import expected, limits


class Level(Enum):
    LOW = "low"
    HIGH = "high"


Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]


@pytest.mark.parametrize(
    ("annotation", "words", "span"),
    [
        pytest.param(bool, "true or false", "", id="bool"),
        pytest.param(int, "a whole number", "", id="int without range"),
        pytest.param(Port, "a whole number from 1 to 65535", "1 to 65535", id="range"),
        pytest.param(Seconds, "a number more than 0", "more than 0", id="open range"),
        pytest.param(
            Annotated[int, msgspec.Meta(ge=0, lt=9)],
            "a whole number at least 0 and less than 9",
            "at least 0 and less than 9",
            id="half-open",
        ),
        pytest.param(str, "a text", "", id="str"),
        pytest.param(Annotated[str, msgspec.Meta(min_length=1)], "a text that is not empty", "", id="non-empty"),
        pytest.param(Literal["warning", "error"], 'one of "warning", "error"', "warning | error", id="literal"),
        pytest.param(Level, 'one of "low", "high"', "low | high", id="enum"),
        pytest.param(tuple[str, ...], "an array, each item a text", "", id="array"),
        pytest.param(
            Annotated[tuple[Port, ...], msgspec.Meta(min_length=1)],
            "an array of at least 1, each item a whole number from 1 to 65535",
            "",
            id="non-empty array",
        ),
        pytest.param(
            Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=9)],
            "an array of at least 1 and at most 9, each item a text",
            "",
            id="bounded array",
        ),
        pytest.param(int | str, "a whole number or a text", "", id="union"),
        pytest.param(dict[str, int], "a table", "", id="table"),
    ],
)
def test_a_type_says_what_it_accepts(annotation: object, words: str, span: str) -> None:
    assert (expected(annotation), limits(annotation)) == (words, span)
