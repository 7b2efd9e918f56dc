"""One spelling for each name of a message, and no more work for names than is told."""

import io

import dns.name
from hypothesis import given
from hypothesis import strategies as st

from cache.names import from_text
from resolver.wire.layout import HEADER_OCTETS, MAX_TARGET
from resolver.wire.names import NamesAt, read_name
from resolver.wire.spellings import MAX_STEPS, Spellings
from tests.resolver.wire.made import names, pointer, wire_of

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
    assert len(spellings._offsets) <= 2 + 2 * MAX_STEPS
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
