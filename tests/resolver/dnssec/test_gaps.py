"""What is made of NSEC records is true of the zone, and nobody else's; the attacks on it are those of resolvers.md 2.6."""

from itertools import product
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.answer import Question
from cache.chain import Alias, Link
from cache.names import ROOT, WireName, from_text
from cache.options import CacheOptions
from cache.rrset import Denial, RRset, Security
from resolver.dnssec.counts import DnssecCounts
from resolver.dnssec.gaps import (
    MAX_HASHED,
    MAX_ITERATIONS,
    MAX_OCTETS,
    MAX_OCTETS_OF_ZONE,
    MAX_RRSET_OCTETS,
    MAX_WILDCARDS_OF_ZONE,
    MAX_ZONES,
    Gaps,
)
from resolver.dnssec.nsec3 import hash_name
from resolver.dnssec.nsec3 import read as read_nsec3
from resolver.dnssec.spans import is_within
from tests.build import question, replace, rrset
from tests.resolver.dnssec.denying import SMALL, nsec3_chain, nsec_chain

NOW = 100.0
ZONE = from_text("example.")
SOA = rrset("example. 3600 SOA ns.example. admin.example. 1 7200 900 1209600 3600", NOW, lease=9000.0)


def heard(records: list[RRset]) -> list[RRset]:
    return [replace(one, received=NOW, expires=NOW + one.ttl) for one in records]


CHAIN = heard(nsec_chain(SMALL))
HASHED = heard(nsec3_chain({owner: f"{types} RRSIG" for owner, types in SMALL.items()}, iterations=3, salt="ab"))
CHAINS = pytest.mark.parametrize("chain", [CHAIN, HASHED], ids=["NSEC", "NSEC3"])
NXDOMAIN = "NXDOMAIN"


def gaps_of(*records: RRset, soa: RRset | None = SOA, counts: DnssecCounts | None = None, limit: int = 100) -> Gaps:
    gaps = Gaps(CacheOptions(), counts or DnssecCounts(), limit=limit, limit_of_zone=limit)
    gaps.note(ZONE, records, soa)
    return gaps


def nsec(text: str, now: float = NOW) -> RRset:
    return rrset(text, now, security=Security.SECURE)


def told(link: Link | None) -> str:
    """NXDOMAIN, NODATA or "" for nothing."""
    assert link is None or isinstance(link, Denial)
    return "" if link is None else NXDOMAIN if link.is_nxdomain else "NODATA"


def ask(gaps: Gaps, text: str, now: float = NOW, *, top: str = ".") -> str:
    return told(gaps.find(question(text), from_text(top), now))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param("c.example. A", NXDOMAIN, id="a name in a gap"),
        pytest.param("x.y.c.example. TXT", NXDOMAIN, id="a name below one in a gap"),
        pytest.param("zz.example. A", NXDOMAIN, id="behind the last name"),
        pytest.param("c.example. DS", NXDOMAIN, id="the DS of a name in a gap"),
        pytest.param("a.b.example. AAAA", "NODATA", id="another type"),
        pytest.param("a.b.example. A", "", id="a type that is there"),
        pytest.param("b.example. A", "NODATA", id="an empty non-terminal"),
        pytest.param("x.wild.example. A", "NODATA", id="a type that the wildcard has not"),
        pytest.param("x.wild.example. TXT", "", id="a type that the wildcard has, and whose records are not known"),
        pytest.param("alias.example. A", "", id="an alias answers for each type"),
        pytest.param("cut.example. DS", "NODATA", id="the DS at an unsigned delegation"),
        pytest.param("cut.example. A", "", id="the child's apex is the child's"),
        pytest.param("x.cut.example. A", "", id="below a delegation"),
        pytest.param("x.cut.example. DS", "", id="a DS below a delegation"),
        pytest.param("x.dname.example. A", "", id="below a DNAME"),
        pytest.param("signed.example. DS", "", id="a DS that is there"),
        pytest.param("example. DS", "", id="the DS of the zone itself is its parent's to deny"),
        pytest.param("example. A", "NODATA", id="a type at the apex"),
        pytest.param("a.b.example. ANY", "", id="ANY of a name that has some"),
        pytest.param("b.example. ANY", "NODATA", id="ANY of an empty non-terminal"),
        pytest.param("c.example. ANY", NXDOMAIN, id="ANY of no name"),
        pytest.param("x.wild.example. ANY", "", id="ANY of what a wildcard gives"),
        pytest.param("alias.example. ANY", "", id="ANY of an alias"),
        pytest.param("a.b.example. RRSIG", "", id="signatures are everywhere"),
        pytest.param("example.test. A", "", id="another zone"),
    ],
)
@CHAINS
def test_what_a_whole_chain_proves(asked: str, expected: str, chain: list[RRset]) -> None:
    assert ask(gaps_of(*chain), asked) == expected


