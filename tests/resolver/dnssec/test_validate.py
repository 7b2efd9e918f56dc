"""What is SECURE, what is INSECURE, and what is refused."""

from contextlib import suppress

import pytest

from cache.names import ROOT, from_text
from cache.rrset import Denial, RRset, Security
from cache.rrtypes import AAAA, DS, RRSIG, A
from resolver.dnssec.work import Work
from resolver.errors import (
    Bogus,
    DnskeyMissing,
    NsecMissing,
    RrsigsMissing,
    SignatureExpired,
    SignatureNotYetValid,
    WorkExhausted,
)
from tests.build import denial, question, replace, rrset
from tests.resolver.dnssec.signed_world import EXAMPLE_SOA, NOW, ROOT_SOA, SignedWorld, play
from tests.signing import DAY, WALL, SignedZone

WWW = "www.example. 3600 A 192.0.2.1"


def test_what_its_zone_signed_is_secure() -> None:
    async def main() -> None:
        world = SignedWorld()
        judged = await world.judge(world.example.sign(rrset(WWW, NOW)))
        assert judged.security is Security.SECURE
        assert world.counts.bogus == 0
        assert world.counts.signatures_checked > 3  # the root's keys, the DS, the keys of example., the address

    play(main)


def test_what_an_unsigned_zone_says_is_insecure() -> None:
    async def main() -> None:
        world = SignedWorld()
        judged = await world.judge(rrset("www.open. 60 A 192.0.2.1", NOW))
        assert judged.security is Security.INSECURE
        assert question("www.open. DS") not in world.asked

    play(main)


def test_a_negative_trust_anchor_leaves_its_zone_unchecked() -> None:
    async def main() -> None:
        world = SignedWorld("example.")
        assert (await world.judge(rrset(WWW, NOW))).security is Security.INSECURE
        assert world.asked == []

    play(main)


def test_a_signer_above_the_closest_trust_anchor_is_no_signer() -> None:
    """`isle.open.` has an anchor, `open.` above it is unsigned: to name it as the signer makes nothing insecure."""

    async def main() -> None:
        isle = SignedZone("isle.open.")
        world = SignedWorld(islands=[isle])
        assert (await world.judge(isle.sign(rrset("www.isle.open. 60 A 192.0.2.1", NOW)))).security is Security.SECURE
        soa = "isle.open. 3600 SOA ns.isle.open. admin.isle.open. 1 7200 900 1209600 3600"
        uncut = "www.isle.open. 3600 NSEC isle.open. A RRSIG NSEC"
        world.said[question("www.isle.open. DS")] = world.denied(isle, "www.isle.open. DS", soa, uncut)
        forger = SignedZone("open.")
        with pytest.raises(RrsigsMissing):
            await world.judge(forger.sign(rrset("www.isle.open. 60 A 203.0.113.66", NOW)))
        for said in ("www.isle.open. A", "www.isle.open. NXDOMAIN"):
            forged = world.denied(forger, said, soa, "isle.open. 60 NSEC isle.open. SOA NS RRSIG NSEC")
            with pytest.raises(NsecMissing):
                await world.judge(forged, A)

    play(main)


def test_a_negative_trust_anchor_inside_a_signed_zone_covers_what_is_wrongly_signed() -> None:
    async def main() -> None:
        world = SignedWorld("broken.example.")
        wrong = world.example.sign(rrset("www.broken.example. 3600 A 192.0.2.1", NOW), until=WALL - 1)
        assert (await world.judge(wrong)).security is Security.INSECURE
        unproven = world.denied(world.example, "no.broken.example. NXDOMAIN", EXAMPLE_SOA)
        assert (await world.judge(unproven, A)).security is Security.INSECURE
        with pytest.raises(SignatureExpired):
            await world.judge(world.example.sign(rrset(WWW, NOW), until=WALL - 1))

    play(main)


def test_an_answer_without_signatures_is_refused_where_the_zone_signs() -> None:
    async def main() -> None:
        world = SignedWorld()
        world.said[question("www.example. DS")] = world.denied(
            world.example, "www.example. DS", EXAMPLE_SOA, "www.example. 3600 NSEC example. A RRSIG NSEC"
        )
        with pytest.raises(RrsigsMissing):
            await world.judge(rrset(WWW, NOW))

    play(main)


