"""Type bitmaps, and what the types at a name show."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolver.dnssec.proof import delegates_unsigned, hides_names_below, lacks, read_types
from tests.build import rrset, type_of


def types(text: str) -> frozenset[int]:
    return frozenset(type_of(one) for one in text.split())


def test_a_bitmap_gives_the_types_that_dnspython_put_in() -> None:
    rdata = rrset("www.example. 60 NSEC example. A MX RRSIG NSEC TYPE1234 TYPE65535").rdatas[0]
    assert read_types(rdata[9:]) == types("A MX RRSIG NSEC TYPE1234 TYPE65535")


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
    assert found is None or all(0 <= one <= 65535 for one in found)


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