NAMES = [
    *SMALL, "b.example.", "wild.example.", "x.wild.example.", "x.y.wild.example.", "c.example.", "x.a.b.example.",
    "x.cut.example.", "cut.cut.example.", "x.dname.example.", "zz.example.", "*.example.", "x.signed.example.",
]  # fmt: skip
TYPES = ["A", "TXT", "DS", "NS", "SOA"]


@given(st.sampled_from((CHAIN, HASHED)).flatmap(lambda chain: st.lists(st.sampled_from(chain), unique=True)))
def test_of_a_part_of_the_records_nothing_is_made_that_all_would_not_prove(part: list[RRset]) -> None:
    some, everything = gaps_of(*part), gaps_of(*CHAIN)
    for name, rtype in product(NAMES, TYPES):
        assert ask(some, f"{name} {rtype}") in ("", ask(everything, f"{name} {rtype}"))


@pytest.mark.parametrize(
    "record",
    [
        pytest.param("www.example. 60 NSEC www.test. A NSEC RRSIG", id="CVE-2026-13321: a next name out of the zone"),
        pytest.param("www.test. 60 NSEC zz.test. A NSEC RRSIG", id="an owner out of the zone"),
        pytest.param("www.example. 60 NSEC a.example. A NSEC RRSIG", id="back to a name that is not the apex"),
        pytest.param(r"www.example. 60 NSEC \000.www.example. A NSEC RRSIG", id="made for one name"),
        pytest.param("www.example. 0 NSEC zz.example. A NSEC RRSIG", id="TTL 0"),
    ],
)
def test_a_record_without_a_say_is_not_remembered(record: str) -> None:
    counts = DnssecCounts()
    gaps = gaps_of(nsec(record), counts=counts)
    assert counts.gaps_current == 0
    for asked in ("x.example. A", "x.test. A", "y.test. A", "www.example. AAAA", "www.test. AAAA"):
        assert ask(gaps, asked) == ""


@pytest.mark.parametrize(
    "chain",
    [
        pytest.param(nsec3_chain(SMALL, opt_out=True), id="RFC 8198 §5.2: opt-out"),
        pytest.param(nsec3_chain(SMALL, iterations=MAX_ITERATIONS + 1), id="too many iterations"),
        pytest.param([replace(one, owner=WireName(b"\x01x" + one.owner)) for one in HASHED], id="of another zone"),
    ],
)
def test_of_nsec3_records_that_prove_too_little_or_cost_too_much_nothing_is_made(chain: list[RRset]) -> None:
    counts = DnssecCounts()
    gaps = gaps_of(*heard(chain), counts=counts)
    assert counts.gaps_current == 0
    assert {ask(gaps, f"{name} {rtype}") for name, rtype in product(NAMES, TYPES)} == {""}


def test_a_zone_that_is_hashed_anew_or_begins_to_opt_out_is_begun_anew() -> None:
    for later in (nsec3_chain(SMALL, salt="cd"), nsec3_chain(SMALL, iterations=3, salt="ab", opt_out=True)):
        gaps = gaps_of(*HASHED)
        gaps.note(ZONE, heard(later)[:1])
        assert ask(gaps, "a.b.example. AAAA") == ""


def test_a_hash_that_is_made_for_one_name_is_not_remembered() -> None:
    """RFC 7129, appendix B: from the hash before to the hash behind."""
    counts = DnssecCounts()
    made = "0p9mhaveqvm6t7vbl5lop2u3t2rp3to{}"
    gaps_of(nsec(f"{made.format('0')}.example. 60 NSEC3 1 0 0 - {made.format('2')} A"), counts=counts)
    assert counts.gaps_current == 0
    gaps_of(nsec(f"{made.format('0')}.example. 60 NSEC3 1 0 0 - {made.format('3')} A"), counts=counts)
    assert counts.gaps_current == 1


def test_of_names_with_many_labels_nothing_is_hashed() -> None:
    gaps = gaps_of(*HASHED)
    assert ask(gaps, "x." * (MAX_HASHED - 2) + "c.example. A") == NXDOMAIN
    assert ask(gaps, "x." * (MAX_HASHED - 1) + "c.example. A") == ""


