"""Out of an open chain comes no answer (design.md §5.1)."""

from itertools import pairwise

import pytest

from cache.chain import (
    MAX_ALIASES,
    Alias,
    AliasesExhausted,
    AliasLoop,
    Chain,
    Link,
    Several,
    SubstitutionTooLong,
    alias_of,
    entries_of,
    first_of,
)
from cache.names import from_text
from cache.rrset import Denial, RRset, Security
from cache.rrtypes import ANY, CNAME, DNAME, NOERROR, NXDOMAIN, TXT, A
from tests.build import denial, replace, rrset

TARGET = rrset("www.test. 60 A 192.0.2.1")


def cname(owner: str, target: str, ttl: int = 300) -> Alias:
    link = rrset(f"{owner} {ttl} CNAME {target}")
    return alias_of(link, link.owner)


def closed(qname: str, *links: Link, qtype: int = A, now: float = 0.0) -> Chain:
    chain = Chain(from_text(qname), qtype)
    *aliases, end = links
    for link in aliases:
        assert not chain.follow(link, now)
    assert chain.follow(end, now)
    return chain


def test_an_answer_without_aliases() -> None:
    answer = closed("www.test.", TARGET).answer()
    assert answer.answer == (TARGET,)
    assert (answer.rcode, answer.authority, answer.is_stale) == (NOERROR, (), False)


def test_aliases_stand_first_in_order_and_once() -> None:
    """Scenario 22."""
    first, second = cname("a.example.", "b.example."), cname("b.example.", "www.test.")
    answer = closed("a.example.", first, second, TARGET).answer()
    assert answer.answer == (*first.shown, *second.shown, TARGET)


@pytest.mark.parametrize(
    ("end", "rcode"),
    [(denial("www.test. NXDOMAIN"), NXDOMAIN), (denial("www.test. A"), NOERROR)],
    ids=["NXDOMAIN", "NODATA"],
)
def test_the_rcode_is_that_of_the_last_link(end: Denial, rcode: int) -> None:
    """RFC 6604; scenarios 24 and 25."""
    alias = cname("a.example.", "www.test.")
    answer = closed("a.example.", alias, end).answer()
    assert answer.rcode == rcode
    assert answer.answer == alias.shown
    assert answer.authority == (end.soa,)


def test_the_proof_stands_beside_the_soa_and_a_missing_soa_beside_nothing() -> None:
    proof = rrset("www.test. 60 NSEC z.test. AAAA")
    proven = replace(denial("www.test. A"), proof=(proof,))
    assert closed("www.test.", proven).answer().authority == (proven.soa, proof)
    bare = replace(proven, proof=(), soa=replace(proven.soa, rdatas=()))
    assert closed("www.test.", bare).answer().authority == ()


def test_the_proof_of_what_wildcards_gave_stands_once_behind_that_of_a_denial() -> None:
    gap, other, apex = (rrset(f"{one}.test. 60 NSEC z.test. A") for one in ("a", "b", "c"))
    alias, second = rrset("x.test. 60 CNAME y.test."), rrset("y.test. 60 CNAME www.test.")
    links = [
        alias_of(replace(alias, proof=(gap,)), alias.owner),
        alias_of(replace(second, proof=(gap, other)), second.owner),
    ]
    given = closed("x.test.", *links, replace(TARGET, proof=(other,))).answer()
    assert given.authority == (gap, other)
    denied = replace(denial("www.test. A"), proof=(apex, gap))
    assert closed("x.test.", *links, denied).answer().authority == (denied.soa, apex, gap, other)


def test_the_proof_of_a_wildcards_alias_stands_beside_a_chain_that_grows_too_long() -> None:
    gap, above = rrset("a.test. 60 NSEC z.test. A"), dname("old.example. 300 DNAME new.test.")
    alias = rrset("x.test. 60 CNAME www.old.example.")
    chain = Chain(alias.owner, A)
    chain.follow(alias_of(replace(alias, proof=(gap,)), alias.owner), 0.0)
    assert chain.too_long(above).authority == (gap,)


