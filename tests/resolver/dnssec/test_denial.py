"""Denials: each kind with both kinds of records, against a model of the zone, and what must not be believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.names import from_text, to_text
from cache.rrset import RRset
from resolver.dnssec.denial import Proof, proves_no_closer_match, proves_no_ds, proves_nodata, proves_nxdomain
from resolver.dnssec.work import Work
from resolver.errors import WorkExhausted
from tests.build import rrset, type_of
from tests.resolver.dnssec.denying import SMALL, Zone, nsec3_chain, nsec_chain
from tests.resolver.dnssec.signing import ZONE

NSECS = nsec_chain(SMALL)
NARROW: Zone = {"example.": "NS SOA", "cut.example.": "NS", "a.b.example.": "A", "*.wild.example.": "TXT"}
NSEC3S, OPTED_OUT = nsec3_chain(NARROW), nsec3_chain(NARROW, opt_out=True)
YES, NO = Proof.PROVEN, Proof.NOT_PROVEN


def nxdomain(name: str, proof: list[RRset]) -> Proof:
    return proves_nxdomain(from_text(name), ZONE, proof, Work(0.0))


def nodata(name: str, rtype: str, proof: list[RRset]) -> Proof:
    return proves_nodata(from_text(name), type_of(rtype), ZONE, proof, Work(0.0))


def no_ds(name: str, proof: list[RRset]) -> Proof:
    return proves_no_ds(from_text(name), ZONE, proof, Work(0.0))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("gone.example.", YES, id="absent"),
        pytest.param("x.gone.example.", YES, id="absent, deeper"),
        pytest.param("x.a.b.example.", YES, id="below a name that is there"),
        pytest.param("b.example.", NO, id="an empty non-terminal"),
        pytest.param("a.b.example.", NO, id="a name that is there"),
        pytest.param("x.wild.example.", NO, id="a wildcard would give it"),
        pytest.param("x.cut.example.", NO, id="below a delegation: the child's"),
        pytest.param("cut.example.", NO, id="the delegation itself"),
        pytest.param("example.", NO, id="the apex"),
        pytest.param("gone.test.", NO, id="out of the zone"),
    ],
)
def test_nxdomain(name: str, expected: Proof) -> None:
    assert [nxdomain(name, NSECS), nxdomain(name, NSEC3S)] == [expected, expected]


@pytest.mark.parametrize(
    ("name", "rtype", "expected"),
    [
        pytest.param("a.b.example.", "AAAA", YES, id="another type is there"),
        pytest.param("a.b.example.", "A", NO, id="the type is there"),
        pytest.param("b.example.", "A", YES, id="an empty non-terminal"),
        pytest.param("x.wild.example.", "A", YES, id="a wildcard without the type"),
        pytest.param("x.wild.example.", "TXT", NO, id="a wildcard with the type"),
        pytest.param("cut.example.", "A", NO, id="the child's own types"),
        pytest.param("cut.example.", "DS", YES, id="the DS of a delegation"),
        pytest.param("x.cut.example.", "A", NO, id="below a delegation"),
        pytest.param("example.", "DS", NO, id="the apex's DS is the parent's to deny"),
        pytest.param("example.", "MX", YES, id="at the apex"),
        pytest.param("gone.example.", "A", NO, id="a name that is not there"),
    ],
)
def test_nodata(name: str, rtype: str, expected: Proof) -> None:
    assert [nodata(name, rtype, NSECS), nodata(name, rtype, NSEC3S)] == [expected, expected]


def test_an_alias_is_no_nodata_and_a_dname_hides_what_is_below() -> None:
    assert nodata("alias.example.", "A", NSECS) is NO
    assert nxdomain("x.dname.example.", NSECS) is NO
    assert nodata("dname.example.", "A", NSECS) is YES


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("cut.example.", YES, id="an unsigned delegation"),
        pytest.param("a.b.example.", NO, id="no delegation: the NS bit is clear"),
        pytest.param("gone.example.", NO, id="not there"),
        pytest.param("example.", NO, id="the child's own apex"),
    ],
)
def test_no_ds(name: str, expected: Proof) -> None:
    assert [no_ds(name, NSECS), no_ds(name, NSEC3S)] == [expected, expected]


def test_a_signed_delegation_is_not_unsigned() -> None:
    assert no_ds("signed.example.", NSECS) is NO


def test_where_a_zone_opts_out_unsigned_delegations_may_be_anywhere() -> None:
    """RFC 5155 §6 and §9.2: nothing that rests on an opt-out is secure."""
    assert no_ds("cut.example.", OPTED_OUT) is Proof.OPTED_OUT
    assert nodata("cut.example.", "DS", OPTED_OUT) is Proof.OPTED_OUT
    assert nxdomain("gone.example.", OPTED_OUT) is Proof.OPTED_OUT
    assert no_ds("a.b.example.", OPTED_OUT) is NO


@pytest.mark.parametrize(
    ("name", "labels", "expected"),
    [
        pytest.param("x.wild.example.", 2, YES, id="the closest wildcard"),
        pytest.param("y.x.wild.example.", 2, YES, id="the same, deeper"),
        pytest.param("x.a.b.example.", 1, NO, id="something closer is there"),
        pytest.param("a.b.example.", 1, NO, id="the name itself is there"),
        pytest.param("b.example.", 1, NO, id="an empty non-terminal"),
    ],
)
def test_no_closer_match(name: str, labels: int, expected: Proof) -> None:
    for proof in (NSECS, NSEC3S):
        assert proves_no_closer_match(from_text(name), labels, ZONE, proof, Work(0.0)) is expected


def test_a_childs_records_prove_nothing_for_its_parent() -> None:
    child = [rrset("cut.example. 60 NSEC cut.example. NS SOA RRSIG NSEC")]
    assert no_ds("cut.example.", child) is NO
    assert nodata("cut.example.", "DS", child) is NO


def test_too_many_iterations_are_not_computed() -> None:
    """RFC 9276 §3.2, CVE-2023-50868."""
    work = Work(0.0)
    found = proves_nxdomain(from_text("gone.example."), ZONE, nsec3_chain(NARROW, iterations=51), work)
    assert found is Proof.TOO_MANY_ITERATIONS
    assert work == Work(0.0)


def test_a_deep_name_costs_no_more_than_the_work_that_is_left() -> None:
    work = Work(0.0)
    deep = from_text("x." * 100 + "example.")
    with pytest.raises(WorkExhausted):
        proves_nxdomain(deep, ZONE, nsec3_chain(NARROW, iterations=50), work)
    assert 0 <= work.hashes < 51


def test_records_of_two_salts_prove_nothing_together() -> None:
    assert nxdomain("gone.example.", [*NSEC3S[:3], *nsec3_chain(NARROW, salt="aa")[:3]]) is NO


def test_no_more_than_eight_records_are_looked_at() -> None:
    assert nxdomain("gone.example.", [rrset("x.example. 60 NSEC y.example. A")] * 8 + NSECS) is NO


LABELS = st.sampled_from(["a", "b", "*"])
NAMES = st.lists(LABELS, min_size=1, max_size=3).map(lambda parts: ".".join(parts) + ".example.")


@given(owners=st.sets(NAMES, max_size=3), name=NAMES)
def test_both_kinds_of_records_say_what_the_zone_holds(owners: set[str], name: str) -> None:
    zone = {"example.": "NS SOA", **dict.fromkeys(owners, "A")}
    there = {owner[at:] for owner in zone for at in range(len(owner)) if at == 0 or owner[at - 1] == "."} - {""}
    closest = name
    while closest not in there:
        closest = closest.partition(".")[2]
    gives = name if name in there else f"*.{closest}"
    for proof in (nsec_chain(zone), nsec3_chain(zone)[:8]):
        if len(proof) < len(there) and proof[0].rtype == type_of("NSEC3"):
            continue
        assert (nxdomain(name, proof) is YES) == (gives not in there), to_text(from_text(name))
        if gives in there:
            assert (nodata(name, "A", proof) is YES) == (gives not in owners)
            assert nodata(name, "MX", proof) is YES