def test_what_a_proof_by_hashes_costs_is_counted() -> None:
    counts = DnssecCounts()
    assert ask(gaps_of(*HASHED, counts=counts), "x.c.example. A") == NXDOMAIN
    assert counts.hashes_computed > 0


def test_a_flush_forgets_all_hashes_of_the_zone_above() -> None:
    gaps = gaps_of(*HASHED)
    gaps.forget(from_text("x.y.example."), subtree=False)
    assert ask(gaps, "a.b.example. AAAA") == ""


def test_a_wildcard_gives_other_names_where_hashes_prove_that_nothing_is_closer() -> None:
    zone = {"example.": "NS SOA", "*.wild.example.": "TXT"}
    cover = next(one for one in heard(nsec3_chain(zone)) if nsec3_covers(one, "x.wild.example."))
    names = [f"y{number}.wild.example." for number in range(30)]
    gaps = wild(EXPANDED, gap=cover)
    for name in names:
        made = gaps.find(question(f"a.{name} TXT"), ROOT, NOW)
        assert (made is not None) is nsec3_covers(cover, name)
        if isinstance(made, RRset):
            assert (made.owner, made.proof) == (from_text(f"a.{name}"), (cover,))
    assert any(nsec3_covers(cover, name) for name in names)


def nsec3_covers(record: RRset, name: str) -> bool:
    found = read_nsec3(record, ZONE)
    return found is not None and is_within(found.owner, hash_name(from_text(name), b"", 0), found.next)


def test_a_name_is_not_there_only_if_no_wildcard_gives_it() -> None:
    gap = nsec("a.example. 60 NSEC z.example. A NSEC RRSIG")
    assert ask(gaps_of(gap), "c.example. A") == ""
    assert ask(gaps_of(gap, nsec("example. 60 NSEC a.example. SOA NS NSEC RRSIG")), "c.example. A") == NXDOMAIN
    gaps = gaps_of(
        gap, nsec("example. 60 NSEC *.example. SOA NS NSEC RRSIG"), nsec("*.example. 60 NSEC a.example. A NSEC")
    )
    assert (ask(gaps, "c.example. A"), ask(gaps, "c.example. TXT")) == ("", "NODATA")


def test_without_the_zones_soa_nothing_is_denied() -> None:
    assert ask(gaps_of(*CHAIN, soa=None), "c.example. A") == ""
    of_another = replace(SOA, owner=from_text("a.b.example."))
    assert ask(gaps_of(*CHAIN, soa=of_another), "c.example. A") == ""


def test_the_zones_above_a_cut_or_an_anchor_have_no_say() -> None:
    gaps = gaps_of(*CHAIN)
    assert ask(gaps, "x.c.example. A", top="example.") == NXDOMAIN
    assert ask(gaps, "x.c.example. A", top="c.example.") == ""
    gaps.note(from_text("b.example."), [nsec("b.example. 60 NSEC b.example. SOA NS NSEC RRSIG")], SOA)
    assert ask(gaps, "x.b.example. A") == ""  # the zone that is known to begin there has no SOA, and its parent no say
    assert ask(gaps, "b.example. DS") == "NODATA"


@pytest.mark.parametrize(
    ("soa_ttl", "minimum", "nsec_ttl", "age", "expected"),
    [
        pytest.param(3600, 3600, 60, 0.0, 60.0, id="the NSEC ends first"),
        pytest.param(50, 3600, 600, 0.0, 50.0, id="the SOA ends first"),
        pytest.param(3600, 40, 600, 0.0, 40.0, id="RFC 9077: no longer than the zone has negative answers kept"),
        pytest.param(3600, 3600, 60, 45.0, 15.0, id="of the NSEC there is a part left"),
        pytest.param(3600, 40, 600, 30.0, 10.0, id="of the negative TTL, too"),
        pytest.param(3600, 3600, 60, 60.0, 0.0, id="the NSEC is over"),
        pytest.param(3600, 40, 600, 41.0, 0.0, id="the negative TTL is over"),
        pytest.param(30, 3600, 600, 31.0, 0.0, id="the SOA is over"),
        pytest.param(3600, 0, 600, 0.0, 0.0, id="a zone whose denials are not kept"),
    ],
)
def test_a_denial_lives_no_longer_than_what_it_is_made_of(
    soa_ttl: int, minimum: int, nsec_ttl: int, age: float, expected: float
) -> None:
    soa = rrset(f"example. {soa_ttl} SOA ns.example. admin.example. 1 7200 900 1209600 {minimum}", NOW)
    gaps = gaps_of(nsec(f"www.example. {nsec_ttl} NSEC z.example. A NSEC RRSIG"), soa=soa)
    link = gaps.find(question("www.example. AAAA"), ROOT, NOW + age)
    assert (link.expires - NOW - age if isinstance(link, Denial) else 0.0) == expected
    if isinstance(link, Denial):
        assert (link.received, link.soa.expires, link.security) == (NOW, link.expires, Security.SECURE)