def test_a_forged_answer_is_refused() -> None:
    async def main() -> None:
        world = SignedWorld()
        good = world.example.sign(rrset(WWW, NOW))
        forged = rrset("www.example. 3600 A 192.0.2.66", NOW)
        with pytest.raises(Bogus):
            await world.judge(replace(good, rdatas=forged.rdatas))
        assert world.counts.bogus == 1

    play(main)


@pytest.mark.parametrize(
    ("at", "until", "expected"),
    [
        pytest.param(WALL - 2 * DAY, WALL - DAY, SignatureExpired, id="expired"),
        pytest.param(WALL + DAY, WALL + 2 * DAY, SignatureNotYetValid, id="not yet valid"),
    ],
)
def test_a_signature_holds_in_its_time_only(at: float, until: float, expected: type[Bogus]) -> None:
    async def main() -> None:
        world = SignedWorld()
        with pytest.raises(expected):
            await world.judge(world.example.sign(rrset(WWW, NOW), at=at, until=until))

    play(main)


def test_nothing_is_kept_past_its_signature() -> None:
    """RFC 4035 §5.3.3."""

    async def main() -> None:
        world = SignedWorld()
        judged = await world.judge(world.example.sign(rrset(WWW, NOW), until=WALL + 100))
        assert (judged.ttl, judged.expires) == (100, NOW + 100)

    play(main)


def test_a_ttl_is_never_below_0_though_the_signature_ends_while_it_is_checked() -> None:
    async def main() -> None:
        world = SignedWorld()

        async def rest(seconds: float) -> None:
            world.wall += 60.0

        await world.judge(world.example.sign(rrset(WWW, NOW)))  # its keys are known then
        signed = world.example.sign(rrset(WWW, NOW), until=WALL + 30)
        judged = await world.judge(signed, work=world.validator.new_work(rest))
        assert (judged.ttl, judged.expires) == (0, NOW)

    play(main)


def test_a_signature_of_another_zone_is_none() -> None:
    async def main() -> None:
        world = SignedWorld()
        with pytest.raises(Bogus):
            await world.judge(SignedZone("example.").sign(rrset(WWW, NOW)))

    play(main)


def test_keys_that_nobody_vouches_for_are_refused() -> None:
    async def main() -> None:
        world = SignedWorld()
        world.says(SignedZone("example.").keys)
        with pytest.raises(DnskeyMissing):
            await world.judge(world.example.sign(rrset(WWW, NOW)))

    play(main)


def test_the_clock_is_called_behind_by_good_signatures_of_an_anchors_keys_and_by_no_others() -> None:
    """Who is on the path may send what he likes, and raises no alarm by it, nor ends one."""

    async def main() -> None:
        world = SignedWorld()
        good, early = world.root.keys, world.root.sign(world.root.keys, at=WALL + DAY, until=WALL + 2 * DAY)
        forged = tuple(one[:-1] + bytes((one[-1] ^ 1,)) for one in early.rrsigs)
        told = []
        for rrsigs in (forged, early.rrsigs, forged, (), good.rrsigs):
            with suppress(Bogus):
                await world.judge(replace(good, rrsigs=rrsigs))
            told.append(world.counts.clock_behind_current)
        assert told == [0, DAY, DAY, DAY, 0]

    play(main)


def test_a_wildcard_is_believed_only_with_the_proof_that_nothing_is_closer() -> None:
    """RFC 4035 §5.3.4."""

    async def main() -> None:
        world = SignedWorld()
        expanded = world.example.sign(rrset("x.example. 3600 A 192.0.2.1", NOW), name="*.example.")
        with pytest.raises(NsecMissing):
            await world.judge(expanded)
        proof = world.example.sign(rrset("www.example. 3600 NSEC z.example. A RRSIG NSEC", NOW))
        assert (await world.judge(expanded, proof=(proof,))).security is Security.SECURE

    play(main)


EXPANDED = "x.example. 3600 A 192.0.2.1"
GAP = "www.example. 600 NSEC z.example. A RRSIG NSEC"


