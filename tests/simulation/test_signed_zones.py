"""The whole daemon on signed zones: what a client sees of them, and what it does not see when a server signs wrongly."""

from random import Random
from typing import Final

import dns.flags
import dns.message
import pytest

from cache.options import StaleOptions
from resolver.demo.authority import Transport
from resolver.demo.behaviour import Asking, Silent
from resolver.dnssec import DnssecOptions
from resolver.engine.elsewhere import MAX_ASKED_ELSEWHERE
from resolver.errors import CACHED_ERROR, DNSSEC_BOGUS, STALE_ANSWER, UNSUPPORTED_ITERATIONS
from tests.simulation.denials import Kind
from tests.simulation.scenarios.kit import FROM_MEMORY, Net, given
from tests.simulation.scenarios.servers import Said, zone
from tests.simulation.signing_authority import Flaw

SIGNED: Final = zone(
    "signed.test",
    "www 300 A 198.51.100.1",
    "out 300 CNAME www.open.test.",
    "round 300 CNAME back.open.test.",
    "near 300 CNAME www.hashed.test.",
    "*.wild 300 A 198.51.100.3",
    "tree 300 DNAME hashed.test.",
    signs=Kind.NSEC,
)
HASHED: Final = zone("hashed.test", "www 300 A 198.51.100.4", "a.b 300 A 198.51.100.5", signs=Kind.NSEC3)
OPEN: Final = zone("open.test", "www 300 A 198.51.100.2", "back 300 CNAME www.signed.test.")
WORLD: Final = {"S": SIGNED, "H": HASHED, "O": OPEN}
HOSTS: Final = [f"{letter}{place} 300 A 198.51.100.6" for letter in "nm" for place in range(20)]
TWINS: Final = zone("twin.test", "www 300 A 198.51.100.6", *HOSTS, signs=Kind.NSEC)
TWO: Final = {"G": TWINS, "B": TWINS}
THREE: Final = {**TWO, "C": TWINS}
SEVEN: Final = dict.fromkeys("ABCDEFG", TWINS)
WWW: Final = ["www.signed.test 300 A 198.51.100.1"]
NOBODY: Final = Asking(b"", Transport.UDP, Random(0))
HEALED: Final = 31.0  # s after which it has been looked again at the latest


def records(lines: list[str]) -> list[str]:
    """Those that are no signatures."""
    return [line for line in lines if " RRSIG " not in line]


@pytest.mark.parametrize(
    ("question", "rcode", "is_secure"),
    [
        pytest.param("www.signed.test", "NOERROR", True, id="a record"),
        pytest.param("www.signed.test AAAA", "NOERROR", True, id="no such type"),
        pytest.param("nope.signed.test", "NXDOMAIN", True, id="no such name"),
        pytest.param("x.wild.signed.test", "NOERROR", True, id="a wildcard's record"),
        pytest.param("x.wild.signed.test AAAA", "NOERROR", True, id="no such type at a wildcard"),
        pytest.param("wild.signed.test", "NOERROR", True, id="an empty non-terminal"),
        pytest.param("www.hashed.test", "NOERROR", True, id="a record beside NSEC3"),
        pytest.param("www.hashed.test AAAA", "NOERROR", True, id="no such type, NSEC3"),
        pytest.param("x.y.hashed.test", "NXDOMAIN", True, id="no such name, NSEC3"),
        pytest.param("b.hashed.test", "NOERROR", True, id="an empty non-terminal, NSEC3"),
        pytest.param("near.signed.test", "NOERROR", True, id="an alias between signed zones"),
        pytest.param("www.tree.signed.test", "NOERROR", True, id="a DNAME between signed zones"),
        pytest.param("signed.test DNSKEY", "NOERROR", True, id="keys"),
        pytest.param("signed.test DS", "NOERROR", True, id="a DS"),
        pytest.param("www.open.test", "NOERROR", False, id="an unsigned zone"),
        pytest.param("nope.open.test", "NXDOMAIN", False, id="no such name in an unsigned zone"),
        pytest.param("out.signed.test", "NOERROR", False, id="an alias out of a signed zone"),
        pytest.param("back.open.test", "NOERROR", False, id="an alias into a signed zone"),
        pytest.param("round.signed.test", "NOERROR", False, id="an alias out and back"),
    ],
)
@pytest.mark.parametrize("above", list(Kind), ids=lambda kind: kind.name)
def test_what_a_chain_of_trust_vouches_for_has_ad_fresh_and_from_memory(
    question: str, rcode: str, is_secure: bool, above: Kind
) -> None:
    @given(WORLD, above=above)
    async def play(net: Net) -> None:
        first, second = await net.ask(question, flags="DO"), await net.ask(question, flags="DO")
        for reply in (first, second):
            assert (reply.rcode, reply.is_secure, reply.errors) == (rcode, is_secure, set())
        assert second.took < FROM_MEMORY
        assert (await net.ask(question, flags="AD")).is_secure is is_secure
        assert not (await net.ask(question)).is_secure
        assert await net.counter("dnssec_bogus") == 0

    play()