def test_a_denial_has_the_shortest_lease_of_what_it_is_made_of() -> None:
    record = replace(nsec("www.example. 600 NSEC z.example. A NSEC RRSIG"), lease=NOW + 5)
    link = gaps_of(record).find(question("www.example. AAAA"), ROOT, NOW)
    assert isinstance(link, Denial)
    assert (link.lease, link.expires) == (NOW + 5, NOW + 5)


def test_what_is_heard_later_ends_what_it_contradicts() -> None:
    apex = nsec("example. 60 NSEC a.example. SOA NS NSEC RRSIG")
    gaps = gaps_of(apex, nsec("a.example. 60 NSEC z.example. A NSEC RRSIG"))
    assert ask(gaps, "c.example. A") == NXDOMAIN
    gaps.note(
        ZONE, [nsec("m.example. 60 NSEC z.example. A NSEC RRSIG")]
    )  # a name in the gap: something came into being
    assert (ask(gaps, "c.example. A"), ask(gaps, "n.example. A")) == ("", NXDOMAIN)
    gaps.note(ZONE, [nsec("a.example. 60 NSEC z.example. A NSEC RRSIG")])  # and is gone again
    assert (ask(gaps, "m.example. TXT"), ask(gaps, "n.example. A")) == (NXDOMAIN, NXDOMAIN)
    gaps.note(ZONE, [nsec("a.example. 60 NSEC example. A NSEC RRSIG"), nsec("example. 60 NSEC example. SOA NS")])
    assert ask(gaps, "a.example. TXT") == NXDOMAIN


EXPANDED = rrset("x.wild.example. 300 TXT x", NOW, security=Security.SECURE)
ALIAS = rrset("x.wild.example. 300 CNAME www.test.", NOW, security=Security.SECURE)
WILD_GAP = nsec("*.wild.example. 60 NSEC example. TXT CNAME RRSIG NSEC")


def wild(*expanded: RRset, gap: RRset = WILD_GAP) -> Gaps:
    gaps = gaps_of(gap, soa=None)
    for one in expanded:
        gaps.note_expanded(ZONE, replace(one, rrsigs=(b"signed",), proof=(gap,)), 2)
    return gaps


def test_a_wildcard_whose_records_are_known_gives_other_names() -> None:
    """RFC 8198 §5.3."""
    made = wild(EXPANDED).find(question("a.b.wild.example. TXT"), ROOT, NOW)
    assert isinstance(made, RRset)
    assert (made.owner, made.rdatas, made.rrsigs) == (from_text("a.b.wild.example."), EXPANDED.rdatas, (b"signed",))
    assert (made.proof, made.ttl, made.expires, made.security) == ((WILD_GAP,), 60, NOW + 60, Security.SECURE)


def test_a_wildcard_that_is_an_alias_gives_aliases_but_to_what_may_stand_beside_one() -> None:
    gaps = wild(ALIAS)
    made = gaps.find(question("y.wild.example. A"), ROOT, NOW)
    assert isinstance(made, Alias)
    assert (made.shown[0].owner, made.target) == (from_text("y.wild.example."), from_text("www.test."))
    assert isinstance(gaps.find(question("y.wild.example. CNAME"), ROOT, NOW), RRset)
    assert gaps.find(question("y.wild.example. DS"), ROOT, NOW) is None


