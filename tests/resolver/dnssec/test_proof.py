"""Type bitmaps, and what the types at a name show."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolver.dnssec.proof import Types, delegates_unsigned, hides_names_below, lacks, read_types
from tests.build import rrset, type_of


def types(text: str) -> Types:
    """As dnspython puts them into a bitmap."""
    found = read_types(rrset(f"www.example. 60 NSEC example. {text}").rdatas[0][len(b"\7example\0") :])
    assert found is not None
    return found


def test_a_bitmap_gives_the_types_that_dnspython_put_in() -> None:
    found = types("A MX RRSIG NSEC TYPE1234 TYPE65535")
    assert [one for one in range(65536) if one in found] == [1, 15, 46, 47, 1234, 65535]


def test_a_bitmap_of_all_types_takes_no_more_than_its_octets() -> None:
    """It is read for each name that it denies, from memory too: a query took 70 ms of the loop, for a set of 60,000 numbers."""
    bitmap = b"".join(bytes((window, 32)) + b"\xff" * 32 for window in range(235))
    tracemalloc.start()
    try:
        found = read_types(bitmap)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found is not None
    assert all(one in found for one in (0, 1, 255, 256, 60159))
    assert 60160 not in found
    assert peak < 8 * len(bitmap)


@pytest.mark.parametrize(
    "bitmap",
    [
        pytest.param(b"\x00", id="no length"),
        pytest.param(b"\x00\x00", id="an empty window"),
        pytest.param(b"\x00\x02\x40", id="cut off"),
        pytest.param(b"\x00\x21" + b"\x01" * 33, id="a window too long"),
        pytest.param(b"\x01\x01\x40\x00\x01\x40", id="windows out of order"),
    ],
)
def test_a_malformed_bitmap_is_none(bitmap: bytes) -> None:
    assert read_types(bitmap) is None


@given(st.binary(max_size=80))
def test_garbage_never_raises(bitmap: bytes) -> None:
    found = read_types(bitmap)
    assert found is None or sum(one in found for one in range(65536)) <= 8 * len(bitmap)


@pytest.mark.parametrize(
    ("there", "asked", "missing"),
    [
        pytest.param("A", "AAAA", True, id="another type"),
        pytest.param("A", "A", False, id="the type itself"),
        pytest.param("CNAME", "A", False, id="an alias"),
        pytest.param("NS", "A", False, id="the child's types at a delegation"),
        pytest.param("NS", "DS", True, id="the DS at a delegation"),
        pytest.param("NS SOA", "A", True, id="at an apex"),
        pytest.param("NS SOA", "DS", False, id="the parent's DS at an apex"),
        pytest.param("A", "ANY", False, id="every type at once"),
        pytest.param("", "A", True, id="an empty non-terminal"),
        pytest.param("", "ANY", True, id="nothing at all"),
        pytest.param("RRSIG NSEC TYPE128", "ANY", True, id="nothing but what the record itself brings (RFC 9824)"),
        pytest.param("TYPE65280 RRSIG NSEC", "ANY", False, id="some type"),
        pytest.param("CNAME", "ANY", False, id="the alias itself"),
    ],
)
def test_what_types_at_a_name_show(there: str, asked: str, missing: bool) -> None:
    assert lacks(types(there), type_of(asked), at_apex=False) is missing


def test_the_root_denies_its_own_ds() -> None:
    assert lacks(types("NS SOA"), type_of("DS"), at_apex=True)


def test_names_below_a_delegation_or_a_dname_are_hidden() -> None:
    assert [hides_names_below(types(one)) for one in ("NS", "DNAME", "NS SOA", "A")] == [True, True, False, False]


def test_a_delegation_is_unsigned_if_it_has_ns_and_neither_ds_nor_soa() -> None:
    """RFC 6840 §4.4."""
    assert [delegates_unsigned(types(one)) for one in ("NS", "NS DS", "NS SOA", "A")] == [True, False, False, False]
