"""What is said of trust over the control socket: anchors and how they stand, and the zones that are exempt for a while."""

from typing import Annotated, Final, Literal

import msgspec

from resolver.dnssec.exemptions import MAX_SECONDS

MAX_WHY: Final = 200  # characters

_Text = Annotated[str, msgspec.Meta(max_length=1100)]
_Why = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_WHY)]


class TrustList(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="ask", tag="trust_list"):
    """The trust anchors, and what is exempt from validation -> AnchorRows, then ExemptionRows."""


class TrustRefresh(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="ask", tag="trust_refresh"):
    """Look at the keys of every zone with trust anchors now (RFC 5011) -> LookRows."""


class TrustExempt(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="ask", tag="trust_exempt"):
    """Check no signatures at and below a zone for so many seconds (RFC 7646) -> ExemptionRow, once.

    is_probed: no longer than until it validates again.
    """

    zone: _Text
    seconds: Annotated[float, msgspec.Meta(gt=0, le=MAX_SECONDS)]
    why: _Why
    is_probed: bool = True


class TrustEnforce(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="ask", tag="trust_enforce"):
    """End an exemption now -> ExemptionRow, once, as it was."""

    zone: _Text


class TrustChain(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="ask", tag="trust_chain"):
    """What vouches for the answer to a question, link by link -> ChainRows. is_asked: so are servers, for what is not cached."""

    name: _Text
    type: _Text = "A"
    is_asked: bool = False


TrustRequest = TrustChain | TrustList | TrustRefresh | TrustExempt | TrustEnforce


class AnchorRow(msgspec.Struct, frozen=True, tag="anchor", tag_field="kind"):
    """One key of a zone with trust anchors. state: pending, valid, missing, revoked or removed; valid and missing are trusted.

    age: seconds in this state. left: seconds until a pending key may become valid, or a revoked one is removed.
    checked_ago: seconds since the zone's keys were last seen to be good; None: not yet. due: until they are looked at again;
    None: not by itself.
    """

    zone: str
    tag: int
    algorithm: int
    state: str
    age: float
    left: float | None
    checked_ago: float | None
    due: float | None


class ExemptionRow(msgspec.Struct, frozen=True, tag="exemption", tag_field="kind"):
    """A zone at and below which no signature is checked. left: seconds; None: as long as the config says so."""

    zone: str
    why: str = ""
    left: float | None = None
    is_probed: bool = False


ChainState = Literal["secure", "insecure", "bogus", "unknown"]


class ChainRow(msgspec.Struct, frozen=True, tag="chain", tag_field="kind"):
    """One link of a chain of trust: what `zone` has signed, or should have. security: unknown where it could not be looked at.

    ds: what vouches for the keys, or is signed: key tag, algorithm, digest type. keys: of a DNSKEY RRset: key tag, algorithm, and
    if a DS or trust anchor vouches for it. signatures: key tag, algorithm, from when until when. note: why it is not good, or
    what it proves.
    """

    zone: str
    owner: str
    type: str
    security: ChainState
    ds: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    signatures: tuple[str, ...] = ()
    note: str = ""


class LookRow(msgspec.Struct, frozen=True):
    """What came of a look at a zone's keys. fault: "": they are good."""

    zone: str
    fault: str = ""


TrustRow = ChainRow | AnchorRow | ExemptionRow | LookRow