@pytest.mark.parametrize(
    ("asked", "age", "gap"),
    [
        pytest.param("wild.example. TXT", 0.0, WILD_GAP, id="the wildcard's parent is there"),
        pytest.param("y.wild.example. A", 0.0, WILD_GAP, id="another type"),
        pytest.param("y.test. TXT", 0.0, WILD_GAP, id="another zone"),
        pytest.param("y.wild.example. TXT", 60.0, WILD_GAP, id="the proof is over"),
        pytest.param(
            "y.wild.example. TXT", 300.0, replace(WILD_GAP, ttl=900, expires=NOW + 900), id="the records are over"
        ),
        pytest.param(
            "y.wild.example. TXT", 0.0, nsec("*.wild.example. 60 NSEC a.wild.example. TXT NSEC"), id="no gap around it"
        ),
        pytest.param(
            "y.b.wild.example. TXT", 0.0, nsec("a.b.wild.example. 60 NSEC example. A NSEC"), id="a closer encloser"
        ),
        pytest.param(
            "y.b.wild.example. TXT", 0.0, nsec("b.wild.example. 60 NSEC example. NS NSEC"), id="below a delegation"
        ),
    ],
)
def test_a_wildcard_gives_nothing(asked: str, age: float, gap: RRset) -> None:
    assert wild(EXPANDED, gap=gap).find(question(asked), ROOT, NOW + age) is None


def test_a_wildcard_that_is_proven_gone_gives_nothing_any_more() -> None:
    gaps = wild(EXPANDED)
    gaps.note(ZONE, [nsec("a.example. 60 NSEC example. A NSEC RRSIG"), nsec("example. 60 NSEC a.example. SOA NS")], SOA)
    assert ask(gaps, "y.wild.example. TXT") == NXDOMAIN


@pytest.mark.parametrize(
    ("flushed", "subtree", "left"),
    [
        pytest.param("t.example.", False, {"a.b.example. AAAA", "x.wild.example. A"}, id="a name in a gap"),
        pytest.param(
            "a.b.example.", False, {"t.example. A", "x.wild.example. A"}, id="a name that is there, and its gap"
        ),
        pytest.param("b.example.", True, {"t.example. A", "x.wild.example. A"}, id="a subtree"),
        pytest.param("example.", False, set(), id="the apex: all of its zone"),
        pytest.param(".", True, set(), id="everything"),
        pytest.param("test.", True, {"t.example. A", "a.b.example. AAAA", "x.wild.example. A"}, id="another zone"),
    ],
)
def test_a_flush_forgets_what_says_something_of_the_name(flushed: str, subtree: bool, left: set[str]) -> None:
    counts = DnssecCounts()
    gaps = gaps_of(*CHAIN, counts=counts)
    gaps.forget(from_text(flushed), subtree=subtree)
    asked = ("t.example. A", "a.b.example. AAAA", "x.wild.example. A")
    assert {one for one in asked if ask(gaps, one)} == left
    assert (counts.gaps_current == len(CHAIN)) == (len(left) == len(asked))


def test_a_flush_of_the_wildcard_forgets_its_records() -> None:
    gaps = wild(EXPANDED)
    gaps.forget(from_text("*.wild.example."), subtree=False)
    gaps.note(ZONE, [WILD_GAP])
    assert gaps.find(question("y.wild.example. TXT"), ROOT, NOW) is None


def test_the_memory_is_bounded_in_all_and_for_a_zone() -> None:
    counts = DnssecCounts()
    gaps = Gaps(CacheOptions(), counts, limit=10, limit_of_zone=4)
    for number in range(9):
        gaps.note(ZONE, [nsec(f"a{number}.example. 60 NSEC a{number}x.example. A NSEC")], SOA)
    assert counts.gaps_current == 4
    assert ask(gaps, "a8.example. TXT") == "NODATA"
    for number in range(9):
        zone = f"z{number}.test."
        soa = replace(SOA, owner=from_text(zone))
        gaps.note(soa.owner, [nsec(f"{zone} 60 NSEC a.{zone} SOA NS NSEC")], soa)
        assert ask(gaps, "a8.example. TXT") == ("NODATA" if number < 6 else "")  # of use until others need the room
        assert counts.gaps_current <= 10
        if number == 5:
            for other in range(6):
                assert ask(gaps, f"z{other}.test. A") == "NODATA"


def test_zones_and_wildcards_are_bounded_too() -> None:
    counts = DnssecCounts()
    gaps = Gaps(CacheOptions(), counts, limit=2 * MAX_ZONES)
    for number in range(MAX_ZONES + 5):
        gaps.note(from_text(f"z{number}.test."), [nsec(f"z{number}.test. 60 NSEC a.z{number}.test. SOA NS NSEC")])
    assert counts.gaps_current == MAX_ZONES
    gaps = wild(*(replace(EXPANDED, rtype=1000 + number) for number in range(MAX_WILDCARDS_OF_ZONE + 1)))
    given_ = [gaps.find(Question(from_text("y.wild.example."), 1000 + number), ROOT, NOW) for number in (0, 1)]
    assert [one is None for one in given_] == [True, False]


