"""An entry as a row of a snapshot, and back: nothing that a row says is believed before it was looked at.

Names are presentation text, times are wall time, so that people can read them in sqlite3; records are octets, each behind
its length as in a DNS message.
"""

from collections.abc import Callable
from typing import Annotated, Final, Literal

import msgspec

from cache.names import BadName, WireName, from_text, to_text
from cache.rrset import Denial, Entry, Rank, RRset, Security
from cache.rrtypes import ANY, CNAME, DNAME, NSEC, NSEC3, OPT, RRSIG, SOA, mnemonic
from cache.store import MAX_RDATA_OCTETS, MAX_RECORDS

MAX_NAME_TEXT: Final = 1005  # characters: 251 octets, each escaped with four, and dots
MAX_RECORDS_OCTETS: Final = MAX_RDATA_OCTETS + 2 * MAX_RECORDS
MAX_EVIDENCE: Final = 64  # RRsets of one entry: an SOA, and some NSEC or NSEC3; more fit into no response
MAX_TTL: Final = 2**31 - 1  # RFC 2181 §8
MAX_WALL: Final = 1e11  # s: the year 5138
FIRST_META_TYPE: Final = 128  # RFC 6895 §3.1: of questions and transport, up to ANY; they are in no zone
NO_LEASE: Final = float("inf")
LOCAL: Final = Rank.LOCAL  # a member looked up once: a million rows ask for it
ADDITIONAL: Final = Rank.ADDITIONAL
UNCHECKED: Final = Security.UNCHECKED

_Text = Annotated[str, msgspec.Meta(max_length=MAX_NAME_TEXT)]
_Wall = Annotated[float, msgspec.Meta(ge=0, le=MAX_WALL)]
_Records = Annotated[bytes, msgspec.Meta(max_length=MAX_RECORDS_OCTETS)]
_Ttl = Annotated[int, msgspec.Meta(ge=0, le=MAX_TTL)]
_Type = Annotated[int, msgspec.Meta(ge=1, le=0xFFFF)]


class SavedRRset(msgspec.Struct, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True):
    """An RRset that proves another entry: a denial's SOA, NSEC or NSEC3 records. Times are wall seconds; lease None: no end."""

    owner: _Text
    type: _Type
    ttl: _Ttl
    received: _Wall
    expires: _Wall
    lease: _Wall | None
    rank: Rank
    security: Security
    source: _Text
    records: _Records
    signatures: _Records


class SavedEntry(msgspec.Struct, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True):
    """An entry. type: None for NXDOMAIN; hits: lookups of the owner; evidence: a denial's, its SOA first, or an RRset's proof.

    kind: "proven" is an RRset with proof. That is told apart so that for all others, nearly all, nobody looks for evidence.
    """

    kind: Literal["rrset", "proven", "nodata", "nxdomain"]
    owner: _Text
    type: _Type | None
    ttl: _Ttl
    received: _Wall
    expires: _Wall
    lease: _Wall | None
    rank: Rank
    security: Security
    source: _Text
    hits: Annotated[int, msgspec.Meta(ge=0, le=2**62)]
    records: _Records = b""
    signatures: _Records = b""
    evidence: Annotated[tuple[SavedRRset, ...], msgspec.Meta(max_length=MAX_EVIDENCE)] = ()


