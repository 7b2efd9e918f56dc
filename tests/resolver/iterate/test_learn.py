import pytest

from cache.chain import Alias, Several, first_of
from cache.options import CacheOptions
from cache.rrset import Denial, Rank, RRset
from cache.rrtypes import CNAME, DNAME, DS, HINFO, NS, NXDOMAIN, TXT, A
from resolver.env import Address
from resolver.iterate.classify import Useless, classify
from resolver.iterate.delegation import Delegation, Origin
from resolver.iterate.learn import MAX_PROOF, MAX_RRSIGS, Iteration, Voice, delegation_of, learn, of_apex
from resolver.iterate.scrub import scrub
from resolver.wire.message import AA, Response
from tests.build import replace
from tests.resolver.iterate.zone_text import name, question, response

NOW = 1000.0
SERVER = Address("192.0.2.53", 53)
SOA = "example. 300 SOA ns.example. host.example. 1 2 3 4 60"
TTLS = CacheOptions(max_ttl=86400)


def learned(
    asked: str, said: Response, *, lease: float = float("inf"), is_proven: bool = False, origin: Origin = Origin.CACHE
) -> Iteration:
    wanted = question(asked)
    delegation = Delegation(zone=name("example."), origin=origin, lease=lease)
    scrubbed = scrub(said, wanted.qname, wanted.qtype, delegation.zone)
    told = classify(wanted, delegation.zone, said, scrubbed, is_forwarder=delegation.is_forwarder)
    assert not isinstance(told, Useless)
    voice = Voice(
        delegation=delegation,
        server=SERVER,
        now=NOW,
        rcode=said.rcode,
        is_authoritative=bool(said.flags & AA) and not delegation.is_forwarder,
        is_proven=is_proven,
    )
    return learn(wanted, told, scrubbed, voice, TTLS)


def test_an_answer_is_ranked_by_who_gave_it() -> None:
    said = response("www.example. 60 A 192.0.2.1")
    link = learned("www.example. A", said).link
    assert isinstance(link, RRset)
    assert (link.rank, link.source, link.received, link.expires) == (Rank.ANSWER_AA, "192.0.2.53", NOW, NOW + 60)
    (forwarded,) = learned("www.example. A", said, origin=Origin.FORWARD).learned
    assert forwarded.rank is Rank.ANSWER


def test_ttls_are_clamped() -> None:
    link = learned("www.example. A", response("www.example. 999999 A 192.0.2.1")).link
    assert isinstance(link, RRset)
    assert link.ttl == 86400


def test_nothing_outlives_its_lease() -> None:
    said = response("www.example. 600 A 192.0.2.1")
    (entry,) = learned("www.example. A", said, lease=NOW + 100).learned
    assert entry.lease == NOW + 100
    assert entry.expires == NOW + 100


@pytest.mark.parametrize("said", ["www.example. 600 A 192.0.2.1", "www.example. 600 CNAME www.test."])
def test_what_comes_when_its_lease_is_over_is_good_for_this_answer_and_not_called_stale(said: str) -> None:
    """Found by a seed: it was asked for in time, and the delegation ended meanwhile."""
    iteration = learned("www.example. A", response(said), lease=NOW)
    entry = first_of(iteration.link)
    assert (entry.ttl, entry.expires) == (0, NOW)


CHAINS = [
    pytest.param(response("a.example. 60 CNAME b.example.\nb.example. 60 A 192.0.2.1"), id="an address"),
    pytest.param(response("a.example. 60 CNAME b.example.\nb.example. 60 CNAME c.example."), id="an alias"),
    pytest.param(response("a.example. 60 CNAME b.example.", SOA), id="NODATA"),
    pytest.param(response("a.example. 60 CNAME b.example.", SOA, rcode=NXDOMAIN), id="NXDOMAIN"),
]


@pytest.mark.parametrize("said", CHAINS)
@pytest.mark.parametrize("origin", [Origin.CACHE, Origin.FORWARD])
def test_what_stands_behind_an_alias_needs_proof(said: Response, origin: Origin) -> None:
    """Over UDP it is asked for by itself: the reply to a name made up brings nothing of other names. RFC 2181 §5.4.1."""
    iteration = learned("a.example. A", said, origin=origin)
    assert isinstance(iteration.link, Alias)
    assert iteration.learned == iteration.link.shown
    assert iteration.further == ()


