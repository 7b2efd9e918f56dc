import io
import random

import dns.name
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.names import MAX_NAME_OCTETS, from_text
from resolver.wire.layout import HEADER_OCTETS, MAX_TARGET, Garbled
from resolver.wire.names import MAX_LOOKED_UP, NamesAt, Spellings, end_of_name, randomise_case, read_name
from tests.resolver.wire.made import names, pointer, wire_of

HEADER = bytes(HEADER_OCTETS)
WWW = from_text("www.example.")
LONGEST = wire_of([b"a" * 63, b"b" * 63, b"c" * 63, b"d" * 61])


class CountedOctets(bytes):
    """Octets that count how often one of them, or a slice, is looked at."""

    looks = 0

    def __getitem__(self, key):  # type: ignore[no-untyped-def]  # either of bytes' two signatures
        self.looks += 1
        return super().__getitem__(key)


@pytest.mark.parametrize(
    ("octets", "at", "name", "end"),
    [
        pytest.param(b"\0", 12, b"\0", 13, id="the root"),
        pytest.param(WWW, 12, WWW, 25, id="uncompressed"),
        pytest.param(b"\3wWw\7eXample\0", 12, b"\3wWw\7eXample\0", 25, id="letter case is kept"),
        pytest.param(WWW + pointer(12), 25, WWW, 27, id="a pointer to the whole"),
        pytest.param(WWW + pointer(16), 25, WWW[4:], 27, id="a pointer to the parent"),
        pytest.param(WWW + b"\1a" + pointer(16), 25, b"\1a" + WWW[4:], 29, id="a label and a pointer"),
        pytest.param(WWW + b"\1a\1b" + pointer(16), 25, b"\1a\1b" + WWW[4:], 31, id="labels and a pointer"),
        pytest.param(WWW + pointer(12) + pointer(25), 27, WWW, 29, id="a pointer to a pointer"),
        pytest.param(WWW + b"\0" + pointer(12), 25, b"\0", 26, id="the root before a pointer"),
        pytest.param(LONGEST, 12, LONGEST, 267, id="255 octets"),
        pytest.param(LONGEST + pointer(12), 267, LONGEST, 269, id="255 octets by a pointer"),
    ],
)
def test_a_name_is_read_with_and_without_what_was_read_before(octets: bytes, at: int, name: bytes, end: int) -> None:
    data = HEADER + octets
    assert read_name(data, at, {}) == (name, end)
    names_at: NamesAt = {}
    read_name(data, HEADER_OCTETS, names_at)
    assert read_name(data, at, names_at) == (name, end)
    assert read_name(data, at, names_at) == (name, end)


@pytest.mark.parametrize(
    ("octets", "at", "reason"),
    [
        pytest.param(b"", 12, "goes on after the last octet at octet 12", id="nothing"),
        pytest.param(b"\3ww", 12, "goes on after the last octet at octet 16", id="a label cut short"),
        pytest.param(b"\3www", 12, "goes on after the last octet at octet 16", id="no root"),
        pytest.param(b"\xc0", 12, "half a pointer at octet 12", id="half a pointer"),
        pytest.param(pointer(12), 12, "a pointer to octet 12, which is not before it, at octet 12", id="to itself"),
        pytest.param(pointer(14) + b"\0", 12, "a pointer to octet 14", id="forwards"),
        pytest.param(pointer(MAX_TARGET), 12, f"a pointer to octet {MAX_TARGET}", id="out of the message"),
        pytest.param(pointer(4), 12, "a pointer to octet 4", id="into the header"),
        pytest.param(b"\1a" + pointer(12), 12, "a pointer to octet 12", id="back to the name's own start"),
        pytest.param(b"\1a" + pointer(12) + pointer(14), 16, "a pointer to octet 12", id="a circle behind a pointer"),
        pytest.param(b"\3abc" + pointer(12), 16, "a name that runs into itself at octet 16", id="into itself"),
        pytest.param(b"\x40" + bytes(70), 12, "a label of type 0x40 at octet 12", id="extended label type"),
        pytest.param(b"\x80" + bytes(70), 12, "a label of type 0x80 at octet 12", id="reserved label type"),
        pytest.param(b"\1a" + LONGEST, 12, "longer than 255 octets", id="256 octets and more"),
        pytest.param(LONGEST + b"\1a" + pointer(12), 267, "longer than 255 octets", id="by a pointer"),
        pytest.param(LONGEST + b"\1a\1b" + pointer(12), 267, "longer than 255 octets", id="by labels and a pointer"),
    ],
)
def test_octets_that_are_no_name(octets: bytes, at: int, reason: str) -> None:
    """RFC 1035 §4.1.4: a pointer is to "a prior occurance of the same name"; §2.3.4: names have 255 octets or less."""
    data = HEADER + octets
    with pytest.raises(Garbled) as raised:
        read_name(data, at, {})
    assert reason in str(raised.value)


