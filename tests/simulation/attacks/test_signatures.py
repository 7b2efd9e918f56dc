"""What makes a validator compute without end, or believe what nobody signed. Counted are verifications, hashes and packets."""

from typing import Final

import dns.dnssec
import dns.name
import dns.rrset
import pytest
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.RRSIG import RRSIG

from resolver.demo.authority import Transport
from resolver.demo.behaviour import Asking, Silent
from resolver.demo.zone import parse_record
from tests.signing import SignedZone
from tests.simulation.denials import Kind
from tests.simulation.scenarios.kit import Net, given
from tests.simulation.scenarios.servers import NETWORK, Mind, Said, zone
from tests.simulation.signing_authority import Flaw

VICTIM: Final = zone("victim.test", "www 300 A 198.51.100.1", signs=Kind.NSEC)
EVIL: Final = zone("evil.test", "www 300 A 198.51.100.66", "*.w 300 A 198.51.100.66", signs=Kind.NSEC)
SEVEN: Final = {**dict.fromkeys("ABCDEFG", EVIL), "V": VICTIM}
ONE: Final = {"X": EVIL, "V": VICTIM}
COLLIDING, FALSE = 100, 100  # keys of one tag, signatures that none of them has made
# what one client question may cost, and what of one RRset is tried; said here once more, so that no other bound goes unnoticed
VERIFICATIONS, HASHES, QUERIES_A_NAME = 32, 600, 50
MAX_SIGNATURES, MAX_SAME_TAG = 8, 4
DEEP: Final = "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s"


def colliding(keys: SignedZone) -> list[str]:
    """DNSKEY rdatas with the tag of the zone's own, which is the fourth: the octets of a key in another order add up alike."""
    own = parse_record(keys.dnskey)[0]
    assert isinstance(own, DNSKEY)
    words = [own.key[at : at + 2] for at in range(0, len(own.key), 2)]
    turned = [b"".join([*words[place:], *words[:place]]) for place in range(1, len(words))]
    swapped = [key[2:4] + key[:2] + key[4:] for key in turned]
    swapped += [key[:4] + key[6:8] + key[4:6] + key[8:] for key in turned]
    rdatas = [own.replace(key=key) for key in [*turned, *swapped][: COLLIDING - 1]]
    rdatas.insert(MAX_SAME_TAG - 1, own)
    assert len({dns.dnssec.key_id(rdata) for rdata in rdatas if isinstance(rdata, DNSKEY)}) == 1
    return [rdata.to_text() for rdata in rdatas]


def signatures(keys: SignedZone, rrset: dns.rrset.RRset, false: int, *, is_true_last: bool) -> list[str]:
    """So many RRSIGs that are not of these records, and the one that is."""
    own = keys.rrsig(rrset)
    assert isinstance(own, RRSIG)
    first, rest = own.signature[0], own.signature[1:]
    rdatas = [own.replace(signature=bytes([(first + place) % 256]) + rest) for place in range(1, false + 1)]
    rdatas += [own] if is_true_last else []
    return [f"{rrset.name} {rrset.ttl} RRSIG {rdata.to_text()}" for rdata in rdatas]


def say(*records: str) -> Mind:
    """These records for an answer, over TCP if need be."""

    def answer(question: str, asking: Asking) -> Said | None:
        name, rtype = question.split()
        if (name, rtype) != (records[0].split()[0].removesuffix("."), records[0].split()[2]):
            return None
        return Said(records) if asking.transport is Transport.TCP else Said(is_truncated=True)

    return answer


def both(*minds: Mind) -> Mind:
    return lambda question, asking: next((said for mind in minds if (said := mind(question, asking))), None)


def keytrap(keys: SignedZone, *, of: str = "www.evil.test. 300 A 198.51.100.66", false: int = FALSE) -> Mind:
    """100 keys of one tag, all signed, and as many false signatures of the records asked for."""
    dnskeys = dns.rrset.from_text("evil.test.", 3600, "IN", "DNSKEY", *colliding(keys))
    lines = [f"evil.test. 3600 DNSKEY {rdata.to_text()}" for rdata in dnskeys]
    signed = signatures(keys, dnskeys, 0, is_true_last=True)
    return both(say(*lines, *signed), say(of, *signatures(keys, parse_record(of), false, is_true_last=False)))