def test_to_look_at_what_is_proven_is_no_use_of_it() -> None:
    counts = DnssecCounts()
    gaps = Gaps(CacheOptions(), counts, limit=2 * len(HASHED))
    gaps.note(ZONE, HASHED, SOA)
    other = from_text("test.")
    gaps.note(other, [nsec("test. 60 NSEC a.test. SOA NS NSEC")], replace(SOA, owner=other))
    assert told(gaps.peek(question("c.example. A"), ROOT, NOW)) == NXDOMAIN
    assert counts == DnssecCounts(gaps_current=counts.gaps_current, gaps_octets_current=counts.gaps_octets_current)
    gaps.note(other, [nsec(f"a{number}.test. 60 NSEC a{number}x.test. A NSEC") for number in range(len(HASHED))])
    assert (ask(gaps, "c.example. A"), ask(gaps, "a0.test. TXT")) == ("", "NODATA")


def test_to_look_at_what_a_wildcard_gives_is_no_use_of_it() -> None:
    gaps = wild(*(replace(EXPANDED, rtype=1000 + number) for number in range(MAX_WILDCARDS_OF_ZONE)))
    first = Question(from_text("y.wild.example."), 1000)
    assert gaps.peek(first, ROOT, NOW) is not None
    gaps.note_expanded(ZONE, replace(EXPANDED, rtype=2000), 2)
    assert gaps.peek(first, ROOT, NOW) is None


def test_to_forget_a_name_is_no_use_of_the_zone_above_it() -> None:
    gaps = Gaps(CacheOptions(), DnssecCounts(), limit=4)
    for zone in ("example.", "test."):
        halves = [nsec(f"{zone} 60 NSEC m.{zone} SOA NS NSEC"), nsec(f"m.{zone} 60 NSEC {zone} A NSEC")]
        gaps.note(from_text(zone), halves, replace(SOA, owner=from_text(zone)))
    gaps.forget(from_text("a.example."), subtree=False)
    gaps.note(from_text("one."), [nsec("one. 60 NSEC m.one. SOA NS NSEC"), nsec("m.one. 60 NSEC one. A NSEC")])
    assert (ask(gaps, "z.example. A"), ask(gaps, "test. A")) == ("", "NODATA")


LONG: Final = (b"\0" * 4000,)  # the rdata of a signature


def test_long_signatures_do_not_make_the_memory_longer() -> None:
    """RRSIGs of 64 kB: 16,384 RRsets were a gigabyte."""
    counts = DnssecCounts()
    gaps = Gaps(CacheOptions(), counts)
    for number in range(8):
        name = f"z{number}.test."
        soa = replace(SOA, owner=from_text(name))
        for label in range(1000):
            record = nsec(f"a{label:04}.{name} 60 NSEC a{label:04}x.{name} A NSEC")
            gaps.note(soa.owner, [replace(record, rrsigs=LONG)], soa)
    assert MAX_OCTETS - MAX_OCTETS_OF_ZONE < counts.gaps_octets_current <= MAX_OCTETS
    assert ask(gaps, "a0999.z7.test. TXT") == "NODATA"
    for number in range(8):
        gaps.forget(from_text(f"z{number}.test."), subtree=True)
    assert (counts.gaps_current, counts.gaps_octets_current) == (0, 0)


def test_one_zone_has_no_more_than_a_part_of_the_memory() -> None:
    counts = DnssecCounts()
    gaps = Gaps(CacheOptions(), counts)
    for label in range(2000):
        record = nsec(f"a{label:04}.example. 60 NSEC a{label:04}x.example. A NSEC")
        gaps.note(ZONE, [replace(record, rrsigs=LONG)], SOA)
    assert 2**21 < counts.gaps_octets_current <= 2**22
    assert ask(gaps, "a1999.example. TXT") == "NODATA"


@pytest.mark.parametrize("octets", [MAX_RRSET_OCTETS, 65000])
def test_what_takes_too_much_by_itself_is_not_remembered(octets: int) -> None:
    counts = DnssecCounts()
    gaps = Gaps(CacheOptions(), counts)
    gaps.note(ZONE, [replace(nsec("a.example. 60 NSEC b.example. A NSEC"), rrsigs=(b"\0" * octets,))], SOA)
    assert (counts.gaps_current, ask(gaps, "ab.example. A")) == (0, "")
