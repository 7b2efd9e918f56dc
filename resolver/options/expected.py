"""What a type of an option accepts, in words: for the error about a wrong value and for the printed reference."""

from enum import Enum
from typing import Annotated, Literal, get_args, get_origin

import msgspec.inspect as inspect


def expected(annotation: object) -> str:
    """What values of this type look like in TOML, as the object of «expected …»."""
    choices = _choices(annotation)
    if choices:
        return "one of " + ", ".join(f'"{choice}"' for choice in choices)
    return _words(_bare(inspect.type_info(annotation)))


def limits(annotation: object) -> str:
    """The range or the choices of this type, shortly; "" where there is nothing to say."""
    kind = _bare(inspect.type_info(annotation))
    if isinstance(kind, inspect.IntType | inspect.FloatType):
        return _span(kind)
    return " | ".join(_choices(annotation))


def _choices(annotation: object) -> list[str]:
    """The values of a Literal or an Enum in the order they were written in, which msgspec's own view of them has not."""
    plain = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    if get_origin(plain) is Literal:
        return [str(value) for value in get_args(plain)]
    if isinstance(plain, type) and issubclass(plain, Enum):
        return [str(member.value) for member in plain]
    return []


def _bare(kind: inspect.Type) -> inspect.Type:
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    return kind


def _words(kind: inspect.Type) -> str:
    match kind:
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType():
            return f"a whole number {_span(kind, 'from ')}".rstrip()
        case inspect.FloatType():
            return f"a number {_span(kind, 'from ')}".rstrip()
        case inspect.StrType(min_length=least):
            return "a text that is not empty" if least else "a text"
        case inspect.ListType() | inspect.VarTupleType():
            ends = (("at least", kind.min_length), ("at most", kind.max_length))
            bounds = " and".join(f" {word} {end}" for word, end in ends if end is not None)
            return f"an array{f' of{bounds}' if bounds else ''}, each item {_words(_bare(kind.item_type))}"
        case inspect.UnionType(types=types):
            return " or ".join(_words(_bare(one)) for one in types)
    return "a table"


def _span(kind: inspect.IntType | inspect.FloatType, preposition: str = "") -> str:
    if kind.ge is not None and kind.le is not None:
        return f"{preposition}{kind.ge} to {kind.le}"
    ends = (("at least", kind.ge), ("more than", kind.gt), ("at most", kind.le), ("less than", kind.lt))
    return " and ".join(f"{word} {end}" for word, end in ends if end is not None)