@given(WORLD, above=Kind.OPT_OUT)
async def test_where_a_delegation_may_have_been_left_out_nothing_is_secure(net: Net) -> None:
    """RFC 5155 §9.2: the proof does not cover unsigned delegations."""
    assert not (await net.ask("nope.test", flags="DO")).is_secure
    assert (await net.ask("test DNSKEY", flags="DO")).is_secure


@given(WORLD)
async def test_signatures_and_proofs_are_for_who_sets_do(net: Net) -> None:
    assert any(" RRSIG A " in line for line in (await net.ask("www.signed.test", flags="DO")).answer)
    assert (await net.ask("www.signed.test", flags="AD")).answer == WWW
    proof = (await net.ask("nope.signed.test", flags="DO")).authority
    assert {line.split()[2] for line in proof} == {"SOA", "NSEC", "RRSIG"}
    assert {line.split()[2] for line in (await net.ask("nope.signed.test")).authority} == {"SOA"}


@given(WORLD)
async def test_stale_data_has_no_ad(net: Net) -> None:
    assert (await net.ask("www.signed.test", flags="DO")).is_secure
    net.break_server("S", Silent())
    await net.at(310)
    reply = await net.ask("www.signed.test", flags="DO")
    assert (records(reply.answer), reply.is_secure) == (["www.signed.test 30 A 198.51.100.1"], False)
    assert "STALE_ANSWER" in reply.errors


@given(WORLD)
async def test_security_outlives_a_restart(net: Net) -> None:
    for question in ("www.signed.test", "nope.signed.test", "www.open.test"):
        await net.ask(question, flags="DO")
    await net.restart()
    net.asked()
    assert (await net.ask("www.signed.test", flags="DO")).is_secure
    assert (await net.ask("nope.signed.test", flags="DO")).is_secure
    assert not (await net.ask("www.open.test", flags="DO")).is_secure
    assert net.asked() == {}


@pytest.mark.parametrize(
    ("flaw", "are_keys_known", "error"),
    [
        pytest.param(Flaw.EXPIRED, True, "SIGNATURE_EXPIRED", id="expired"),
        pytest.param(Flaw.EARLY, True, "SIGNATURE_NOT_YET_VALID", id="early"),
        pytest.param(Flaw.FORGED, True, "DNSSEC_BOGUS", id="forged"),
        pytest.param(Flaw.UNSIGNED, True, "RRSIGS_MISSING", id="unsigned"),
        pytest.param(Flaw.EXPIRED, False, "SIGNATURE_EXPIRED", id="expired keys"),
        pytest.param(Flaw.FORGED, False, "DNSSEC_BOGUS", id="forged keys"),
        pytest.param(Flaw.UNSIGNED, False, "DNSKEY_MISSING", id="no keys"),
    ],
)
@given(WORLD)
async def test_what_is_not_what_the_zone_signed_is_refused_with_its_reason_and_never_kept(
    net: Net, flaw: Flaw, are_keys_known: bool, error: str
) -> None:
    if are_keys_known:
        assert (await net.ask("near.signed.test", flags="DO")).is_secure
        assert (await net.ask("www.signed.test DS", flags="DO")).is_secure  # no zone begins there
    net.spoil("S", flaw)
    reply = await net.ask("www.signed.test", flags="DO")
    assert (reply.rcode, reply.answer, reply.is_secure, reply.errors) == ("SERVFAIL", [], False, {error})
    for _ in range(2):  # the failure is remembered; who checks for himself gets what was said all the same
        checking = await net.ask("www.signed.test", flags="CD DO")
        assert (checking.rcode, records(checking.answer), checking.is_secure) == ("NOERROR", WWW, False)
        assert checking.errors in ({error}, {"CACHED_ERROR"})  # the latter where the keys failed before
    assert await net.cached("www.signed.test") in ({}, {"DS": "nodata"})
    again = await net.ask("www.signed.test", flags="DO")
    assert (again.rcode, again.errors) == ("SERVFAIL", {"CACHED_ERROR"})
    net.spoil("S", Flaw.NONE)
    await net.at(net.seconds + HEALED)
    healed = await net.ask("www.signed.test", flags="DO")
    assert (records(healed.answer), healed.is_secure) == (WWW, True)


