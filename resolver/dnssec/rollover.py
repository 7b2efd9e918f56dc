"""Which keys of a zone are its trust anchors, as its own signed key sets tell over the weeks (RFC 5011). Values in, values out.

    a key of a signed set that is not known ─► pending ─ 30 days in every set ─► valid ◄─► missing
                                                  │ absent                         │ revoked │
                                                  ▼                                ▼         ▼
                                              forgotten                         revoked ─ 30 days ─► removed

Valid and missing keys are trusted. All times are wall seconds: the state outlives the process.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from cache.names import WireName
from resolver.dnssec.keys import make_ds, vouches_for

HOUR: Final = 3600.0
DAY: Final = 86400.0
HOLD_DOWN: Final = (
    30 * DAY
)  # before a new key is trusted (RFC 5011 §2.4.1), and before a revoked one is removed (§2.4.2)
MAX_INTERVAL: Final = 15 * DAY  # between two looks (RFC 5011 §2.3)
MAX_RETRY: Final = DAY
MAX_PENDING: Final = 16  # keys of one zone that wait: an honest rollover has one or two
MAX_KEPT: Final = 64  # keys of one zone that are remembered, the removed ones that were so longest go first


class State(StrEnum):
    """How a key stands (RFC 5011 §4.2). A key that is not known at all is the RFC's Start."""

    PENDING = "pending"
    VALID = "valid"
    MISSING = "missing"
    REVOKED = "revoked"
    REMOVED = "removed"


TRUSTED: Final = (State.VALID, State.MISSING)


@dataclass(frozen=True, slots=True)
class Kept:
    """One key. ds: vouches for it as it is without the REVOKE bit. dnskey: its rdata; b"": it was not seen yet.

    since: when it came into this state. until: when a pending key may become valid, and a revoked one is removed.
    """

    ds: bytes
    state: State
    since: float
    until: float = 0.0
    dnskey: bytes = b""


@dataclass(frozen=True, slots=True)
class TrustPoint:
    """A zone with trust anchors. checked: when a set was last seen that they sign; due: when to look again.

    retry: seconds until the next look if one fails.
    """

    zone: WireName
    keys: tuple[Kept, ...]
    checked: float = 0.0
    due: float = 0.0
    retry: float = HOUR

    @property
    def trusted(self) -> tuple[bytes, ...]:
        """The DS of its trust anchors; () once the last one is revoked: then it is as if there never was any (RFC 5011 §5)."""
        return tuple(one.ds for one in self.keys if one.state in TRUSTED)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a DNSKEY RRset of the zone says.

    is_signed: a trust anchor has signed it, so that its keys count. keys: those that may be anchors (with the SEP bit) and are
    not revoked. revoked: keys as they were before the REVOKE bit, of which each has signed the set itself; that counts in any
    case (RFC 5011 §2.1). ttl: as it was signed; left: seconds until the signature ends.
    """

    is_signed: bool
    keys: tuple[bytes, ...]
    revoked: tuple[bytes, ...]
    ttl: int = 0
    left: float = 0.0


def begin(zone: WireName, configured: Sequence[bytes], now: float) -> TrustPoint:
    """The trust point of configured DS: an operator's word needs no hold-down."""
    return TrustPoint(zone, tuple(Kept(ds, State.VALID, now) for ds in configured))


def with_configured(point: TrustPoint, configured: Sequence[bytes], now: float) -> TrustPoint:
    """It with the configured DS trusted, also of a key that was waiting; what is revoked or removed stays so."""
    moved = tuple(
        replace(one, state=State.VALID, since=now, until=0.0)
        if one.state is State.PENDING and any(_is_of(ds, point.zone, one) for ds in configured)
        else one
        for one in point.keys
    )
    unknown = (ds for ds in configured if not any(_is_of(ds, point.zone, one) for one in point.keys))
    keys = (*moved, *(Kept(ds, State.VALID, now) for ds in unknown))
    return replace(point, keys=keys, due=point.due if keys == point.keys else 0.0)


def observe(point: TrustPoint, seen: Seen, now: float) -> TrustPoint:
    """The point after this set was seen."""
    moved = (_next(point.zone, one, seen, now) for one in point.keys)
    kept = [one for one in moved if one is not None]
    if seen.is_signed:
        kept += _pending(point.zone, kept, seen, now)
    after = replace(point, keys=_bounded(kept))
    if not seen.is_signed:
        return replace(after, due=now + point.retry)
    interval = max(HOUR, min(MAX_INTERVAL, seen.ttl / 2, seen.left / 2))  # RFC 5011 §2.3
    retry = max(HOUR, min(MAX_RETRY, seen.ttl / 10, seen.left / 10))
    return replace(after, checked=now, due=now + interval, retry=retry)


def fail(point: TrustPoint, now: float) -> TrustPoint:
    """The point after nothing could be seen."""
    return replace(point, due=now + point.retry)


def is_due(point: TrustPoint, now: float) -> bool:
    """Is it time to look? Also when the clock was set back: a look is never further away than MAX_INTERVAL."""
    return not point.due - MAX_INTERVAL <= now < point.due


def _is_of(ds: bytes, zone: WireName, kept: Kept) -> bool:
    """Does this DS, of whatever digest, speak of that key?"""
    return ds == kept.ds or (bool(kept.dnskey) and vouches_for(ds, zone, kept.dnskey))


def _next(zone: WireName, kept: Kept, seen: Seen, now: float) -> Kept | None:
    """One key after the set; None: it is forgotten."""
    dnskey = next((one for one in seen.keys if vouches_for(kept.ds, zone, one)), b"")
    is_revoked = any(vouches_for(kept.ds, zone, one) for one in seen.revoked)
    match kept.state:
        case State.REMOVED:
            return kept
        case State.REVOKED:
            return replace(kept, state=State.REMOVED, since=now, until=0.0) if now >= kept.until else kept
        case State.PENDING:
            if is_revoked or (seen.is_signed and not dnskey):
                return None
            is_over = seen.is_signed and now >= kept.until
            return replace(kept, state=State.VALID, since=now, until=0.0) if is_over else kept
        case State.VALID | State.MISSING:
            if is_revoked:
                return replace(kept, state=State.REVOKED, since=now, until=now + HOLD_DOWN)
            return _found_or_not(kept, dnskey, now) if seen.is_signed else kept


def _found_or_not(kept: Kept, dnskey: bytes, now: float) -> Kept:
    state = State.VALID if dnskey else State.MISSING
    since = kept.since if state is kept.state else now
    return replace(kept, state=state, since=since, dnskey=dnskey or kept.dnskey)


def _pending(zone: WireName, kept: Sequence[Kept], seen: Seen, now: float) -> Iterator[Kept]:
    """The keys that nobody has heard of, from now on waiting."""
    room = MAX_PENDING - sum(one.state is State.PENDING for one in kept)
    unknown = (one for one in seen.keys if not any(vouches_for(known.ds, zone, one) for known in kept))
    for dnskey, _ in zip(unknown, range(room), strict=False):
        yield Kept(make_ds(zone, dnskey), State.PENDING, now, now + max(HOLD_DOWN, float(seen.ttl)), dnskey)


def _bounded(kept: Sequence[Kept]) -> tuple[Kept, ...]:
    removed = sorted((one for one in kept if one.state is State.REMOVED), key=lambda one: one.since)
    surplus = removed[: max(0, len(kept) - MAX_KEPT)]
    return tuple(one for one in kept if one not in surplus)