@pytest.mark.parametrize("labels", [b"\1a", b"\1a\1b"], ids=["one label", "two labels"])
def test_a_name_that_was_read_before_does_not_make_a_longer_one_than_there_may_be(labels: bytes) -> None:
    data = HEADER + LONGEST + labels + pointer(HEADER_OCTETS)
    names_at: NamesAt = {}
    _, at = read_name(data, HEADER_OCTETS, names_at)
    with pytest.raises(Garbled, match="longer than 255 octets"):
        read_name(data, at, names_at)


@given(st.binary(max_size=80), st.integers(0, 79))
def test_any_octets_are_a_name_as_dnspython_reads_it_or_garbled(octets: bytes, at: int) -> None:
    data = HEADER + octets
    at = min(len(data), HEADER_OCTETS + at)
    try:
        name, end = read_name(data, at, {})
    except Garbled:
        return
    theirs, used = dns.name.from_wire(data, at)
    assert theirs.to_wire() == name
    assert at + used == end


@pytest.mark.parametrize("bad", [b"", b"\3ww", b"\3www", pointer(12), b"\x40a\0", b"\1a" * 128 + b"\0"])
def test_the_end_of_a_plain_name_is_not_past_pointers_or_the_last_octet(bad: bytes) -> None:
    with pytest.raises(Garbled):
        end_of_name(bad, 0)


@given(names)
def test_the_end_of_a_plain_name(name: bytes) -> None:
    assert end_of_name(b"xy" + name + b"z", 2) == 2 + len(name)


@given(names, st.randoms(use_true_random=False))
def test_random_case_changes_nothing_but_the_case(name: bytes, rng: random.Random) -> None:
    turned = randomise_case(name, rng.getrandbits(8 * len(name)))
    assert turned.lower() == name
    assert end_of_name(turned, 0) == len(name)


def test_letters_are_turned_where_a_drawn_octet_has_the_bit_of_their_case() -> None:
    name = b"\3a-Z\2b7\0"
    assert randomise_case(name, 0) == name
    assert randomise_case(name, 2**64 - 1) == b"\3A-z\2B7\0"
    assert randomise_case(name, 0x2020 << 32) == b"\3a-z\2b7\0"
    assert randomise_case(name, 0xDFDF << 32) == name


@pytest.mark.parametrize(
    ("block", "first", "step"),
    [
        pytest.param((b"\1" * 252 + b"\0\0") * 64, 0, 1, id="a name of up to 127 labels at every place"),
        pytest.param((b"\2" * 251 + b"\0\0\0") * 64, 0, 1, id="chains that merge"),
        pytest.param(b"\0\0" + b"".join(map(pointer, range(12, 16000, 2))), 0, 2, id="pointers to pointers"),
        pytest.param(LONGEST * 64, 0, 255, id="longest names"),
    ],
)
def test_the_work_for_all_names_of_a_message_is_linear_in_its_octets(block: bytes, first: int, step: int) -> None:
    """A pointer to each place that pointers reach: without memory of places this is 127 times as much work, or more."""
    targets = range(HEADER_OCTETS + first, min(MAX_TARGET, HEADER_OCTETS + len(block)), step)
    for order in (targets, reversed(targets)):
        data = CountedOctets(HEADER + block + b"".join(map(pointer, order)))
        names_at: NamesAt = {}
        for at in range(HEADER_OCTETS + len(block), len(data), 2):
            name, end = read_name(data, at, names_at)
            assert end == at + 2
            assert len(name) <= MAX_NAME_OCTETS
        assert data.looks < 4 * len(data)


