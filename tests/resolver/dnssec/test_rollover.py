"""RFC 5011: every state and event by itself, whole rollovers with real signatures, and what a forger may not reach."""

from dataclasses import replace

import pytest

from resolver.dnssec.keys import SHA384, digest, make_ds
from resolver.dnssec.rollover import (
    DAY,
    HOLD_DOWN,
    HOUR,
    MAX_KEPT,
    MAX_PENDING,
    Kept,
    Seen,
    State,
    TrustPoint,
    begin,
    fail,
    observe,
    with_configured,
)
from resolver.dnssec.sighting import see
from resolver.dnssec.work import Work
from tests.resolver.dnssec.signing import KEY_SIGNING, NOW, ZONE, Signer, at_once, ed25519_signer, key_set, revoked

OLD, NEW, FORGED = (ed25519_signer(seed, KEY_SIGNING) for seed in (1, 2, 3))
DS_OLD, DS_NEW = make_ds(ZONE, OLD.rdata), make_ds(ZONE, NEW.rdata)
SIGNED = Seen(True, (OLD.rdata,), (), ttl=172_800, left=14 * DAY)


def look(point: TrustPoint, keys: list[Signer], *by: Signer, at: float) -> TrustPoint:
    """The point after a set of these keys, signed by these, was seen."""
    pending = [one.ds for one in point.keys if one.state is State.PENDING]
    seen, _ = at_once(see(key_set(keys, *by, at=at), point.trusted, pending, at, Work(0.0), 0))
    return observe(point, seen, at)


def states(point: TrustPoint) -> dict[bytes, State]:
    return {one.ds: one.state for one in point.keys}


def test_a_whole_rollover_looked_at_once_a_day() -> None:
    point, day = begin(ZONE, (DS_OLD,), NOW), 0.0

    def days(count: int, keys: list[Signer], *by: Signer) -> TrustPoint:
        nonlocal point, day
        for _ in range(count):
            day += 1
            point = look(point, keys, *by, at=NOW + day * DAY)
        return point

    assert states(days(3, [OLD], OLD)) == {DS_OLD: State.VALID}
    assert states(days(30, [OLD, NEW], OLD)) == {DS_OLD: State.VALID, DS_NEW: State.PENDING}
    assert set(point.trusted) == {DS_OLD}
    assert states(days(1, [OLD, NEW], OLD)) == {DS_OLD: State.VALID, DS_NEW: State.VALID}  # 30 days are over
    assert states(days(5, [NEW], NEW)) == {DS_OLD: State.MISSING, DS_NEW: State.VALID}
    assert set(point.trusted) == {DS_OLD, DS_NEW}
    assert states(days(1, [revoked(1), NEW], NEW, revoked(1))) == {DS_OLD: State.REVOKED, DS_NEW: State.VALID}
    assert set(point.trusted) == {DS_NEW}
    assert states(days(30, [NEW], NEW)) == {DS_OLD: State.REMOVED, DS_NEW: State.VALID}
    assert states(days(40, [OLD, NEW], NEW))[DS_OLD] is State.REMOVED  # it never comes back
    assert with_configured(point, (DS_OLD,), NOW).trusted == (DS_NEW,)  # nor by a config from before


def test_a_forged_key_that_vanishes_before_its_hold_down_is_forgotten_and_begins_anew() -> None:
    point = look(begin(ZONE, (DS_OLD,), NOW), [OLD, FORGED], OLD, at=NOW)
    assert len(point.keys) == 2
    point = look(point, [OLD], OLD, at=NOW + 29 * DAY)
    assert states(point) == {DS_OLD: State.VALID}
    point = look(point, [OLD, FORGED], OLD, at=NOW + 31 * DAY)
    assert point.trusted == (DS_OLD,)
    assert point.keys[1].until == NOW + 61 * DAY


@pytest.mark.parametrize("by", [(), (FORGED,)], ids=["nobody", "a key that nobody vouches for"])
def test_a_set_that_does_not_validate_changes_nothing_but_when_to_look_again(by: tuple[Signer, ...]) -> None:
    point = look(begin(ZONE, (DS_OLD,), NOW), [OLD], OLD, at=NOW)
    after = look(point, [FORGED], *by, at=NOW + DAY)
    assert after.keys == point.keys
    assert (after.checked, after.due) == (NOW, NOW + DAY + point.retry)


def test_a_set_that_has_ended_or_not_begun_changes_nothing() -> None:
    point = begin(ZONE, (DS_OLD,), NOW)
    seen, why = at_once(see(key_set([OLD, NEW], OLD, at=NOW), point.trusted, (), NOW + 40 * DAY, Work(0.0), 0))
    assert why is not None
    assert observe(point, seen, NOW + 40 * DAY).keys == point.keys


def test_a_revocation_counts_only_signed_by_the_key_itself() -> None:
    point = begin(ZONE, (DS_OLD, DS_NEW), NOW)
    assert states(look(point, [revoked(1), NEW], NEW, at=NOW))[DS_OLD] is State.MISSING
    assert states(look(point, [revoked(1), NEW], revoked(1), at=NOW))[DS_OLD] is State.REVOKED


def test_when_all_its_anchors_are_revoked_the_zone_has_none() -> None:
    point = look(begin(ZONE, (DS_OLD,), NOW), [revoked(1)], revoked(1), at=NOW)
    assert point.trusted == ()


