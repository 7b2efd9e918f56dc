import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.names import is_at_or_below, is_below
from cache.rrtypes import DNAME, NXDOMAIN, A
from resolver.iterate.classify import Referred, classify
from resolver.iterate.scrub import (
    MAX_GLUE_HELD,
    MAX_NAME_SERVERS_HELD,
    MAX_OF_ANY,
    Scrubbed,
    name_servers_of,
    scrub,
    target_of,
)
from resolver.wire.message import AA
from tests.resolver.iterate.zone_text import name, question, raw, raws, response

SOA = "example. 300 SOA ns.example. host.example. 1 2 3 4 60"


def scrubbed(asked: str, zone: str, **sections: str) -> Scrubbed:
    wanted = question(asked)
    said = response(sections.get("answer", ""), sections.get("authority", ""), sections.get("additional", ""))
    return scrub(said, wanted.qname, wanted.qtype, name(zone))


@pytest.mark.parametrize(
    ("asked", "answer", "chain", "end", "is_answered"),
    [
        pytest.param("www.example. A", "www.example. 60 A 192.0.2.1", [0], "www.example.", True, id="the answer"),
        pytest.param(
            "www.example. A",
            "www.example. 60 A 192.0.2.1\nother.example. 60 A 192.0.2.2",
            [0],
            "www.example.",
            True,
            id="an address nobody asked for",
        ),
        pytest.param(
            "www.example. A", "www.example. 60 MX 1 mx.example.", [], "www.example.", False, id="another type"
        ),
        pytest.param(
            "a.example. A",
            "b.example. 60 A 192.0.2.1\na.example. 60 CNAME b.example.",
            [1, 0],
            "b.example.",
            True,
            id="a chain in the wrong order",
        ),
        pytest.param(
            "a.example. A",
            "a.example. 60 CNAME b.other.\nb.other. 60 A 203.0.113.1",
            [0],
            "b.other.",
            False,
            id="a target outside the zone is for its own servers to say",
        ),
        pytest.param(
            "a.example. A",
            "b.example. 60 CNAME c.example.\nc.example. 60 A 192.0.2.1",
            [],
            "a.example.",
            False,
            id="a chain that does not begin at the name asked",
        ),
        pytest.param(
            "a.example. CNAME", "a.example. 60 CNAME b.example.", [0], "a.example.", True, id="the CNAME asked for"
        ),
        pytest.param(
            "a.example. A",
            "a.example. 60 A 192.0.2.1\na.example. 60 CNAME b.example.\nb.example. 60 A 192.0.2.2",
            [1, 2],
            "b.example.",
            True,
            id="a CNAME counts, and the address beside it does not",
        ),
        pytest.param(
            "a.example. A",
            "a.example. 60 MX 1 m.example.\na.example. 60 CNAME b.example.",
            [1],
            "b.example.",
            False,
            id="nor what was not asked for",
        ),
        *(
            pytest.param(
                f"a.example. {rtype}",
                "a.example. 60 CNAME b.example.",
                [0],
                "b.example.",
                False,
                id=f"an alias, asked for its {rtype}",
            )
            for rtype in ("DS", "NSEC", "NSEC3PARAM", "RRSIG")
        ),
        pytest.param(
            "a.example. NSEC",
            "a.example. 60 CNAME b.example.\na.example. 60 NSEC b.example. CNAME NSEC",
            [1],
            "a.example.",
            True,
            id="the NSEC of an alias",
        ),
        pytest.param(
            "x.d.example. CNAME",
            "d.example. 60 DNAME e.example.\nx.d.example. 60 CNAME x.e.example.",
            [0],
            "x.e.example.",
            False,
            id="a DNAME leads on every type below it",
        ),
        pytest.param(
            "a.example. A",
            "a.example. 60 CNAME b.example.\nb.example. 60 CNAME a.example.",
            [0, 1],
            "a.example.",
            False,
            id="a loop ends",
        ),
        pytest.param(
            "x.d.example. A",
            "d.example. 60 DNAME e.example.\nx.d.example. 60 CNAME x.e.example.\nx.e.example. 60 A 192.0.2.1",
            [0, 2],
            "x.e.example.",
            True,
            id="the CNAME of a DNAME is made anew",
        ),
        pytest.param(
            "x.d.example. A",
            "x.d.example. 60 CNAME evil.example.\nd.example. 60 DNAME e.example.",
            [1],
            "x.e.example.",
            False,
            id="a CNAME that the DNAME does not give",
        ),
        pytest.param(
            "x.d.example. A",
            "d.example. 60 DNAME e.example.",
            [0],
            "x.e.example.",
            False,
            id="a DNAME without its CNAME",
        ),
        pytest.param(
            "d.example. DNAME", "d.example. 60 DNAME e.example.", [0], "d.example.", True, id="the DNAME asked for"
        ),
        pytest.param(
            "www.example. ANY",
            "www.example. 60 A 192.0.2.1\nother.example. 60 A 192.0.2.2\nwww.example. 60 TXT hello",
            [0, 2],
            "www.example.",
            True,
            id="ANY: each of the name",
        ),
        pytest.param(
            "a.example. ANY",
            "a.example. 60 CNAME b.example.\na.example. 60 A 192.0.2.1\na.example. 60 NSEC b.example. CNAME NSEC\n"
            "b.example. 60 A 192.0.2.2",
            [0, 2],
            "a.example.",
            True,
            id="ANY at an alias: the alias, and what may stand beside it",
        ),
        pytest.param(
            "x.d.example. ANY",
            "d.example. 60 DNAME e.example.\nx.d.example. 60 CNAME x.e.example.\nx.e.example. 60 A 192.0.2.1\n"
            "x.e.example. 60 TXT hello",
            [0, 2, 3],
            "x.e.example.",
            True,
            id="ANY below a DNAME",
        ),
        pytest.param("www.example. ANY", "other.example. 60 A 192.0.2.2", [], "www.example.", False, id="ANY: nothing"),
    ],
)
def test_only_the_chain_from_the_name_asked_is_kept(
    asked: str, answer: str, chain: list[int], end: str, is_answered: bool
) -> None:
    rrsets = raws(answer)
    kept = scrubbed(asked, "example.", answer=answer)
    assert (*kept.aliases, *kept.wanted) == tuple(rrsets[index] for index in chain)
    assert kept.end == name(end)
    assert bool(kept.wanted) is is_answered
    assert kept.dropped == len(rrsets) - len(chain)


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        pytest.param("a.example. A", "a.example. 60 CNAME b.example.\na.example. 60 CNAME c.example.", id="two CNAMEs"),
        pytest.param(
            "a.example. CNAME",
            "a.example. 60 CNAME b.example.\na.example. 60 CNAME c.example.",
            id="two CNAMEs, asked for",
        ),
        pytest.param(
            "a.example. ANY",
            "a.example. 60 CNAME b.example.\na.example. 60 CNAME c.example.",
            id="two CNAMEs, for ANY",
        ),
        pytest.param(
            "a.example. A",
            "a.example. 60 CNAME b.example.\nb.example. 60 CNAME c.example.\nb.example. 60 CNAME d.example.",
            id="two CNAMEs further on",
        ),
        pytest.param(
            "x.d.example. A", "d.example. 60 DNAME e.example.\nd.example. 60 DNAME f.example.", id="two DNAMEs"
        ),
    ],
)
def test_contradicting_aliases_make_the_whole_response_unusable(asked: str, answer: str) -> None:
    assert scrubbed(asked, "example.", answer=answer).flaw