def test_an_open_chain_is_no_answer() -> None:
    chain = Chain(from_text("a.example."), A)
    chain.follow(cname("a.example.", "www.test."), 0.0)
    with pytest.raises(AssertionError, match="open chain"):
        chain.answer()


@pytest.mark.parametrize(
    "link",
    [
        pytest.param(rrset("other.test. 60 A 192.0.2.1"), id="another owner (scenario 21)"),
        pytest.param(rrset("www.test. 60 AAAA 2001:db8::1"), id="another type"),
        pytest.param(cname("other.test.", "x.test."), id="another name's alias"),
        pytest.param(denial("www.test. AAAA"), id="another type's denial"),
        pytest.param(denial("other.test. NXDOMAIN"), id="another name's denial"),
        pytest.param(denial("a.www.test. NXDOMAIN"), id="NXDOMAIN below the name"),
        pytest.param(Several((TARGET,)), id="the answer to ANY"),
    ],
)
def test_a_link_that_does_not_follow_is_our_fault(link: Link) -> None:
    with pytest.raises(AssertionError):
        Chain(from_text("www.test."), A).follow(link, 0.0)


TEXT = rrset("www.test. 60 TXT hello", security=Security.SECURE)


def test_any_ends_in_all_that_was_given_as_secure_as_the_weakest_of_it_and_stale_if_one_is() -> None:
    proof = rrset("w.test. 60 NSEC z.test. A")
    address, old = replace(TARGET, proof=(proof,)), rrset("www.test. 9 MX 1 mail.test.", security=Security.SECURE)
    alias = cname("a.example.", "www.test.")
    secure = replace(alias.shown[0], security=Security.SECURE)
    answer = closed(
        "a.example.", alias_of(secure, secure.owner), Several((TEXT, replace(address), old)), qtype=ANY, now=9.0
    ).answer()
    assert answer.answer == (secure, TEXT, address, old)
    assert (answer.rcode, answer.authority) == (NOERROR, (proof,))
    assert (answer.security, answer.is_stale) == (Security.UNCHECKED, True)
    whole = closed("www.test.", Several((TEXT, old)), qtype=ANY).answer()
    assert (whole.answer, whole.security, whole.is_stale) == ((TEXT, old), Security.SECURE, False)


@pytest.mark.parametrize("link", [TEXT, Several((TEXT, rrset("other.test. 60 A 192.0.2.1")))])
def test_any_is_answered_by_several_of_its_name(link: Link) -> None:
    with pytest.raises(AssertionError):
        Chain(from_text("www.test."), ANY).follow(link, 0.0)


def test_what_a_link_shows_and_the_first_of_it() -> None:
    alias, several = cname("a.example.", "b.example."), Several((TEXT, TARGET))
    assert [entries_of(one) for one in (alias, several, TEXT)] == [alias.shown, several.rrsets, (TEXT,)]
    assert [first_of(one) for one in (alias, several, TEXT)] == [alias.shown[0], TEXT, TEXT]


def test_a_closed_chain_takes_no_link() -> None:
    with pytest.raises(AssertionError, match="closed"):
        closed("www.test.", TARGET).follow(TARGET, 0.0)


def test_nxdomain_above_a_name_denies_it() -> None:
    """RFC 8020."""
    assert closed("a.b.test.", denial("b.test. NXDOMAIN")).answer().rcode == NXDOMAIN


