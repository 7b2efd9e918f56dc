"""Names as wire bytes: text in and out, ancestry by whole labels, substitution."""

import dns.name
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.names import (
    ROOT,
    BadName,
    WireName,
    ancestors,
    count_labels,
    fold,
    from_text,
    is_at_or_below,
    is_below,
    labels,
    parent,
    prepend,
    substitute,
    to_text,
)

LABEL = st.binary(min_size=1, max_size=63)
NAMES = (
    st.lists(LABEL, max_size=8)
    .map(lambda parts: b"".join(bytes((len(part),)) + part for part in parts) + b"\0")
    .filter(lambda wire: len(wire) <= 255)
    .map(fold)
)
LONG = ".".join(["a" * 63] * 3)


@given(NAMES)
def test_text_and_wire_say_the_same_as_dnspython_does(name: WireName) -> None:
    assert from_text(to_text(name)) == name
    assert dns.name.from_text(to_text(name)).to_wire() == name


@given(NAMES, NAMES)
def test_being_below_is_what_dnspython_says(name: WireName, zone: WireName) -> None:
    expected = dns.name.from_wire(name, 0)[0].is_subdomain(dns.name.from_wire(zone, 0)[0])
    assert is_at_or_below(name, zone) == expected
    assert is_below(name, zone) == (expected and name != zone)


@given(NAMES, LABEL)
def test_a_prepended_label_is_taken_off_by_parent(name: WireName, label: bytes) -> None:
    longer = prepend(label, name)
    if longer is None:
        assert len(name) + 1 + len(label) > 255
    else:
        assert parent(longer) == name
        assert count_labels(longer) == len(labels(longer)) == count_labels(name) + 1
        assert is_below(longer, name)


def test_labels_are_compared_whole() -> None:
    assert not is_at_or_below(from_text("notexample."), from_text("example."))
    # the octets of `example.` stand at the end of one label's data here, length octet and all
    assert not is_at_or_below(WireName(b"\x09a\x07example\0"), from_text("example."))


def test_ancestors_begin_at_the_name_and_end_at_the_root() -> None:
    assert [to_text(name) for name in ancestors(from_text("www.example."))] == ["www.example.", "example.", "."]
    assert parent(ROOT) == ROOT


def test_letter_case_is_folded_and_length_octets_are_not() -> None:
    assert fold(b"\x03WwW\x07ExAmPlE\0") == from_text("www.example.")
    longest = b"\x3f" + b"Z" * 63 + b"\0"
    assert fold(longest) == b"\x3f" + b"z" * 63 + b"\0"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "an empty name", id="empty"),
        pytest.param("a..b.", "empty label", id="empty label"),
        pytest.param(".a", "empty label", id="leading dot"),
        pytest.param("a" * 64 + ".", "label of 64 octets", id="long label"),
        pytest.param(f"{LONG}.{'b' * 62}.", "takes 256 octets", id="long name"),
        pytest.param("a\\25.", "three digits", id="short escape"),
        pytest.param("a\\256.", "up to 255", id="large escape"),
        pytest.param("a\\", "bad escape at the end", id="escape of nothing"),
        pytest.param("bücher.example.", "xn--", id="not ASCII"),
    ],
)
def test_bad_text_says_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(BadName, match=message):
        from_text(text)


@pytest.mark.parametrize(
    ("name", "owner", "target", "expected"),
    [
        pytest.param("www.old.example.", "old.example.", "new.test.", "www.new.test.", id="plain"),
        pytest.param("a.b.old.example.", "old.example.", ".", "a.b.", id="to the root"),
        pytest.param("a.example.", "example.", f"{LONG}.{'b' * 60}.", None, id="too long"),
    ],
)
def test_substitution(name: str, owner: str, target: str, expected: str | None) -> None:
    result = substitute(from_text(name), from_text(owner), from_text(target))
    assert result == (None if expected is None else from_text(expected))


@given(st.lists(st.binary(min_size=1, max_size=9), max_size=5))
def test_any_octets_of_a_label_survive_their_text(found: list[bytes]) -> None:
    """Dots inside a label, too, which plain names do not have."""
    name = fold(b"".join(bytes((len(label),)) + label for label in found) + b"\0")
    assert from_text(to_text(name)) == name


def test_a_dot_inside_a_label_is_escaped() -> None:
    assert to_text(b"\3a.b\1c\0") == r"a\.b.c."