@pytest.mark.parametrize(
    ("asked", "zone", "authority", "owner"),
    [
        pytest.param(
            "www.sub.example. A", "example.", "sub.example. 60 NS ns.sub.example.", "sub.example.", id="below"
        ),
        pytest.param("www.example. A", "example.", "example. 60 NS ns.example.", "example.", id="the zone itself"),
        pytest.param("www.example. A", "example.", ". 60 NS ns.evil.test.", None, id="above"),
        pytest.param("www.example. A", "example.", "test. 60 NS ns.evil.test.", None, id="beside"),
        pytest.param("www.example. A", "example.", "sub.example. 60 NS ns.evil.test.", None, id="not on the way"),
        pytest.param(
            "a.b.example. A",
            "example.",
            "example. 60 NS n.example.\nb.example. 60 NS n.b.example.",
            "b.example.",
            id="deepest",
        ),
    ],
)
def test_name_servers_are_heard_only_of_zones_on_the_way_down(
    asked: str, zone: str, authority: str, owner: str | None
) -> None:
    kept = scrubbed(asked, zone, authority=authority).name_servers
    assert (kept.owner if kept else None) == (name(owner) if owner else None)


@pytest.mark.parametrize(
    ("authority", "refers"), [(". 60 NS ns.test.", True), (". 60 SOA ns. host. 1 2 3 4 5", False)], ids=["NS", "SOA"]
)
def test_name_servers_from_above_the_zone_are_noticed(authority: str, refers: bool) -> None:
    """A SOA of an ancestor beside a denial is a fault that says nothing of whom to ask."""
    kept = scrubbed("www.example. A", "example.", authority=authority)
    assert kept.points_upward is refers
    assert kept.soa is None
    assert kept.name_servers is None