class SavedServer(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What is known of a server's speed: smoothed round-trip time and its variation, in seconds."""

    address: Annotated[str, msgspec.Meta(min_length=2, max_length=45)]
    port: Annotated[int, msgspec.Meta(ge=1, le=0xFFFF)]
    srtt: Annotated[float, msgspec.Meta(ge=0, le=60)]
    rttvar: Annotated[float, msgspec.Meta(gt=0, le=60)]


class BadRow(ValueError):
    """A row that no cache could have written; the text says what is wrong with it."""


IsRdata = Callable[[int, bytes], bool]  # (type, octets): are they uncompressed rdata of that type?


class Terms(msgspec.Struct, frozen=True):
    """On which terms entries come back. now: monotonic seconds; shift: added to a row's wall time, makes it monotonic here.

    max_ttl, max_negative_ttl: seconds that an RRset and a denial may still live. max_stale: seconds past its expiry for which
    an entry is of use. must_be_validated: what was not looked at by a validator is of no use but to find servers.
    """

    now: float
    shift: float
    max_ttl: int
    max_negative_ttl: int
    max_stale: float
    must_be_validated: bool
    is_rdata: IsRdata


def saved(entry: Entry, hits: int, shift: float) -> SavedEntry:
    """The row of `entry`. shift: added to monotonic time, makes it wall time."""
    owner, lease = to_text(entry.owner), None if entry.lease == NO_LEASE else entry.lease + shift
    received, expires = entry.received + shift, entry.expires + shift
    if type(entry) is RRset:
        return SavedEntry(
            "proven" if entry.proof else "rrset",
            owner, entry.rtype, entry.ttl, received, expires, lease, entry.rank, entry.security, entry.source,
            hits, _packed(entry.rdatas), _packed(entry.rrsigs),
            tuple(_saved_evidence(rrset, shift) for rrset in entry.proof) if entry.proof else (),
        )  # fmt: skip
    assert isinstance(entry, Denial)
    return SavedEntry(
        "nxdomain" if entry.rtype is None else "nodata",
        owner, entry.rtype, entry.ttl, received, expires, lease, entry.rank, entry.security, entry.source, hits,
        evidence=tuple(_saved_evidence(rrset, shift) for rrset in (entry.soa, *entry.proof)),
    )  # fmt: skip


def restored(row: SavedEntry, terms: Terms) -> Entry | None:
    """The entry of `row`, its life no longer than it was; None when it is of no use any more. Raises BadRow."""
    if row.kind in ("rrset", "proven"):
        if row.type is None or bool(row.evidence) != (row.kind == "proven"):
            raise BadRow("an RRset has a type, and evidence if it is proven")
        entry: Entry = _rrset(row, row.type, terms, terms.max_ttl)
        if row.evidence:
            entry = entry.replace(proof=_proof(row.evidence, terms))
    else:
        entry = _denial(row, terms)
    return entry if _is_of_use(entry, terms) else None


def _is_of_use(entry: Entry, terms: Terms) -> bool:
    if terms.must_be_validated and entry.security is UNCHECKED and entry.rank is not ADDITIONAL:
        return False
    return terms.now < entry.lease and terms.now < entry.expires + terms.max_stale


def _rrset(row: SavedEntry | SavedRRset, rtype: int, terms: Terms, max_ttl: int) -> RRset:
    if rtype == OPT or FIRST_META_TYPE <= rtype <= ANY:
        raise BadRow(f"{mnemonic(rtype)} is no type of data")
    _check_voice(row)
    rdatas = _unpacked(row.records, rtype, terms.is_rdata)
    target = None
    if rtype in (CNAME, DNAME):
        if len(rdatas) != 1:
            raise BadRow(f"{len(rdatas)} aliases at one name")
        target = WireName(rdatas[0].lower())
    if not rdatas:
        raise BadRow("no record")
    lease, received, expires = _times(row, terms, max_ttl)
    return RRset(
        owner=_name(row.owner),
        rtype=rtype,
        rdatas=rdatas,
        rrsigs=_unpacked(row.signatures, RRSIG, terms.is_rdata) if row.signatures else (),
        ttl=row.ttl,
        received=received,
        expires=expires,
        rank=row.rank,
        security=row.security,
        lease=lease,
        alias_target=target,
        source=row.source,
    )


def _denial(row: SavedEntry, terms: Terms) -> Denial:
    if (row.kind == "nxdomain") != (row.type is None):
        raise BadRow(f"{row.kind} of {'no' if row.type is None else 'a'} type")
    if not row.evidence or row.evidence[0].type != SOA or row.records or row.signatures:
        raise BadRow("a denial has an SOA and no records")
    _check_voice(row)
    soa, *proof = (_rrset(part, part.type, terms, terms.max_negative_ttl) for part in row.evidence)
    lease, received, expires = _times(row, terms, terms.max_negative_ttl)
    return Denial(
        owner=_name(row.owner),
        rtype=row.type,
        soa=soa,
        ttl=row.ttl,
        received=received,
        expires=expires,
        rank=row.rank,
        proof=tuple(proof),
        security=row.security,
        lease=lease,
        source=row.source,
    )


def _proof(rows: tuple[SavedRRset, ...], terms: Terms) -> tuple[RRset, ...]:
    if any(one.type not in (NSEC, NSEC3) for one in rows):
        raise BadRow("an RRset is proven by NSEC and NSEC3 records")
    return tuple(_rrset(one, one.type, terms, terms.max_ttl) for one in rows)


def _check_voice(row: SavedEntry | SavedRRset) -> None:
    if row.rank is LOCAL:
        raise BadRow("local data is not cached")
    if not (row.source.isascii() and row.source.isprintable()):
        raise BadRow(f"source {row.source!r} is no address")


def _times(row: SavedEntry | SavedRRset, terms: Terms, max_ttl: int) -> tuple[float, float, float]:
    """lease, received, expires in monotonic seconds, whatever the row says: heard by now, and in the order they must have."""
    lease = NO_LEASE if row.lease is None else row.lease + terms.shift
    received = min(row.received + terms.shift, terms.now)
    return lease, received, min(row.expires + terms.shift, received + row.ttl, terms.now + max_ttl)


def _name(text: str) -> WireName:
    try:
        return from_text(text)
    except BadName as wrong:
        raise BadRow(f"owner: {wrong}") from None


def _saved_evidence(rrset: RRset, shift: float) -> SavedRRset:
    return SavedRRset(
        to_text(rrset.owner), rrset.rtype, rrset.ttl, rrset.received + shift, rrset.expires + shift,
        None if rrset.lease == NO_LEASE else rrset.lease + shift, rrset.rank, rrset.security, rrset.source,
        _packed(rrset.rdatas), _packed(rrset.rrsigs),
    )  # fmt: skip


def _packed(rdatas: tuple[bytes, ...]) -> bytes:
    return b"".join([len(rdata).to_bytes(2, "big") + rdata for rdata in rdatas])


def _unpacked(packed: bytes, rtype: int, is_rdata: IsRdata) -> tuple[bytes, ...]:
    rdatas = []
    at, end = 0, len(packed)
    while at < end:
        start = at + 2
        at = start + int.from_bytes(packed[at:start], "big")
        rdata = packed[start:at]
        if at > end or start > end or not is_rdata(rtype, rdata):
            raise BadRow(f"octets {start - 2} to {at} of its records are no rdata of {mnemonic(rtype)}")
        rdatas.append(rdata)
    if len(rdatas) > MAX_RECORDS or end - 2 * len(rdatas) > MAX_RDATA_OCTETS:
        raise BadRow(f"{len(rdatas)} records of {len(packed)} octets are too many")
    if len(rdatas) > 1 and len(set(rdatas)) != len(rdatas):
        raise BadRow("the same record twice")
    return tuple(rdatas)
