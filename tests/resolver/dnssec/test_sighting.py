"""What a DNSKEY RRset says of a zone's anchors; the rollovers that come of it are in test_rollover."""

from resolver.dnssec.keys import make_ds
from resolver.dnssec.sighting import MAX_REVOKED, see
from resolver.dnssec.work import Work
from tests.resolver.dnssec.signing import KEY_SIGNING, NOW, ZONE, at_once, ed25519_signer, key_set, revoked

ANCHOR, STANDBY, ZONE_KEY = ed25519_signer(1, KEY_SIGNING), ed25519_signer(2, KEY_SIGNING), ed25519_signer(3)
DS = make_ds(ZONE, ANCHOR.rdata)


def test_only_secure_entry_points_may_become_anchors() -> None:
    seen, why = at_once(see(key_set([ANCHOR, STANDBY, ZONE_KEY], ANCHOR), (DS,), (), NOW, Work(0.0), 0))
    assert (why, set(seen.keys), seen.revoked) == (None, {ANCHOR.rdata, STANDBY.rdata}, ())
    assert (seen.ttl, seen.left) == (172_800, 14 * 86_400)


def test_a_set_signed_by_the_zones_other_key_alone_is_told_to_be_none() -> None:
    seen, why = at_once(see(key_set([ANCHOR, ZONE_KEY], ZONE_KEY), (DS,), (), NOW, Work(0.0), 0))
    assert (seen.is_signed, seen.keys) == (False, ())
    assert why is not None


def test_what_revocations_may_cost_is_bounded() -> None:
    signers = [revoked(seed) for seed in range(1, 9)]
    known = [make_ds(ZONE, ed25519_signer(seed, KEY_SIGNING).rdata) for seed in range(1, 9)]
    seen, _ = at_once(see(key_set(signers, *signers), known, (), NOW, Work(0.0), 0))
    assert len(seen.revoked) == MAX_REVOKED


def test_a_revoked_key_that_nobody_knew_says_nothing() -> None:
    seen, _ = at_once(see(key_set([ANCHOR, revoked(2)], ANCHOR, revoked(2)), (DS,), (), NOW, Work(0.0), 0))
    assert seen.revoked == ()


def test_a_key_that_revokes_itself_signs_nothing_any_more_though_it_stands_there_unrevoked_too() -> None:
    both = key_set([ANCHOR, revoked(1), STANDBY], ANCHOR, revoked(1))
    seen, why = at_once(see(both, (DS,), (), NOW, Work(0.0), 0))
    assert (seen.is_signed, seen.revoked) == (False, (ANCHOR.rdata,))
    assert why is not None