def test_glue_is_taken_for_these_name_servers_and_in_the_zone_only() -> None:
    kept = scrubbed(
        "www.sub.example. A",
        "example.",
        authority="sub.example. 60 NS ns.sub.example.\nsub.example. 60 NS ns.other.test.",
        additional="ns.sub.example. 60 A 192.0.2.1\nns.sub.example. 60 AAAA 2001:db8::1\n"
        "ns.other.test. 60 A 192.0.2.2\nwww.example. 60 A 192.0.2.3",
    )
    assert kept.glue == raws("ns.sub.example. 60 A 192.0.2.1\nns.sub.example. 60 AAAA 2001:db8::1")
    assert kept.far_glue == raws("ns.other.test. 60 A 192.0.2.2")


def test_addresses_beside_other_records_are_no_glue() -> None:
    """CVE-2026-42960: additional data for anything but NS."""
    kept = scrubbed(
        "example. MX", "example.", answer="example. 60 MX 1 mx.example.", additional="mx.example. 60 A 192.0.2.1"
    )
    assert kept.glue == ()


def test_the_answer_to_an_ns_question_brings_its_addresses() -> None:
    kept = scrubbed(". NS", ".", answer=". 60 NS a.root.test.", additional="a.root.test. 60 A 192.0.2.1")
    assert kept.glue == raws("a.root.test. 60 A 192.0.2.1")


def test_so_does_the_answer_to_any_where_they_are_among_it() -> None:
    answer, glue = "example. 60 MX 1 mail.example.\nexample. 60 NS ns.example.", "ns.example. 60 A 192.0.2.1"
    kept = scrubbed("example. ANY", "example.", answer=answer, additional=f"{glue}\nmail.example. 60 A 192.0.2.2")
    assert kept.glue == raws(glue)


def test_of_a_name_with_hundreds_of_types_some_are_given_to_any() -> None:
    many = "\n".join(f"www.example. 60 TYPE{65280 + number} \\# 1 00" for number in range(200))
    assert len(scrubbed("www.example. ANY", "example.", answer=many).wanted) == MAX_OF_ANY


def test_an_soa_speaks_of_the_end_of_the_chain() -> None:
    kept = scrubbed("a.example. A", "example.", answer="a.example. 60 CNAME b.example.", authority=SOA)
    assert kept.soa == raw(SOA)
    assert kept.end == name("b.example.")
    elsewhere = scrubbed("a.example. A", "example.", answer="a.example. 60 CNAME b.test.", authority=SOA)
    assert elsewhere.soa is None


def test_of_a_huge_delegation_some_are_held() -> None:
    """NRDelegation, CVE-2022-3204."""
    many = raw("\n".join(f"example. 60 NS ns{n}.test." for n in range(1500)))
    assert len(name_servers_of(many)) == MAX_NAME_SERVERS_HELD
    kept = scrubbed(
        "www.sub.example. A",
        "example.",
        authority="sub.example. 60 NS ns.example.",
        additional="\n".join(f"ns.example. 60 A 192.0.2.{n}" for n in range(1, 101)),
    )
    assert len(kept.glue[0].rdatas) == MAX_GLUE_HELD