def test_a_wildcards_answer_keeps_the_one_record_that_proves_it_and_no_longer_life() -> None:
    async def main() -> None:
        world = SignedWorld()
        expanded = world.example.sign(rrset(EXPANDED, NOW), name="*.example.")
        apex = world.example.sign(rrset("example. 60 NSEC a.example. SOA NS RRSIG NSEC DNSKEY", NOW))
        gap = world.example.sign(rrset(GAP, NOW), until=WALL + 300)
        judged = await world.judge(expanded, proof=(apex, gap))
        assert isinstance(judged, RRset)
        (kept,) = judged.proof
        assert (kept.owner, kept.rdatas, kept.rrsigs, kept.security) == (
            gap.owner,
            gap.rdatas,
            gap.rrsigs,
            Security.SECURE,
        )
        assert (kept.ttl, kept.expires) == (judged.ttl, judged.expires) == (300, NOW + 300)

    play(main)


def test_an_answer_that_is_no_wildcards_keeps_nothing_of_what_came_beside_it() -> None:
    async def main() -> None:
        world = SignedWorld()
        judged = await world.judge(world.example.sign(rrset(WWW, NOW)), proof=(world.example.sign(rrset(GAP, NOW)),))
        assert isinstance(judged, RRset)
        assert (judged.proof, judged.ttl) == ((), 3600)

    play(main)


def test_a_wildcard_is_not_proven_by_what_its_zone_did_not_sign_or_a_wildcard_gave() -> None:
    async def main() -> None:
        world = SignedWorld()
        expanded = world.example.sign(rrset(EXPANDED, NOW), name="*.example.")
        gap = rrset(GAP, NOW)
        for proof in (gap, SignedZone("example.").sign(gap), world.example.sign(gap, name="*.example.")):
            with pytest.raises(NsecMissing):
                await world.judge(expanded, proof=(proof,))
        too_dear = (
            "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example. 600 NSEC3 1 0 100 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr A RRSIG"
        )
        with pytest.raises(NsecMissing):  # nor does an unsigned record make the zone count as unsigned
            await world.judge(expanded, proof=(rrset(too_dear, NOW),))
        assert (await world.judge(expanded, proof=(world.example.sign(rrset(too_dear, NOW)),))).security is (
            Security.INSECURE
        )

    play(main)


def taught(*unchecked: str) -> SignedWorld:
    """A world whose `example.` has denied a name, if its trust anchors let it."""
    world = SignedWorld(*unchecked)
    gap = "a.example. 3600 NSEC z.example. A RRSIG NSEC"
    apex = "example. 3600 NSEC a.example. SOA NS RRSIG NSEC DNSKEY"
    world.said[question("gone.example. A")] = world.denied(
        world.example, "gone.example. NXDOMAIN", EXAMPLE_SOA, gap, apex
    )
    return world


@pytest.mark.parametrize(
    ("unchecked", "cut", "is_derived"),
    [
        pytest.param((), ".", True, id="of the zone"),
        pytest.param((), "example.", True, id="of the zone that is known to be delegated"),
        pytest.param((), "sub.example.", False, id="of a zone below it"),
        pytest.param(("sub.example.",), ".", False, id="at a negative trust anchor"),
        pytest.param(("x.sub.example.",), ".", True, id="a negative trust anchor is below"),
        pytest.param(("example.",), ".", False, id="below a negative trust anchor"),
    ],
)
def test_what_is_derived_is_of_names_that_the_zone_is_believed_of(
    unchecked: tuple[str, ...], cut: str, is_derived: bool
) -> None:
    async def main() -> None:
        world = taught(*unchecked)
        await world.fetch(question("gone.example. A"), Work(0.0))
        link = world.validator.derive(question("sub.example. A"), from_text(cut))
        assert (isinstance(link, Denial) and link.is_nxdomain) is is_derived

    play(main)


@pytest.mark.parametrize("fault", ["unsigned", "another's", "expired", "not signed above"])
def test_nothing_is_derived_of_what_was_not_verified(fault: str) -> None:
    async def main() -> None:
        world = taught()
        denied = world.said[question("gone.example. A")]
        assert isinstance(denied, Denial)
        match fault:
            case "unsigned":
                proof = tuple(replace(one, rrsigs=()) for one in denied.proof)
            case "another's":
                proof = tuple(world.root.sign(one) for one in denied.proof)
            case "expired":
                proof = tuple(world.example.sign(one, until=WALL - 1) for one in denied.proof)
            case _:
                proof = denied.proof
                world.said[question("example. DS")] = world.denied(
                    world.root, "example. DS", ROOT_SOA, "example. 3600 NSEC org. NS RRSIG NSEC"
                )
        with suppress(Bogus):
            await world.judge(replace(denied, proof=proof), A)
        assert world.counts.gaps_current == (fault == "not signed above")  # the root's, of the DS that is not there
        assert world.validator.derive(question("sub.example. A"), ROOT) is None

    play(main)


