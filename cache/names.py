"""A domain name as the cache keeps it: lower-cased, uncompressed wire bytes.

One representation everywhere means that comparing, hashing and walking up a name are plain bytes operations.
Length octets are 0..63 and therefore never touched by `bytes.lower()` ('A' is 65).
"""

import string
from collections.abc import Iterator
from typing import Final, NewType

from mypy_extensions import i64

WireName = NewType("WireName", bytes)

ROOT: Final = WireName(b"\0")
MAX_NAME_OCTETS: Final = 255  # RFC 1035 §2.3.4
MAX_LABEL_OCTETS: Final = 63  # RFC 1035 §2.3.4
UPPER_A: Final = 0x41
UPPER_Z: Final = 0x5A
PLAIN_OCTETS: Final = (string.ascii_letters + string.digits + "-_*/.").encode()  # nearly all names have no others


class BadName(ValueError):
    """Text that is no domain name; the message says what is wrong and where."""


def fold(name: bytes) -> WireName:
    """Lower-case a well-formed uncompressed wire name (RFC 4343). What is in lower case already is not copied."""
    at: i64 = 0
    octets = len(name)
    while at < octets:  # compiled, this takes no call, and a third of `lower`; most names are in lower case
        if UPPER_A <= name[at] <= UPPER_Z:
            return WireName(name.lower())
        at += 1
    return WireName(name)


def parent(name: WireName) -> WireName:
    """The name one label up. The root is its own parent."""
    return WireName(name[1 + name[0] :]) if name[0] else name


def is_at_or_below(name: WireName, zone: WireName) -> bool:
    """Is `name` the apex of `zone` or a name below it? Compares whole labels."""
    surplus = len(name) - len(zone)
    if surplus < 0 or not name.endswith(zone):
        return False
    at = 0
    while at < surplus:
        at += 1 + name[at]
    return at == surplus


def is_below(name: WireName, zone: WireName) -> bool:
    """Is `name` strictly below `zone`?"""
    return name != zone and is_at_or_below(name, zone)


def ancestors(name: WireName) -> Iterator[WireName]:
    """`name` itself, then each name above it, the root last."""
    while name[0]:
        yield name
        name = WireName(name[1 + name[0] :])
    yield name


def labels(name: bytes) -> list[bytes]:
    """The labels from left to right, without the root's empty one."""
    found = []
    at = 0
    while name[at]:
        found.append(name[at + 1 : at + 1 + name[at]])
        at += 1 + name[at]
    return found


def count_labels(name: WireName) -> int:
    """How many labels the name has; the root has none."""
    count = at = 0
    while name[at]:
        count += 1
        at += 1 + name[at]
    return count


def prepend(label: bytes, name: WireName) -> WireName | None:
    """`label` put before `name`; None when the result would not be a name (RFC 1035 §2.3.4)."""
    if not 0 < len(label) <= MAX_LABEL_OCTETS or len(label) + 1 + len(name) > MAX_NAME_OCTETS:
        return None
    return WireName(bytes((len(label),)) + label.lower() + name)


def substitute(name: WireName, owner: WireName, target: WireName) -> WireName | None:
    """DNAME substitution (RFC 6672 §2.2): `name`'s suffix `owner` replaced by `target`.

    None when the result is longer than 255 octets, which the client must see as YXDOMAIN.
    `name` must be strictly below `owner`.
    """
    assert is_below(name, owner)
    replaced = name[: len(name) - len(owner)] + target
    return WireName(replaced) if len(replaced) <= MAX_NAME_OCTETS else None


def to_text(name: bytes) -> str:
    """Presentation form with a final dot (RFC 1035 §5.1): dots, quotes and non-ASCII octets escaped."""
    if name == ROOT:
        return "."
    found = labels(name)
    joined = b".".join(found)
    if not joined.translate(None, PLAIN_OCTETS) and joined.count(b".") == len(found) - 1:
        return joined.decode() + "."
    return ".".join("".join(map(_octet_text, label)) for label in found) + "."


def from_text(text: str) -> WireName:
    """The name that `text` presents, taken as absolute with or without its final dot.

    Raises BadName for empty and over-long labels, over-long names, bad escapes and non-ASCII text.
    """
    if text == ".":
        return ROOT
    wire = bytearray()
    for label in _split(text):
        if not label:
            raise BadName(f"empty label in {text!r}")
        if len(label) > MAX_LABEL_OCTETS:
            raise BadName(f"label of {len(label)} octets in {text!r}: at most {MAX_LABEL_OCTETS} fit")
        wire.append(len(label))
        wire += label
    wire.append(0)
    if len(wire) > MAX_NAME_OCTETS:
        raise BadName(f"{text!r} takes {len(wire)} octets: at most {MAX_NAME_OCTETS} fit")
    return fold(bytes(wire))


def _octet_text(octet: int) -> str:
    if octet in b'."\\;()@$':
        return "\\" + chr(octet)
    return chr(octet) if 0x21 <= octet <= 0x7E else f"\\{octet:03d}"


def _split(text: str) -> list[bytes]:
    if not text:
        raise BadName("an empty name")
    if "\\" not in text and text.isascii() and "\x7f" not in text:
        return text.removesuffix(".").encode().split(b".")
    parts = [bytearray()]
    at = 0
    while at < len(text):
        char = text[at]
        at += 1
        if char == ".":
            parts.append(bytearray())
            continue
        if char == "\\":
            octet, at = _unescape(text, at)
        else:
            octet = ord(char)
            if octet > 0x7E:
                raise BadName(f"{char!r} in {text!r} is not ASCII: write it as an A-label (xn--…)")
        parts[-1].append(octet)
    if not parts[-1] and len(parts) > 1:
        parts.pop()  # the final dot
    return [bytes(part) for part in parts]


def _unescape(text: str, at: int) -> tuple[int, int]:
    """The octet escaped at `at` (just after the backslash) and the place behind it."""
    digits = text[at : at + 3]
    if digits[:1].isdigit():
        if len(digits) == 3 and digits.isdecimal() and digits.isascii() and int(digits) <= 255:
            return int(digits), at + 3
        raise BadName(f"bad escape \\{digits} in {text!r}: three digits up to 255 are expected")
    if not digits or ord(digits[0]) > 0x7E:
        raise BadName(f"bad escape at the end of {text!r}")
    return ord(digits[0]), at + 1