NAMES = ("a.example.", "b.example.", "x.a.example.", "example.", "a.test.", "test.", ".")
LINES = st.builds(
    "{0} 60 {1}".format,
    st.sampled_from(NAMES),
    st.sampled_from(NAMES).flatmap(
        lambda target: st.sampled_from(
            ("A 192.0.2.1", f"CNAME {target}", f"DNAME {target}", f"NS {target}", f"SOA {target} {target} 1 2 3 4 5")
        )
    ),
)
SECTIONS = st.lists(LINES, max_size=6).map("\n".join)


@given(SECTIONS, SECTIONS, SECTIONS, st.sampled_from(("A", "CNAME", "NS", "DS", "ANY")), st.booleans())
def test_whatever_is_said_a_server_is_heard_of_its_own_zone_and_of_what_was_asked(
    answer: str, authority: str, additional: str, qtype: str, is_authoritative: bool
) -> None:
    zone = name("example.")
    said = response(answer, authority, additional, flags=AA if is_authoritative else 0)
    wanted = question(f"x.a.example. {qtype}")
    kept = scrub(said, wanted.qname, wanted.qtype, zone)
    parts = [*kept.aliases, *kept.wanted, *kept.glue, *kept.proof, kept.soa, kept.name_servers]
    assert all(is_at_or_below(part.owner, zone) for part in parts if part is not None)
    at = wanted.qname
    for alias in kept.aliases:
        assert alias.owner == at or (alias.rtype == DNAME and is_below(at, alias.owner))
        at = target_of(alias, at) or at
    assert all(rrset.owner == at for rrset in kept.wanted)
    if kept.name_servers is not None:
        assert is_at_or_below(kept.end, kept.name_servers.owner)
    meaning = classify(wanted, zone, said, kept, is_forwarder=False)
    if isinstance(meaning, Referred):
        assert is_below(meaning.name_servers.owner, zone)


@pytest.mark.parametrize(
    ("owner", "is_kept"), [("sub.example.", True), ("other.example.", False), ("example.", False), ("test.", False)]
)
def test_the_ds_of_a_referral_is_kept_for_the_zone_referred_to_only(owner: str, is_kept: bool) -> None:
    ds = f"{owner} 60 DS 1 13 2 {'ab' * 32}"
    found = scrubbed("www.sub.example. A", "example.", authority=f"sub.example. 60 NS ns.test.\n{ds}")
    assert (found.ds is not None) is is_kept
    assert found.dropped == (not is_kept)


@pytest.mark.parametrize(
    ("asked", "is_heard"),
    [
        pytest.param("www.example. A", False, id="behind an alias"),
        pytest.param("mail.lab.example. A", True, id="asked for, in place of servers that failed"),
    ],
)
def test_of_a_zone_whose_servers_are_configured_the_zone_above_says_nothing(asked: str, is_heard: bool) -> None:
    wanted = question(asked)
    said = response(
        "www.example. 60 CNAME mail.lab.example.\nmail.lab.example. 60 A 203.0.113.66",
        "example. 60 NS ns.lab.example.",
        "ns.lab.example. 60 A 203.0.113.66",
    )
    kept = scrub(said, wanted.qname, wanted.qtype, name("example."), {name("lab.example.")})
    assert bool(kept.wanted) is is_heard
    assert bool(kept.glue) is is_heard


def test_nor_does_it_deny_what_is_there() -> None:
    said = response(
        "www.example. 60 CNAME mail.lab.example.",
        "example. 300 SOA ns.example. host.example. 1 2 3 4 60",
        rcode=NXDOMAIN,
    )
    kept = scrub(said, name("www.example."), A, name("example."), {name("lab.example.")})
    assert (len(kept.aliases), kept.soa, kept.name_servers) == (1, None, None)
