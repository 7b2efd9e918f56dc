"""The options of DNSSEC validation."""

from typing import Annotated

import msgspec


class DnssecOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """DNSSEC."""

    trust_anchors: Annotated[
        str, msgspec.Meta(description="file of the root's DNSKEY or DS records as text; empty: those built in")
    ] = ""
    trust_file: Annotated[
        str,
        msgspec.Meta(
            description="file of what is learned of trust anchors (RFC 5011) and of what `cistern trust exempt` is told; "
            "empty: trust.json beside cache.snapshot, if there is one; without any, anchors stay as they are given"
        ),
    ] = ""
    validate: Annotated[
        bool, msgspec.Meta(description="check the signatures of public answers; without it a forger is believed")
    ] = True
    signature_skew: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            le=86400,
            description="seconds that a signature may be too early or too late by: signers begin them now, and clocks differ",
        ),
    ] = 60
    sha1: Annotated[
        bool,
        msgspec.Meta(
            description="check signatures of RSA with SHA-1 (algorithms 5 and 7), as other resolvers do; false: a zone that "
            "signs by nothing else counts as unsigned, which RFC 9905 wants of operators"
        ),
    ] = True
    negative_trust_anchors: Annotated[
        tuple[str, ...],
        msgspec.Meta(
            description="zones whose signatures are not checked: broken and wanted nevertheless, or forward zones that "
            "the public root denies"
        ),
    ] = ()