def test_nothing_is_derived_past_a_signature() -> None:
    async def main() -> None:
        world = taught()
        denied = world.said[question("gone.example. A")]
        assert isinstance(denied, Denial)
        proof = tuple(world.example.sign(one, until=WALL + 100) for one in denied.proof)
        await world.judge(replace(denied, proof=proof), A)
        link = world.validator.derive(question("sub.example. A"), ROOT)
        assert isinstance(link, Denial)
        assert link.expires == NOW + 100

    play(main)


def test_nodata_needs_its_proof() -> None:
    async def main() -> None:
        world = SignedWorld()
        proven = world.denied(
            world.example, "www.example. AAAA", EXAMPLE_SOA, "www.example. 3600 NSEC example. A RRSIG NSEC"
        )
        judged = await world.judge(proven, AAAA)
        assert judged.security is Security.SECURE
        assert isinstance(judged, Denial)
        assert judged.soa.security is Security.SECURE
        for proof in ((), ("www.example. 3600 NSEC example. A AAAA RRSIG NSEC",)):
            with pytest.raises(NsecMissing):
                await world.judge(world.denied(world.example, "www.example. AAAA", EXAMPLE_SOA, *proof), AAAA)

    play(main)


def test_nxdomain_needs_the_proof_that_no_wildcard_is_there_either() -> None:
    async def main() -> None:
        world = SignedWorld()
        gap = "a.example. 3600 NSEC z.example. A RRSIG NSEC"
        apex = "example. 3600 NSEC a.example. SOA NS RRSIG NSEC DNSKEY"
        with pytest.raises(NsecMissing):
            await world.judge(world.denied(world.example, "gone.example. NXDOMAIN", EXAMPLE_SOA, gap), A)
        proven = world.denied(world.example, "gone.example. NXDOMAIN", EXAMPLE_SOA, gap, apex)
        assert (await world.judge(proven, A)).security is Security.SECURE

    play(main)


def test_the_denial_of_an_unsigned_zone_is_insecure() -> None:
    async def main() -> None:
        world = SignedWorld()
        soa = "open. 300 SOA ns.open. admin.open. 1 2 3 4 60"
        judged = await world.judge(denial("x.open. NXDOMAIN", NOW, soa=soa), A)
        assert judged.security is Security.INSECURE

    play(main)


def test_an_unsigned_denial_of_a_ds_does_not_make_a_zone_unsigned() -> None:
    async def main() -> None:
        world = SignedWorld()
        world.said[question("open. DS")] = world.denied(
            world.root, "open. DS", ". 3600 SOA a.root. admin.root. 1 7200 900 1209600 3600"
        )
        with pytest.raises(NsecMissing):
            await world.judge(rrset("www.open. 60 A 192.0.2.1", NOW))

    play(main)


def test_the_work_of_one_question_is_bounded() -> None:
    """KeyTrap, CVE-2023-50387."""

    async def main() -> None:
        world = SignedWorld()
        work = Work(0.0, signatures=3, counts=world.counts)
        with pytest.raises(WorkExhausted, match="signatures"):
            await world.judge(world.example.sign(rrset(WWW, NOW)), work=work)
        assert (world.counts.signatures_checked, world.counts.bogus) == (3, 0)

    play(main)


def test_a_ds_is_signed_by_the_zone_above_and_not_by_its_own() -> None:
    async def main() -> None:
        world = SignedWorld()
        assert (await world.judge(world.root.sign(rrset(world.example.anchor, NOW)), DS)).security is Security.SECURE
        with pytest.raises(RrsigsMissing):
            await world.judge(world.example.sign(rrset(world.example.anchor, NOW)), DS)

    play(main)


def test_signatures_that_were_asked_for_are_signed_by_nobody() -> None:
    """RFC 4035 §2.2: "An RRSIG RR itself MUST NOT be signed"."""

    async def main() -> None:
        world = SignedWorld()
        good = world.example.sign(rrset(WWW, NOW))
        signatures = replace(good, rtype=RRSIG, rdatas=good.rrsigs, rrsigs=())
        assert (await world.judge(signatures)).security is Security.INDETERMINATE

    play(main)