@pytest.mark.parametrize("said", CHAINS)
def test_aa_vouches_for_the_first_owner_of_a_chain_only(said: Response) -> None:
    """RFC 2181 §5.4.1; a denial's rank is that of the authority section."""
    first, second = learned("a.example. A", said, is_proven=True).learned
    assert first.rank is Rank.ANSWER_AA
    assert second.rank is (Rank.AUTHORITY_AA if isinstance(second, Denial) else Rank.ANSWER)


def test_what_has_ttl_0_is_at_hand_for_the_answer_and_in_the_store_displaces_what_was() -> None:
    """Scenarios 27 and 28."""
    said = response("a.example. 60 CNAME b.example.\nb.example. 0 A 192.0.2.1")
    iteration = learned("a.example. A", said, is_proven=True)
    assert [(entry.owner, entry.ttl) for entry in iteration.learned] == [
        (name("a.example."), 60),
        (name("b.example."), 0),
    ]
    further = iteration.find_link(question("b.example. A"))
    assert isinstance(further, RRset)
    assert iteration.find_link(question("b.example. AAAA")) is None
    assert iteration.find_link(question("c.example. A")) is None


@pytest.mark.parametrize(("rcode", "rtype"), [(0, A), (NXDOMAIN, None)], ids=["NODATA", "NXDOMAIN"])
def test_a_negative_behind_an_alias_is_keyed_at_the_target(rcode: int, rtype: int | None) -> None:
    """Scenarios 24 and 25."""
    said = response("a.example. 60 CNAME b.example.", SOA, rcode=rcode)
    iteration = learned("a.example. A", said, is_proven=True)
    assert isinstance(iteration.link, Alias)
    denial = iteration.find_link(question("b.example. A"))
    assert isinstance(denial, Denial)
    assert (denial.owner, denial.rtype, denial.ttl) == (name("b.example."), rtype, 60)
    assert denial in iteration.learned


def test_a_target_elsewhere_is_not_denied_by_this_zone() -> None:
    said = response("a.example. 60 CNAME b.test.", SOA, rcode=NXDOMAIN)
    assert learned("a.example. A", said, is_proven=True).further == ()


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(response("a.example. 60 CNAME example.", SOA), id="denied"),
        pytest.param(response("a.example. 60 CNAME example.\nexample. 60 DS 1 8 2 " + "00" * 32), id="given"),
    ],
)
def test_a_zone_has_no_say_in_the_ds_of_its_own_apex_behind_an_alias(said: Response) -> None:
    """RFC 4035 §3.1.4.1; found by the differential: its denial was kept, and the zone had no DS for anybody."""
    iteration = learned("a.example. DS", said, is_proven=True)
    assert isinstance(iteration.link, Alias)
    assert (iteration.further, iteration.learned) == ((), iteration.link.shown)


def test_a_negative_without_soa_is_given_and_not_kept() -> None:
    """RFC 2308 §5; scenario 43."""
    iteration = learned("www.example. A", response(), origin=Origin.FORWARD)
    assert isinstance(iteration.link, Denial)
    assert iteration.link.soa.rdatas == ()
    assert iteration.learned == ()


def test_a_denial_without_aa_is_doubtful_but_from_a_forwarder_which_never_has_it() -> None:
    assert not learned("www.example. A", response("", SOA)).is_doubtful
    assert learned("www.example. A", response("", SOA, flags=0)).is_doubtful
    assert not learned("www.example. A", response("", SOA, flags=0), origin=Origin.FORWARD).is_doubtful


def test_a_negative_is_kept_for_the_lesser_of_ttl_and_minimum() -> None:
    (denial,) = learned("www.example. A", response("", SOA.replace(" 60", " 600"))).learned
    assert denial.ttl == 300


def test_a_negative_keeps_its_proof() -> None:
    said = response("", f"{SOA}\nwww.example. 60 NSEC z.example. MX NSEC")
    (denial,) = learned("www.example. A", said).learned
    assert isinstance(denial, Denial)
    assert len(denial.proof) == 1


def test_no_more_of_a_proof_is_kept_than_an_honest_one_has_nor_of_signatures() -> None:
    """Whose they are is looked up for each before any is verified: 1,700 of one RRset, or 1,000 RRsets, fit into 64 kB."""
    many = "\n".join(f"w{number}.example. 60 NSEC z.example. MX NSEC" for number in range(20))
    (denial,) = learned("www.example. A", response("", f"{SOA}\n{many}")).learned
    assert isinstance(denial, Denial)
    assert len(denial.proof) == MAX_PROOF
    said = response("www.example. 600 A 192.0.2.1", "")
    rrsigs = tuple(number.to_bytes(2) for number in range(100))
    said = replace(said, answer=(replace(said.answer[0], rrsigs=rrsigs),))
    (entry,) = learned("www.example. A", said).learned
    assert isinstance(entry, RRset)
    assert entry.rrsigs == rrsigs[:MAX_RRSIGS]


