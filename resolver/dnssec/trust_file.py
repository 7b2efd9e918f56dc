"""What was learned of trust anchors, and which zones are exempt, as the text of a file that people can read (JSON)."""

import base64
import binascii
from collections.abc import Iterable, Sequence
from typing import Final, Literal

import msgspec

from cache.names import BadName, from_text, to_text
from resolver.dnssec.exemptions import Exemption
from resolver.dnssec.keys import tag_of
from resolver.dnssec.rollover import Kept, State, TrustPoint

INDENT: Final = 2
DS_FIELDS: Final = 4  # key tag, algorithm, digest type, digest
DNSKEY_FIELDS: Final = 4  # flags, protocol, algorithm, key


class BadFile(ValueError):
    """It holds something else; the message says what."""


class KeyRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One key: see Kept. ds, dnskey: presentation form."""

    state: State
    ds: str
    dnskey: str
    since: float
    until: float


class ZoneRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One zone: see TrustPoint."""

    zone: str
    checked: float
    due: float
    retry: float
    keys: tuple[KeyRow, ...]


class ExemptRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One exemption: see Exemption."""

    zone: str
    why: str
    since: float
    until: float
    is_probed: bool


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: Literal[1]
    zones: tuple[ZoneRow, ...]
    exempt: tuple[ExemptRow, ...]


def write(points: Iterable[TrustPoint], exemptions: Iterable[Exemption]) -> bytes:
    """The file's octets."""
    file = _File(1, tuple(map(zone_row, points)), tuple(map(exempt_row, exemptions)))
    return msgspec.json.format(msgspec.json.encode(file), indent=INDENT) + b"\n"


def read(octets: bytes) -> tuple[list[TrustPoint], list[Exemption]]:
    """What `write` wrote; raises BadFile."""
    try:
        file = msgspec.json.decode(octets, type=_File)
        return [_point(row) for row in file.zones], [_exemption(row) for row in file.exempt]
    except (msgspec.DecodeError, msgspec.ValidationError, BadName, binascii.Error, ValueError, OverflowError) as wrong:
        raise BadFile(str(wrong)) from wrong


def zone_row(point: TrustPoint) -> ZoneRow:
    """The zone and its keys."""
    keys = tuple(
        KeyRow(one.state, ds_text(one.ds), _dnskey_text(one.dnskey), one.since, one.until) for one in point.keys
    )
    return ZoneRow(to_text(point.zone), point.checked, point.due, point.retry, keys)


def exempt_row(one: Exemption) -> ExemptRow:
    """The exemption."""
    return ExemptRow(to_text(one.zone), one.why, one.since, one.until, one.is_probed)


def ds_text(ds: bytes) -> str:
    """`20326 8 2 E06D…`."""
    return f"{tag_of(ds)} {ds[2]} {ds[3]} {ds[4:].hex().upper()}"


def _dnskey_text(dnskey: bytes) -> str:
    if not dnskey:
        return ""
    return f"{int.from_bytes(dnskey[:2])} {dnskey[2]} {dnskey[3]} {base64.b64encode(dnskey[4:]).decode()}"


def _point(row: ZoneRow) -> TrustPoint:
    return TrustPoint(from_text(row.zone), tuple(map(_kept, row.keys)), row.checked, row.due, row.retry)


def _kept(row: KeyRow) -> Kept:
    tag, algorithm, digest_type, digest = _fields(row.ds, DS_FIELDS)
    ds = int(tag).to_bytes(2) + bytes((int(algorithm), int(digest_type))) + bytes.fromhex(digest)
    if not row.dnskey:
        return Kept(ds, row.state, row.since, row.until)
    flags, protocol, algorithm, key = _fields(row.dnskey, DNSKEY_FIELDS)
    rdata = int(flags).to_bytes(2) + bytes((int(protocol), int(algorithm))) + base64.b64decode(key, validate=True)
    return Kept(ds, row.state, row.since, row.until, rdata)


def _fields(text: str, count: int) -> Sequence[str]:
    fields = text.split(" ")
    if len(fields) != count:
        raise BadFile(f"expected {count} fields: {text}")
    return fields


def _exemption(row: ExemptRow) -> Exemption:
    return Exemption(from_text(row.zone), row.since, row.until, row.why, row.is_probed)