@given(WORLD)
async def test_other_zones_are_none_the_worse_for_one_that_signs_wrongly(net: Net) -> None:
    net.spoil("S", Flaw.FORGED)
    assert (await net.ask("www.signed.test", flags="DO")).rcode == "SERVFAIL"
    assert (await net.ask("www.hashed.test", flags="DO")).is_secure
    assert (await net.ask("www.open.test", flags="DO")).answer
    chained = await net.ask("back.open.test", flags="DO")
    assert (chained.rcode, chained.answer) == ("SERVFAIL", [])


@pytest.mark.parametrize("flaw", [Flaw.EXPIRED, Flaw.FORGED, Flaw.UNSIGNED], ids=lambda flaw: flaw.name)
@given(TWO)
async def test_of_two_servers_the_one_that_signs_wrongly_is_passed_over(net: Net, flaw: Flaw) -> None:
    net.spoil("B", flaw)
    for place in range(20):
        reply = await net.ask(f"n{place}.twin.test", flags="DO")
        assert (reply.rcode, reply.is_secure, reply.errors) == ("NOERROR", True, set())
    assert (await net.ask("nope.twin.test", flags="DO")).is_secure
    assert await net.counter("resolve_failures") == 0
    mended = await net.counter("resolve_mended_elsewhere")
    assert mended == await net.counter("resolve_asked_elsewhere") > 0
    net.spoil("B", Flaw.NONE)
    for place in range(20):
        assert (await net.ask(f"m{place}.twin.test", flags="DO")).is_secure
    assert await net.counter("resolve_asked_elsewhere") == mended


@given(THREE)
async def test_servers_fail_each_in_its_way_and_heal(net: Net) -> None:
    net.spoil("B", Flaw.EXPIRED)
    net.break_server("C", Silent())
    assert (await net.ask("n0.twin.test", flags="DO")).is_secure
    net.break_server("G", Silent())
    reply = await net.ask("n1.twin.test", flags="DO")
    assert (reply.rcode, reply.errors) == ("SERVFAIL", {"SIGNATURE_EXPIRED"})
    net.heal_server("G")
    await net.at(net.seconds + HEALED)
    assert (await net.ask("n1.twin.test", flags="DO")).is_secure
    net.heal_server("C")
    net.spoil("G", Flaw.FORGED)
    await net.at(net.seconds + HEALED)
    assert (await net.ask("n2.twin.test", flags="DO")).is_secure


@given(THREE)
async def test_when_all_servers_are_wrong_each_is_asked_once_and_the_first_reason_is_told(net: Net) -> None:
    for name in THREE:
        net.spoil(name, Flaw.EXPIRED)
    assert (await net.ask("www.twin.test", flags="DO")).errors == {"SIGNATURE_EXPIRED"}
    asked = net.asked()
    assert max(asked[name] for name in THREE) <= 3  # for the address, for the keys, and once shortened
    assert (await net.ask("www.twin.test", flags="DO")).errors == {"CACHED_ERROR"}
    assert net.asked() == {}


@given(SEVEN)
async def test_a_name_that_all_servers_have_wrong_is_asked_of_five_of_them_and_then_of_none(net: Net) -> None:
    """The zone itself has signed it wrongly: no server can mend it."""
    assert (await net.ask("n0.twin.test", flags="DO")).is_secure
    for name in SEVEN:
        net.spoil(name, Flaw.EXPIRED)
    net.asked()
    assert (await net.ask("www.twin.test", flags="DO")).errors == {"SIGNATURE_EXPIRED"}
    assert await net.counter("resolve_asked_elsewhere") == MAX_ASKED_ELSEWHERE
    assert sum(net.asked().values()) <= 2 * (1 + MAX_ASKED_ELSEWHERE)  # some are asked beside, to get to know them
    assert (await net.ask("www.twin.test", flags="DO")).errors == {"CACHED_ERROR"}
    assert net.asked() == {}