async def neighbour(net: Net) -> None:
    """Another client gets its answer, secure, and soon."""
    reply = await net.ask("www.victim.test", client=1, flags="AD")
    addresses = [line.split()[-1] for line in reply.answer]
    assert (addresses, reply.is_secure, reply.took < 0.5) == (["198.51.100.1"], True, True)


async def verified(net: Net) -> int:
    return int(await net.counter("dnssec_signatures_checked"))


@given(ONE)
async def test_keytrap_cve_2023_50387_a_question_costs_32_verifications_and_not_ten_thousand(net: Net) -> None:
    net.possess("X", keytrap(net.keys_of("evil.test")))
    before = await verified(net)
    reply = await net.ask("www.evil.test", flags="DO")
    assert (reply.rcode, reply.answer) == ("SERVFAIL", [])
    spent = await verified(net) - before
    assert MAX_SAME_TAG < spent <= VERIFICATIONS
    net.asked()
    assert (await net.ask("www.evil.test", flags="DO")).rcode == "SERVFAIL"
    assert (net.asked(), await verified(net) - before) == ({}, spent)
    await neighbour(net)


@given(ONE)
async def test_keytrap_false_signatures_of_the_keys_themselves_are_tried_eight_times(net: Net) -> None:
    keys = net.keys_of("evil.test")
    dnskeys = parse_record(keys.dnskey)
    net.possess("X", say(keys.dnskey, *signatures(keys, dnskeys, FALSE, is_true_last=True)))
    await net.ask("www.victim.test", flags="DO")
    before = await verified(net)
    assert (await net.ask("evil.test DNSKEY", flags="DO")).rcode == "SERVFAIL"
    assert await verified(net) - before == 1 + MAX_SIGNATURES  # the DS, and these
    await neighbour(net)


@given(SEVEN)
async def test_cve_2026_50045_what_is_left_to_verify_outlives_the_servers_that_were_not_believed(net: Net) -> None:
    """Each of seven servers has a wrong signature beside one that costs four attempts: none of them gets a new allowance."""
    mind = keytrap(net.keys_of("evil.test"), false=2)
    for name in "ABCDEFG":
        net.possess(name, mind)
    before = await verified(net)
    assert (await net.ask("www.evil.test", flags="DO")).rcode == "SERVFAIL"
    assert await net.counter("resolve_asked_elsewhere") >= 2  # or there would be nothing to outlive
    assert await verified(net) - before <= VERIFICATIONS
    await neighbour(net)


@given(SEVEN)
async def test_cve_2026_50045_packets_are_not_counted_anew_for_each_server_that_was_not_believed(net: Net) -> None:
    """A name so deep that asking for it five times, step by step, takes more packets than a name has."""
    assert (await net.ask("www.evil.test", flags="DO")).is_secure
    await neighbour(net)
    for name in "ABCDEFG":
        net.spoil(name, Flaw.EXPIRED)
    sent = await net.counter("upstream_sent")
    assert (await net.ask(f"{DEEP}.w.evil.test", flags="DO")).rcode == "SERVFAIL"
    assert await net.counter("upstream_sent") - sent == QUERIES_A_NAME
    assert await net.counter("iterate_budget_exhausted") == 1
    await neighbour(net)


@given(ONE)
async def test_keytrap_fails_no_name_that_its_zone_points_an_alias_to(net: Net) -> None:
    """Two aliases that take all 32 verifications, and lead to the victim: each alias has some for its target, which is enough."""
    keys = net.keys_of("evil.test")
    aliases = ("one.evil.test. 300 CNAME two.evil.test.", "two.evil.test. 300 CNAME www.victim.test.")
    minds = [keytrap(keys)]
    for line, false in zip(aliases, (6, 0), strict=True):
        minds.append(say(line, *signatures(keys, parse_record(line), false, is_true_last=True)))
    renamed = [_for_type(mind, "A") for mind in minds[1:]]
    net.possess("X", both(minds[0], *renamed))
    await net.ask("evil.test DNSKEY", flags="DO")
    attack = await net.ask("one.evil.test", flags="DO")
    assert attack.rcode == "NOERROR"
    assert await net.cached("two.evil.test") == {"CNAME": "fresh"}
    await neighbour(net)


def _for_type(mind: Mind, rtype: str) -> Mind:
    """What it says to CNAME, to this type."""
    return lambda question, asking: mind(question.replace(f" {rtype}", " CNAME"), asking)