def test_a_pending_key_that_is_revoked_is_forgotten() -> None:
    point = look(begin(ZONE, (DS_OLD,), NOW), [OLD, NEW], OLD, at=NOW)
    assert states(look(point, [OLD, revoked(2)], OLD, revoked(2), at=NOW + DAY)) == {DS_OLD: State.VALID}


@pytest.mark.parametrize(
    ("state", "seen", "after"),
    [
        (State.PENDING, SIGNED, State.PENDING),
        (State.VALID, SIGNED, State.VALID),
        (State.MISSING, SIGNED, State.VALID),
        (State.REVOKED, SIGNED, State.REVOKED),
        (State.REMOVED, SIGNED, State.REMOVED),
        (State.PENDING, replace(SIGNED, keys=()), None),
        (State.VALID, replace(SIGNED, keys=()), State.MISSING),
        (State.MISSING, replace(SIGNED, keys=()), State.MISSING),
        (State.REVOKED, replace(SIGNED, keys=()), State.REVOKED),
        (State.REMOVED, replace(SIGNED, keys=()), State.REMOVED),
        (State.PENDING, Seen(False, (), (OLD.rdata,)), None),
        (State.VALID, Seen(False, (), (OLD.rdata,)), State.REVOKED),
        (State.MISSING, Seen(False, (), (OLD.rdata,)), State.REVOKED),
        (State.REVOKED, Seen(False, (), (OLD.rdata,)), State.REVOKED),
        (State.REMOVED, Seen(False, (), (OLD.rdata,)), State.REMOVED),
        (State.PENDING, Seen(False, (OLD.rdata,), ()), State.PENDING),
        (State.MISSING, Seen(False, (OLD.rdata,), ()), State.MISSING),
    ],
)
def test_each_state_and_event(state: State, seen: Seen, after: State | None) -> None:
    point = TrustPoint(ZONE, (Kept(DS_OLD, state, NOW, NOW + DAY),))
    found = observe(point, seen, NOW + HOUR).keys
    assert [one.state for one in found] == ([] if after is None else [after])


@pytest.mark.parametrize(
    ("ttl", "left", "interval", "retry"),
    [
        pytest.param(172_800, 14 * DAY, DAY, 17_280, id="the root"),
        pytest.param(60, 14 * DAY, HOUR, HOUR, id="not more than once an hour"),
        pytest.param(90 * 86_400, 90 * DAY, 15 * DAY, DAY, id="at least every 15 days"),
        pytest.param(172_800, 12 * HOUR, 6 * HOUR, 4320.0, id="before the signature ends"),
    ],
)
def test_when_to_look_again(ttl: int, left: float, interval: float, retry: float) -> None:
    after = observe(begin(ZONE, (DS_OLD,), NOW), replace(SIGNED, ttl=ttl, left=left), NOW)
    assert (after.due - NOW, after.retry) == (interval, retry)
    assert fail(after, NOW + interval).due == NOW + interval + retry


def test_the_hold_down_is_the_ttl_where_that_is_longer() -> None:
    seen = replace(SIGNED, keys=(OLD.rdata, NEW.rdata), ttl=40 * 86_400)
    assert observe(begin(ZONE, (DS_OLD,), NOW), seen, NOW).keys[1].until == NOW + 40 * DAY > NOW + HOLD_DOWN


def test_what_one_zone_can_have_kept_is_bounded() -> None:
    many = tuple(OLD.rdata[:-2] + count.to_bytes(2) for count in range(100))
    point = begin(ZONE, (DS_OLD,), NOW)
    assert len(observe(point, replace(SIGNED, keys=(OLD.rdata, *many)), NOW).keys) == 1 + MAX_PENDING
    gone = tuple(Kept(make_ds(ZONE, one), State.REMOVED, NOW + at) for at, one in enumerate(many))
    kept = observe(replace(point, keys=(*point.keys, *gone)), SIGNED, NOW).keys
    assert (len(kept), kept[0].ds, kept[-1]) == (MAX_KEPT, DS_OLD, gone[-1])


def test_a_configured_ds_is_trusted_at_once_and_one_for_a_known_key_is_none_more() -> None:
    point = look(begin(ZONE, (DS_OLD,), NOW), [OLD], OLD, at=NOW)
    assert with_configured(point, (DS_OLD,), NOW) == point
    added = with_configured(point, (DS_OLD, DS_NEW), NOW)
    assert (added.trusted, added.due) == ((DS_OLD, DS_NEW), 0.0)


@pytest.mark.parametrize("state", State)
def test_an_operators_word_ends_the_wait_of_a_pending_key_and_no_revocation(state: State) -> None:
    """Else a host that slept through the end of the hold-down and the rollover would trust nothing that signs."""
    new = Kept(DS_NEW, state, NOW, NOW + DAY, NEW.rdata)
    point = replace(begin(ZONE, (DS_OLD,), NOW), keys=(Kept(DS_OLD, State.VALID, NOW), new), due=NOW + DAY)
    after = with_configured(point, (DS_OLD, DS_NEW), NOW + HOUR)
    if state is State.PENDING:
        assert after.keys[1] == Kept(DS_NEW, State.VALID, NOW + HOUR, 0.0, NEW.rdata)
        assert after.due == 0.0
    else:
        assert after == point


def test_an_operators_word_is_of_a_pending_key_by_any_digest() -> None:
    point = look(begin(ZONE, (DS_OLD,), NOW), [OLD, NEW], OLD, at=NOW)
    ds = DS_NEW[:3] + bytes((SHA384,)) + digest(ZONE, NEW.rdata, SHA384)
    assert with_configured(point, (ds,), NOW).trusted == (DS_OLD, DS_NEW)