def astray(question: str, asking: Asking) -> Said | None:
    """A referral to the server of `open.test.`, without DS or proof."""
    name, rtype = question.split()
    if not name.endswith("signed.test") or rtype == "DS":
        return None
    name_servers = ("signed.test. 86400 NS ns.signed.test.",)
    return Said((), name_servers, ("ns.signed.test. 86400 A 192.0.2.13",), is_authoritative=False)


@given(WORLD)
async def test_a_referral_that_hides_the_ds_leads_nobody_astray(net: Net) -> None:
    """Its zone is signed all the same: the DS is asked for by itself, and an answer without signatures is refused."""
    net.possess("test", astray)
    net.say("O", "www.signed.test A", Said(("www.signed.test. 300 A 203.0.113.66",)))
    reply = await net.ask("www.signed.test", flags="DO")
    assert (reply.rcode, reply.answer, "O" in net.asked()) == ("SERVFAIL", [], True)
    assert await net.cached("www.signed.test") == {}


@given(WORLD)
async def test_servers_of_which_none_is_believed_are_asked_for_of_the_parent_again(net: Net) -> None:
    """A zone that has moved: its former servers go on with a copy that is not signed any more."""
    net.say("test", "signed.test A", astray("signed.test A", NOBODY) or Said())
    net.say("O", "www.signed.test A", Said(("www.signed.test. 300 A 203.0.113.66",)))
    reply = await net.ask("www.signed.test", flags="DO")
    assert (records(reply.answer), reply.is_secure) == (WWW, True)


PROVIDER: Final = zone("provider.test", "ns 300 A 192.0.2.12", signs=Kind.NSEC)
CUSTOMER: Final = zone("customer.test", "www 2 A 198.51.100.9", name_servers=("ns.provider.test.",), signs=Kind.NSEC3)
OF_CUSTOMER: Final = ["www.customer.test 2 A 198.51.100.9"]


@pytest.mark.parametrize("flaw", [Flaw.EXPIRED, Flaw.UNSIGNED], ids=lambda flaw: flaw.name)
@pytest.mark.parametrize("is_known", [False, True], ids=["cold", "after a client's question for it"])
@given({"P": PROVIDER, "C": CUSTOMER})
async def test_an_outage_of_the_signatures_of_a_name_servers_zone_is_none_of_the_signed_zones_that_it_serves(
    net: Net, is_known: bool, flaw: Flaw
) -> None:
    net.spoil("P", flaw)
    if is_known:
        assert (await net.ask("ns.provider.test")).rcode == "SERVFAIL"
    for _ in range(3):
        reply = await net.ask("www.customer.test", flags="DO")
        assert (reply.is_secure, records(reply.answer), reply.errors) == (True, OF_CUSTOMER, set())
        await net.at(net.seconds + 2.5)
    assert (await net.ask("ns.provider.test")).rcode == "SERVFAIL"
    assert net.asked()["P"] <= 16


@pytest.mark.parametrize("is_vouched_for", [False, True])
@given({"P": PROVIDER, "C": CUSTOMER, "F": CUSTOMER})
async def test_an_address_that_its_own_zone_says_is_forged_leads_nobody_to_a_zone_that_is_not_signed(
    net: Net, is_vouched_for: bool
) -> None:
    """What is said there would be believed."""
    net.vouch("customer.test", is_signed=is_vouched_for)
    net.say("P", "ns.provider.test A", Said(("ns.provider.test. 300 A 192.0.2.13",)))
    net.say("F", "www.customer.test A", Said(("www.customer.test. 2 A 203.0.113.66",)))
    for _ in range(3):
        reply = await net.ask("www.customer.test", flags="DO")
        assert (reply.rcode, reply.answer) == ("SERVFAIL", [])
        assert ("F" in net.asked()) <= is_vouched_for
        await net.at(net.seconds + 2.5)


@given({"P": PROVIDER, "C": CUSTOMER})
async def test_to_a_zone_that_is_not_signed_leads_what_its_name_servers_zone_has_signed(net: Net) -> None:
    net.vouch("customer.test", is_signed=False)
    assert records((await net.ask("www.customer.test", flags="DO")).answer) == OF_CUSTOMER