@given(ONE)
async def test_cve_2026_11605_a_denial_padded_with_two_hundred_signed_nsecs_is_not_verified_to_its_end(
    net: Net,
) -> None:
    keys = net.keys_of("evil.test")
    soa = "evil.test. 60 SOA ns.evil.test. hostmaster.evil.test. 1 1800 900 604800 60"
    nsecs = [f"n{place:03}.evil.test. 60 NSEC n{place:03}a.evil.test. A RRSIG NSEC" for place in range(200)]
    authority = [
        one for line in (soa, *nsecs) for one in (line, *signatures(keys, parse_record(line), 0, is_true_last=True))
    ]

    def deny(question: str, asking: Asking) -> Said | None:
        if not question.startswith("gone."):
            return None
        said = Said((), tuple(authority), rcode="NXDOMAIN")
        return said if asking.transport is Transport.TCP else Said(is_truncated=True)

    net.possess("X", deny)
    before = await verified(net)
    assert (await net.ask("gone.evil.test", flags="DO")).rcode == "SERVFAIL"
    assert await verified(net) - before <= VERIFICATIONS
    await neighbour(net)


@given({"X": zone("evil.test", "www 300 A 198.51.100.66", signs=Kind.NSEC3, iterations=2500), "V": VICTIM})
async def test_cve_2023_50868_a_deep_name_under_2500_iterations_costs_no_hash(net: Net) -> None:
    """RFC 9276 §3.2: such a zone counts as unsigned."""
    for name in (f"{DEEP}.evil.test", "www.evil.test AAAA"):
        reply = await net.ask(name, flags="DO")
        assert (reply.rcode in ("NXDOMAIN", "NOERROR"), reply.is_secure, reply.took < 1) == (True, False, True)
    assert await net.counter("dnssec_hashes_computed") == 0
    await neighbour(net)


@given({"X": zone("evil.test", "www 300 A 198.51.100.66", signs=Kind.NSEC3, iterations=50), "V": VICTIM})
async def test_cve_2026_42923_a_deep_name_costs_600_rounds_of_hashing_and_no_more(net: Net) -> None:
    """As many iterations as are looked at, and a name with nineteen labels that all have to be hashed."""
    for place in range(3):
        before = await net.counter("dnssec_hashes_computed")
        reply = await net.ask(f"{DEEP}.n{place}.evil.test", flags="DO")
        assert (reply.rcode, reply.took < 1) == ("SERVFAIL", True)
        rounds = await net.counter("dnssec_hashes_computed") - before
        assert HASHES / 2 < rounds <= HASHES
    await neighbour(net)


SUB: Final = (f"sub 300 NS ns.{DEEP}.sub", f"ns.{DEEP}.sub 300 A {NETWORK}12")


@pytest.mark.parametrize("kind", [Kind.NSEC3, Kind.OPT_OUT], ids=lambda kind: kind.name)
def test_cve_2026_1519_an_unsigned_referral_costs_no_more_hashes_than_a_question_has(kind: Kind) -> None:
    @given(
        {
            "X": zone("evil.test", *SUB, signs=kind, iterations=2500),
            "Y": zone("sub.evil.test", f"{DEEP} 300 A 198.51.100.66"),
            "V": VICTIM,
        }
    )
    async def play(net: Net) -> None:
        reply = await net.ask(f"{DEEP}.sub.evil.test", flags="DO")
        assert (reply.rcode, reply.is_secure, reply.took < 1) == ("NOERROR", False, True)
        assert await net.counter("dnssec_hashes_computed") == 0
        await neighbour(net)

    play()


def expanded(keys: SignedZone, labels: int, address: str = "203.0.113.66", name: str = "www.evil.test.") -> list[str]:
    """An address of the name with the signature of a wildcard so many labels deep, made with this key."""
    owner = dns.name.Name((b"*", *dns.name.from_text(name).labels[-labels - 1 :]))
    rdata = keys.rrsig(dns.rrset.from_text(owner, 300, "IN", "A", address))
    return [f"{name} 300 A {address}", f"{name} 300 RRSIG {rdata.to_text()}"]