def signed(said: Response, labels: int) -> Response:
    """Each RRset of its answer as if signed, with so many labels; the signature itself means nothing here."""
    rrsig = bytes((0, 1, 13, labels)) + bytes(14) + name("example.") + bytes(64)
    return replace(said, answer=tuple(replace(one, rrsigs=(rrsig,)) for one in said.answer))


@pytest.mark.parametrize(
    ("owner", "labels", "proofs"),
    [
        pytest.param("x.example.", 1, 1, id="a wildcard's"),
        pytest.param("a.b.example.", 1, 1, id="a wildcard's two labels below it"),
        pytest.param("x.example.", 2, 0, id="its own"),
        pytest.param("*.example.", 1, 0, id="the wildcard itself"),
    ],
)
def test_what_a_wildcard_gave_keeps_its_proof_which_bounds_nothing_until_it_is_validated(
    owner: str, labels: int, proofs: int
) -> None:
    said = response(f"{owner} 600 A 192.0.2.1", "w.example. 60 NSEC z.example. MX NSEC")
    (entry,) = learned(f"{owner} A", signed(said, labels)).learned
    assert isinstance(entry, RRset)
    assert (len(entry.proof), entry.ttl) == (proofs, 600)


def test_a_wildcards_alias_keeps_its_proof_and_no_more_of_it_than_an_honest_one_has() -> None:
    many = "\n".join(f"w{number}.example. 60 NSEC z.example. MX NSEC" for number in range(20))
    link = learned("x.example. A", signed(response("x.example. 600 CNAME y.test.", many), 1)).link
    assert isinstance(link, Alias)
    assert len(link.shown[0].proof) == MAX_PROOF


def referral(authority: str, *, keeps_proof: bool = True, is_signed: bool = True) -> RRset:
    """The delegation that a referral of example.'s to sub.example. leaves."""
    said = response("", f"sub.example. 3600 NS ns.test.\n{authority}", flags=0)
    if is_signed:
        said = replace(said, authority=tuple(replace(one, rrsigs=(b"signed",)) for one in said.authority))
    scrubbed = scrub(said, name("www.sub.example."), A, name("example."))
    assert scrubbed.name_servers is not None
    voice = Voice(Delegation(zone=name("example."), origin=Origin.CACHE), SERVER, NOW, 0, False, False)
    return delegation_of(scrubbed.name_servers, scrubbed, voice, TTLS, keeps_proof=keeps_proof)


NO_DS = "sub.example. 60 NSEC z.example. NS RRSIG NSEC"


def test_a_referral_keeps_the_proof_that_there_is_no_ds_and_lives_on_without_it() -> None:
    delegation = referral(NO_DS)
    (kept,) = delegation.proof
    assert (kept.rank, kept.ttl) == (Rank.ADDITIONAL, 60)
    assert (delegation.rank, delegation.ttl, delegation.expires) == (Rank.ADDITIONAL, 3600, NOW + 3600)


@pytest.mark.parametrize(
    "delegation",
    [
        pytest.param(referral(NO_DS, keeps_proof=False), id="where nobody validates"),
        pytest.param(referral(NO_DS, is_signed=False), id="unsigned"),
        pytest.param(referral(f"{NO_DS}\nsub.example. 60 DS 1 13 2 {'ab' * 32}"), id="beside a DS"),
        pytest.param(referral("test. 60 NSEC z.test. NS RRSIG NSEC"), id="of another zone"),
    ],
)
def test_no_proof_is_kept_with_a_referral(delegation: RRset) -> None:
    assert delegation.proof == ()


def test_no_more_proof_is_kept_with_a_referral_than_an_honest_one_has() -> None:
    many = "\n".join(f"w{number}.example. 60 NSEC z.example. NS NSEC" for number in range(20))
    assert len(referral(many).proof) == MAX_PROOF