HEADER = bytes(HEADER_OCTETS)
WWW = from_text("www.example.")
ASKED = HEADER + WWW


@given(names, st.lists(names, min_size=1, max_size=20))
def test_names_written_are_read_again_and_take_no_more_room_than_dnspython_needs(
    qname: bytes, written: list[bytes]
) -> None:
    ours = bytearray(HEADER + qname)
    theirs = bytearray(HEADER)
    spellings = Spellings(qname)
    compress: dict[dns.name.Name, int] = {}
    theirs += _compressed(qname, compress, len(theirs))
    for name in written:
        spellings.write(ours, name)
        theirs += _compressed(name, compress, len(theirs))
    at, names_at = HEADER_OCTETS, NamesAt()
    for name in (qname, *written):
        read, at = read_name(bytes(ours), at, names_at)
        assert read == name
    assert at == len(ours) <= len(theirs)


def test_a_name_that_stands_there_is_not_spelled_again_in_other_letters() -> None:
    """Who follows an alias by comparing octets finds the owner that it leads to."""
    out, spellings = bytearray(ASKED), Spellings(WWW)
    spellings.write(out, b"\3WwW\4Case\4TEST\0")
    target = len(ASKED)
    for again in (b"\3www\4case\4test\0", b"\3wWw\4cASE\4test\0"):
        before = len(out)
        spellings.write(out, again)
        assert out[before:] == pointer(target)
    before = len(out)
    spellings.write(out, b"\4case\4test\0")
    assert out[before:] == pointer(target + 4)


def test_the_question_lends_its_letters_to_what_has_none_of_its_own() -> None:
    out, spellings = bytearray(HEADER + b"\3wWw\7eXample\0"), Spellings(WWW)
    spellings.write(out, b"\2ns\7example\0")
    assert out.endswith(b"\2ns" + pointer(HEADER_OCTETS + 4))
    spellings.write(out, WWW)
    assert out.endswith(pointer(HEADER_OCTETS))


def test_letters_of_rdata_are_kept_where_the_name_stands_nowhere_yet() -> None:
    """RFC 4343 §4.1: output preserves case."""
    out, spellings = bytearray(ASKED), Spellings(WWW)
    spellings.write(out, b"\4mail\7EXAMPLE\0")
    assert out.endswith(b"\4mail\7EXAMPLE\0")


def test_nothing_points_to_a_place_that_no_pointer_reaches() -> None:
    name = from_text("far.test.")
    out, spellings = bytearray(MAX_TARGET), Spellings(WWW)
    spellings.write(out, name)
    spellings.write(out, name)
    assert out[MAX_TARGET:] == name + pointer(MAX_TARGET)
    spellings.write(out, name[4:])
    assert out.endswith(name[4:])


def test_nothing_points_into_what_is_not_kept_or_was_taken_back() -> None:
    name = from_text("far.test.")
    out, spellings = bytearray(ASKED), Spellings(WWW)
    spellings.write(out, name, is_kept=False)
    spellings.write(out, name)
    assert out[len(ASKED) :] == name * 2
    spellings.forget(len(ASKED) + len(name))
    del out[len(ASKED) + len(name) :]
    spellings.write(out, name)
    assert out[len(ASKED) :] == name * 2


def test_the_work_for_names_is_bounded_whatever_they_are() -> None:
    """CVE-2024-8508: names of very many labels that have no end in common."""
    spellings = Spellings(WWW)
    out = bytearray(ASKED)
    many = [wire_of([bytes((65 + (number + place * place) % 26,)) for place in range(126)]) for number in range(240)]
    for name in many:
        spellings.write(out, name)
    assert spellings.steps == 0
    assert len(spellings._offsets) <= 2 + 2 * MAX_LOOKED_UP
    at, names_at = len(ASKED), NamesAt()
    for name in many:
        read, at = read_name(bytes(out), at, names_at)
        assert read.lower() == name.lower()


def _compressed(name: bytes, known: dict[dns.name.Name, int], at: int) -> bytes:
    """dnspython's octets for `name` at `at`."""
    file = io.BytesIO()
    file.write(bytes(at))
    dns.name.from_wire(name, 0)[0].to_wire(file, known)
    return file.getvalue()[at:]