@pytest.mark.parametrize("labels", [0, 1])
@given(ONE)
async def test_cve_2026_44690_11721_52688_no_zone_signs_a_wildcard_above_itself(net: Net, labels: int) -> None:
    """An RRSIG with fewer labels than its signer: `*.` or `*.test.`, signed by `evil.test.`"""
    net.possess("X", say(*expanded(net.keys_of("evil.test"), labels)))
    reply = await net.ask("www.evil.test", flags="DO")
    assert (reply.rcode, reply.answer, reply.errors) == ("SERVFAIL", [], {"DNSSEC_BOGUS"})
    for name in ("www.evil.test", "*", "*.test"):
        assert "A" not in await net.cached(name)
    assert (await net.ask("nowhere.test", flags="DO")).rcode == "NXDOMAIN"
    await neighbour(net)


@pytest.mark.parametrize(
    ("owner", "signer"),
    [("test.", "evil.test"), ("evil.test.", "evil.test")],
    ids=["in the parent's name", "in its own"],
)
@given(ONE, above=Kind.NSEC3)
async def test_cve_2026_10723_a_childs_nsec3_is_no_proof_in_its_parent(net: Net, owner: str, signer: str) -> None:
    """A denial of the victim: the parent's SOA, and NSEC3 records that the child has signed and that cover everything."""
    parents, childs = net.keys_of("test"), net.keys_of(signer)
    soa = "test. 60 SOA ns.test. hostmaster.test. 1 1800 900 604800 60"
    apex = dns.dnssec.nsec3_hash("test.", "", 0, 1)
    nsec3 = f"{apex}.{owner} 60 NSEC3 1 0 0 - {apex} NS SOA RRSIG DNSKEY NSEC3PARAM"
    authority = (
        soa,
        *signatures(parents, parse_record(soa), 0, is_true_last=True),
        nsec3,
        *signatures(childs, parse_record(nsec3), 0, is_true_last=True),
    )
    assert (await net.ask("www.evil.test", flags="DO")).is_secure
    for question in ("new.test A", "victim.test DS"):
        net.say("test", question, Said((), authority, rcode="NXDOMAIN"))
    reply = await net.ask("new.test", flags="DO")
    assert (reply.rcode, reply.errors) == ("SERVFAIL", {"NSEC_MISSING"})
    await neighbour(net)  # whose DS came beside the referral


STARRED: Final = zone(
    "star.test", "www 300 A 198.51.100.1", "* 300 A 198.51.100.66", "a.b 300 A 198.51.100.2", signs=Kind.NSEC
)


@given({"S": STARRED, "V": VICTIM})
async def test_cve_2026_46582_a_wildcard_replayed_at_a_name_that_is_there_is_not_believed(net: Net) -> None:
    """Fresh, stale, or never met: its signature is true, but nothing proves that the name is not there."""
    replayed = expanded(net.keys_of("star.test"), 2, "198.51.100.66", "www.star.test.")
    assert (await net.ask("x.star.test", flags="AD")).answer == ["x.star.test 300 A 198.51.100.66"]
    net.possess("S", say(*replayed))
    never_met = await net.ask("www.star.test", flags="DO")
    assert (never_met.rcode, never_met.errors) == ("SERVFAIL", {"NSEC_MISSING"})
    net.possess("S", lambda question, asking: None)
    await net.at(60)
    assert (await net.ask("www.star.test", flags="AD")).is_secure
    net.possess("S", say(*replayed))
    await net.at(400)
    for _ in range(3):
        stale = await net.ask("www.star.test", flags="AD")
        assert (stale.answer, stale.is_secure) == (["www.star.test 30 A 198.51.100.1"], False)
        assert {"STALE_ANSWER", "NSEC_MISSING"} & stale.errors


@given({"S": STARRED, "V": VICTIM})
async def test_cve_2026_46582_what_was_secure_is_not_said_of_data_that_has_taken_its_place(net: Net) -> None:
    """The zone is not signed any more when the address is heard again: a new address, and no AD, fresh or stale."""
    assert (await net.ask("www.star.test", flags="AD")).is_secure
    net.vouch("star.test", is_signed=False)
    net.spoil("S", Flaw.UNSIGNED)
    net.publish("www.star.test. 300 A 198.51.100.7")
    await net.flush("star.test")
    reply = await net.ask("www.star.test", flags="AD")
    assert (reply.answer, reply.is_secure) == (["www.star.test 300 A 198.51.100.7"], False)
    net.break_server("S", Silent())
    await net.at(400)
    stale = await net.ask("www.star.test", flags="AD")
    assert (stale.answer, stale.is_secure) == (["www.star.test 30 A 198.51.100.7"], False)