def test_a_dname_is_kept_and_the_cname_it_gives_is_made() -> None:
    iteration = learned("x.d.example. A", response("d.example. 60 DNAME e.test."))
    assert isinstance(iteration.link, Alias)
    dname, cname = iteration.link.shown
    assert (dname.rtype, cname.rtype, cname.ttl) == (DNAME, CNAME, 60)
    assert cname.owner == name("x.d.example.")
    assert iteration.link.target == cname.alias_target == name("x.e.test.")
    assert iteration.learned == (dname,)


@pytest.mark.parametrize("is_proven", [False, True], ids=["over UDP", "over TCP"])
def test_the_zones_own_name_servers_beside_an_answer_need_proof(is_proven: bool) -> None:
    """CVE-2025-11411; BIND 9.20.15 draws the line at TCP too."""
    said = response("www.example. 60 A 192.0.2.1", "example. 60 NS ns.example.", "ns.example. 600 A 192.0.2.10")
    entries = learned("www.example. A", said, is_proven=is_proven).learned
    assert [(entry.owner, entry.rtype) for entry in entries[1:]] == (
        [(name("example."), NS), (name("ns.example."), A)] if is_proven else []
    )
    assert all(entry.lease <= NOW + 60 for entry in entries[2:])


def test_the_answer_to_an_ns_question_brings_addresses_that_last_no_longer() -> None:
    said = response("example. 60 NS ns.example.", "", "ns.example. 600 A 192.0.2.10")
    _, glue = learned("example. NS", said).learned
    assert glue.rank is Rank.ADDITIONAL
    assert glue.lease == NOW + 60


def test_a_parent_denies_of_a_configured_zone_its_ds_and_not_its_name() -> None:
    """One question for `corp DS`, whose NXDOMAIN is right, made every name of a stub or forward zone NXDOMAIN."""
    soa = "example. 300 SOA ns.example. host.example. 1 2 3 4 60"
    said = learned("lab.example. DS", response("", soa, rcode=NXDOMAIN))
    assert isinstance(said.link, Denial)
    assert said.link.rtype is None
    kept = of_apex(said, question("lab.example. DS"))
    assert isinstance(kept.link, Denial)
    assert kept.link.rtype == DS
    assert kept.learned == (kept.link,)
    assert of_apex(said, question("lab.example. A")) is said


OF_WWW = "www.example. 60 A 192.0.2.1\nwww.example. 60 TXT hello"


@pytest.mark.parametrize(
    ("answer", "origin", "kept"),
    [
        pytest.param(OF_WWW, Origin.CACHE, [A, TXT], id="each is kept as what it is"),
        pytest.param('www.example. 60 HINFO RFC8482 ""', Origin.CACHE, [], id="but not what is made up for ANY"),
        pytest.param('www.example. 60 HINFO "PC" "Unix"', Origin.CACHE, [HINFO], id="a real HINFO"),
        pytest.param(OF_WWW, Origin.FORWARD, [], id="nor what a forwarder happens to hold"),
    ],
)
def test_what_was_said_to_any(answer: str, origin: Origin, kept: list[int]) -> None:
    iteration = learned("www.example. ANY", response(answer), origin=origin)
    assert isinstance(iteration.link, Several)
    assert len(iteration.link.rrsets) == len(answer.splitlines())
    assert [one.rtype for one in iteration.learned] == kept


def test_each_that_a_wildcard_gave_keeps_the_proof() -> None:
    said = response("x.example. 60 A 192.0.2.1\nx.example. 60 TXT hello", "w.example. 60 NSEC z.example. MX NSEC")
    link = learned("x.example. ANY", signed(said, 1)).link
    assert isinstance(link, Several)
    assert [len(one.proof) for one in link.rrsets] == [1, 1]


@pytest.mark.parametrize("is_proven", [False, True], ids=["over UDP", "over TCP"])
def test_all_of_a_name_behind_a_dname_needs_proof_and_ranks_lower(is_proven: bool) -> None:
    said = response("d.example. 60 DNAME e.example.\nx.e.example. 60 A 192.0.2.1\nx.e.example. 60 TXT hello")
    iteration = learned("x.d.example. ANY", said, is_proven=is_proven)
    behind = [(A, Rank.ANSWER), (TXT, Rank.ANSWER)] if is_proven else []
    assert [(one.rtype, one.rank) for one in iteration.learned] == [(DNAME, Rank.ANSWER_AA), *behind]
    found = iteration.find_link(question("x.e.example. ANY"))
    assert (found is None) is not is_proven
    assert iteration.find_link(question("x.e.example. A")) is None