@given({"P": zone("provider.test", "ns 0 A 192.0.2.12", "www 0 A 198.51.100.8", signs=Kind.NSEC), "C": CUSTOMER})
async def test_what_has_ttl_0_and_fails_in_validation_is_left_alone_like_what_else_fails(net: Net) -> None:
    """RFC 9520 §3.2: it is the failure that is remembered, whatever the TTL of what was said."""
    assert (await net.ask("provider.test NS", flags="DO")).is_secure
    net.spoil("P", Flaw.FORGED)
    for place in range(3):  # within the first pause, of 5 s
        assert (await net.ask("www.customer.test", flags="DO")).rcode == "NOERROR"
        checking = await net.ask("www.provider.test", flags="CD DO")
        assert records(checking.answer) == ["www.provider.test 0 A 198.51.100.8"]
        assert ("P" in net.asked()) is (place == 0)
        await net.at(net.seconds + 2.1)


@given(WORLD)
async def test_who_checks_for_himself_is_given_what_others_have_failed_at(net: Net) -> None:
    assert (await net.ask("near.signed.test", flags="DO")).is_secure
    net.spoil("S", Flaw.FORGED)
    assert (await net.ask("www.signed.test", flags="DO")).rcode == "SERVFAIL"
    net.asked()
    checking = await net.ask("www.signed.test", flags="CD DO")
    assert (checking.rcode, records(checking.answer), net.asked()) == ("NOERROR", WWW, {})


@given(WORLD)
async def test_a_denial_without_proof_is_no_denial(net: Net) -> None:
    assert (await net.ask("www.signed.test", flags="DO")).is_secure
    soa = "signed.test. 60 SOA ns.signed.test. hostmaster.signed.test. 1 1800 900 604800 60"
    net.say("S", "x.wild.signed.test A", Said((), (soa,), rcode="NXDOMAIN"))
    reply = await net.ask("x.wild.signed.test", flags="DO")
    assert (reply.rcode, reply.errors) == ("SERVFAIL", {"NSEC_MISSING"})
    assert (await net.ask("x.wild.signed.test AAAA", flags="DO")).is_secure


@pytest.mark.parametrize("is_vouched_for", [True, False])
@pytest.mark.parametrize("kind", list(Kind), ids=lambda kind: kind.name)
def test_a_name_is_found_though_its_server_denies_the_empty_one_above_it(kind: Kind, is_vouched_for: bool) -> None:
    """RFC 9156 §2.3: servers exist that do. They have no proof of it, or nobody vouches for it."""

    @given({"H": zone("hollow.test", "www.ent 300 A 198.51.100.8", signs=kind)})
    async def play(net: Net) -> None:
        net.vouch("hollow.test", is_signed=is_vouched_for)
        net.spoil("H", Flaw.HOLLOW)
        reply = await net.ask("www.ent.hollow.test", flags="DO")
        assert (reply.rcode, reply.is_secure, reply.errors) == ("NOERROR", is_vouched_for, set())
        assert records(reply.answer) == ["www.ent.hollow.test 300 A 198.51.100.8"]
        assert (await net.ask("www.ent.hollow.test AAAA", flags="DO")).is_secure is is_vouched_for
        missing = await net.ask("x.nope.hollow.test", flags="DO")
        assert (missing.rcode, missing.errors) == ("NXDOMAIN", set())

    play()


@given({"H": zone("hollow.test", "www.ent 300 A 198.51.100.8", signs=Kind.NSEC3, iterations=100)})
async def test_nor_is_a_name_hidden_by_a_denial_that_is_too_dear_to_look_at(net: Net) -> None:
    net.spoil("H", Flaw.HOLLOW)
    reply = await net.ask("www.ent.hollow.test", flags="DO")
    assert (reply.rcode, reply.is_secure, reply.errors) == ("NOERROR", True, set())
    missing = await net.ask("x.nope.hollow.test", flags="DO")
    assert (missing.rcode, missing.is_secure, missing.codes) == ("NXDOMAIN", False, {UNSUPPORTED_ITERATIONS})


@given(WORLD)
async def test_an_alias_is_found_though_its_server_denies_it_without_proof(net: Net) -> None:
    """Whoever asks which zone would have to prove the denial is answered with the alias, signed: then there is no need of it."""
    soa = "signed.test. 60 SOA ns.signed.test. hostmaster.signed.test. 1 1800 900 604800 60"
    net.say("S", "near.signed.test A", Said((), (soa,), rcode="NXDOMAIN"))
    reply = await net.ask("near.signed.test", flags="DO")
    assert (reply.rcode, reply.is_secure, reply.errors) == ("NOERROR", True, set())