def test_eleven_aliases_are_followed_and_the_twelfth_is_not() -> None:
    """Scenario 18."""
    assert MAX_ALIASES == 11
    links = [cname(f"a{number}.example.", f"a{number + 1}.example.") for number in range(12)]
    assert len(closed("a0.example.", *links[:11], rrset("a11.example. 60 A 192.0.2.1")).answer().answer) == 12
    chain = Chain(from_text("a0.example."), A)
    for link in links[:11]:
        chain.follow(link, 0.0)
    with pytest.raises(AliasesExhausted):
        chain.follow(links[11], 0.0)


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(["a.example.", "a.example."], id="to itself (scenario 19)"),
        pytest.param(["a.example.", "b.test.", "a.example."], id="of two zones"),
        pytest.param(["a.example.", "b.example.", "c.example.", "b.example."], id="not through qname"),
    ],
)
def test_a_loop_is_seen(names: list[str]) -> None:
    chain = Chain(from_text(names[0]), A)
    *links, last = [cname(owner, target) for owner, target in pairwise(names)]
    for link in links:
        chain.follow(link, 0.0)
    with pytest.raises(AliasLoop):
        chain.follow(last, 0.0)


def test_one_expired_link_makes_the_answer_stale() -> None:
    short = cname("a.example.", "www.test.", ttl=5)
    assert not closed("a.example.", short, TARGET, now=4.0).answer().is_stale
    assert closed("a.example.", short, TARGET, now=5.0).answer().is_stale
    assert closed("www.test.", denial("www.test. A"), now=60.0).answer().is_stale


def test_ttl_0_is_not_stale() -> None:
    assert not closed("www.test.", rrset("www.test. 0 A 192.0.2.1")).answer().is_stale


@pytest.mark.parametrize(
    ("alias_security", "end_security", "expected"),
    [
        (Security.SECURE, Security.SECURE, Security.SECURE),
        (Security.SECURE, Security.INSECURE, Security.INSECURE),
        (Security.UNCHECKED, Security.SECURE, Security.UNCHECKED),
    ],
)
def test_the_weakest_link_decides_the_security(
    alias_security: Security, end_security: Security, expected: Security
) -> None:
    alias = rrset("a.example. 60 CNAME www.test.", security=alias_security)
    end = replace(TARGET, security=end_security)
    assert closed("a.example.", alias_of(alias, alias.owner), end).answer().security is expected


def dname(text: str) -> RRset:
    return rrset(text, 5.0, security=Security.INSECURE, lease=500.0)


def test_a_dname_is_shown_with_the_cname_that_stands_for_it() -> None:
    """Scenario 47; RFC 6672 §3.1."""
    above = dname("old.example. 300 DNAME new.test.")
    alias = alias_of(above, from_text("www.old.example."))
    shown, synthesized = alias.shown
    assert shown is above
    assert (synthesized.owner, synthesized.rtype) == (from_text("www.old.example."), CNAME)
    assert synthesized.rdatas == (from_text("www.new.test."),)
    assert alias.target == synthesized.alias_target == from_text("www.new.test.")
    for field in ("ttl", "received", "expires", "lease", "rank", "security", "source"):
        assert getattr(synthesized, field) == getattr(above, field)
    answer = closed("www.old.example.", alias, rrset("www.new.test. 60 A 192.0.2.1")).answer()
    assert [one.rtype for one in answer.answer] == [DNAME, CNAME, A]


def test_a_dname_passed_twice_is_shown_once() -> None:
    to_b, to_a = dname("a.example. 300 DNAME b.example."), dname("b.example. 300 DNAME x.a.example.")
    first = alias_of(to_b, from_text("w.a.example."))
    second = alias_of(to_a, first.target)
    third = alias_of(to_b, second.target)
    chain = closed("w.a.example.", first, second, third, denial("w.x.b.example. TXT"), qtype=TXT)
    assert [one.rtype for one in chain.answer().answer] == [DNAME, CNAME, DNAME, CNAME, CNAME]


def test_a_name_that_grows_too_long_is_said_so() -> None:
    """RFC 6672 §2.2: YXDOMAIN."""
    long = ".".join(["a" * 63] * 3)
    with pytest.raises(SubstitutionTooLong):
        alias_of(dname(f"example. 300 DNAME {long}.test."), from_text(f"{'b' * 63}.example."))
