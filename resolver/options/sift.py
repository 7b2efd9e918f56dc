"""Which keys of a config are sound: each is held against its type, so that all faults are found and not only the first."""

import difflib
import re
from collections.abc import Iterator
from typing import Annotated, Final, get_args, get_origin

import msgspec

from resolver.options.checks import fault_of_value
from resolver.options.expected import expected
from resolver.options.places import Key
from resolver.options.problems import BadKey

NEAR_ENOUGH: Final = 0.5  # difflib's ratio: below it, two keys have nothing to do with each other
TIMES: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
OCTETS: Final = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
WITH_UNIT: Final = re.compile(r"(\d+(?:\.\d+)?) ?([a-zA-Z])(?:i?[bB])?")
MAX_SHOWN: Final = 40  # characters of a wrong value that are repeated in the error


def sift(table: dict[str, object], struct: type[msgspec.Struct], above: Key = ()) -> Iterator[BadKey]:
    """The faults of `table`, which should hold the fields of `struct`; `above` is the table's own key."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    for name, value in table.items():
        if name not in fields:
            yield BadKey((*above, name), _unknown(name, list(fields)))
            continue
        yield from _sift_value(value, fields[name].type, (*above, name))
    for name, field in fields.items():
        if field.required and name not in table:
            yield BadKey(above, f"{name} is missing: expected {expected(field.type)}")


def _sift_value(value: object, annotation: object, key: Key) -> Iterator[BadKey]:
    struct, is_array = _struct_in(annotation)
    if struct is None and _is_table(annotation):
        yield from _sift_entries(value, annotation, key)
    elif struct is None:
        yield from _sift_leaf(value, annotation, key)
    elif is_array:
        yield from _sift_array(value, struct, key)
    elif isinstance(value, dict):
        yield from sift(value, struct, key)
    else:
        yield BadKey(key, f"expected the table [{key[-1]}], not {_shown(value)}")


def _sift_array(value: object, struct: type[msgspec.Struct], key: Key) -> Iterator[BadKey]:
    if not isinstance(value, list) or not all(isinstance(element, dict) for element in value):
        yield BadKey(key, f"expected tables, each headed [[{key[-1]}]], not {_shown(value)}")
        return
    for index, element in enumerate(value):
        yield from sift(element, struct, (*key, index))


def _sift_entries(value: object, annotation: object, key: Key) -> Iterator[BadKey]:
    """A table whose keys the operator chooses, such as [networks]."""
    if not isinstance(value, dict):
        yield BadKey(key, f"expected the table [{key[-1]}], not {_shown(value)}")
        return
    item = get_args(_plain(annotation))[1]
    for name, entry in value.items():
        yield from _sift_leaf(entry, item, (*key, name))


def _sift_leaf(value: object, annotation: object, key: Key) -> Iterator[BadKey]:
    try:
        sound = msgspec.convert(value, annotation)
    except msgspec.ValidationError:
        yield BadKey(key, f"expected {expected(annotation)}, not {_shown(value)}{without_unit(key, value)}")
        return
    wrong = fault_of_value(key, sound)
    if wrong:
        yield BadKey(key, wrong)


def without_unit(key: Key, value: object) -> str:
    """What a number with a unit is without it, for an operator who is used to units; "" for anything else."""
    found = WITH_UNIT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return ""
    number, unit = found.groups()
    what, factors = ("octets", OCTETS) if str(key[-1]).endswith("octets") else ("seconds", TIMES)
    factor = factors.get(unit.lower())
    return f": write it without a unit, as {float(number) * factor:.0f} {what}" if factor else ""


def _unknown(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=NEAR_ENOUGH)
    return "unknown key: " + (f"did you mean {near[0]}?" if near else f"expected one of {', '.join(known)}")


def _struct_in(annotation: object) -> tuple[type[msgspec.Struct] | None, bool]:
    """The Struct that a table, or each table of an array, has to fit; None for a plain value."""
    plain = _plain(annotation)
    is_array = get_origin(plain) in (tuple, list)
    item = _plain(get_args(plain)[0]) if is_array else plain
    if isinstance(item, type) and issubclass(item, msgspec.Struct):
        return item, is_array
    return None, False


def _is_table(annotation: object) -> bool:
    return get_origin(_plain(annotation)) is dict


def _plain(annotation: object) -> object:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _shown(value: object) -> str:
    text = {True: "true", False: "false"}[value] if isinstance(value, bool) else repr(value).replace("'", '"')
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"