@pytest.mark.parametrize("before", [Flaw.NONE, Flaw.UNSIGNED], ids=["its keys", "that it has no keys"])
@given({"L": zone("late.test", "www 30 A 198.51.100.7", minimum=900, signs=Kind.NSEC)})
async def test_a_zone_of_which_was_known_before_its_parent_vouched_for_it_is_secure_from_then_on(
    net: Net, before: Flaw
) -> None:
    """What is in the cache of its keys when the DS appears is from an unsigned zone."""
    net.vouch("late.test", is_signed=False)
    net.spoil("L", before)
    assert not (await net.ask("www.late.test", flags="DO")).is_secure
    await net.at(250)
    assert not (await net.ask("late.test DNSKEY", flags="DO")).is_secure
    net.spoil("L", Flaw.NONE)
    net.vouch("late.test", is_signed=True)
    await net.at(330)  # the proof that there is no DS is over, what was said of the keys is not
    assert (await net.cached("late.test"))["DNSKEY"] in ("fresh", "nodata")
    reply = await net.ask("www.late.test", flags="DO")
    assert (reply.rcode, reply.is_secure, reply.errors) == ("NOERROR", True, set())


@given({"B": TWINS, "G": TWINS}, forward={"twin.test": ("B", "G")})
async def test_a_forwarder_that_gives_bogus_data_is_passed_over(net: Net) -> None:
    net.spoil("B", Flaw.FORGED)
    for place in range(10):
        assert (await net.ask(f"n{place}.twin.test", flags="DO")).is_secure
    assert await net.counter("resolve_mended_elsewhere") > 0


def validating(question: str, asking: Asking) -> Said | None:
    """A forwarder that keeps back what fails in validation, unless it is told not to check."""
    checks = not dns.message.from_wire(asking.query).flags & dns.flags.CD
    return Said(rcode="SERVFAIL", is_authoritative=False) if checks else None


@given({"T": TWINS}, forward={"twin.test": ("T",)})
async def test_a_forwarder_that_validates_keeps_nothing_from_who_checks_for_himself(net: Net) -> None:
    """RFC 6840 §5.9: it is asked with CD, whoever asks, and what is wrong is found out here."""
    net.spoil("T", Flaw.FORGED)
    net.possess("T", validating)
    assert (await net.ask("www.twin.test", flags="CD")).answer == ["www.twin.test 300 A 198.51.100.6"]
    assert (await net.ask("www.twin.test")).rcode == "SERVFAIL"
    net.spoil("T", Flaw.NONE)
    await net.at(net.seconds + HEALED)
    assert (await net.ask("www.twin.test", flags="AD")).is_secure


@given(
    {"T": TWINS},
    forward={"twin.test": ("T",)},
    dnssec=DnssecOptions(negative_trust_anchors=("twin.test",)),
)
async def test_a_forwarder_that_validates_keeps_nothing_back_that_is_exempt_here(net: Net) -> None:
    net.spoil("T", Flaw.FORGED)
    net.possess("T", validating)
    assert (await net.ask("www.twin.test")).answer == ["www.twin.test 300 A 198.51.100.6"]


@given({"T": zone("twin.test", "www 300 A 198.51.100.6")}, forward={"twin.test": ("T",)})
async def test_where_nothing_is_validated_here_a_forwarder_may(net: Net) -> None:
    net.possess("T", validating)
    assert (await net.ask("www.twin.test")).rcode == "SERVFAIL"


@pytest.mark.parametrize("when_bogus", [True, False])
def test_a_zone_that_turns_bogus_goes_on_with_what_was_good_as_the_operator_wants_it(when_bogus: bool) -> None:
    @given(WORLD, stale=StaleOptions(when_bogus=when_bogus))
    async def play(net: Net) -> None:
        await net.ask("www.signed.test")
        net.spoil("S", Flaw.FORGED)
        await net.at(4000)
        first, second = await net.ask("www.signed.test"), await net.ask("www.signed.test")
        if when_bogus:
            assert [records(one.answer) for one in (first, second)] == [["www.signed.test 30 A 198.51.100.1"]] * 2
            assert (first.codes, second.codes) == (
                {STALE_ANSWER, DNSSEC_BOGUS},
                {STALE_ANSWER, CACHED_ERROR, DNSSEC_BOGUS},
            )
            assert not (await net.ask("www.signed.test", flags="AD")).is_secure
        else:
            assert (first.rcode, first.codes) == ("SERVFAIL", {DNSSEC_BOGUS})
            assert second.rcode == "SERVFAIL"
        links, verdict = await net.operator.explain("www.signed.test A")
        assert (links[0].state, verdict.is_stale) == (("stale", True) if when_bogus else ("failed", False))

    play()
