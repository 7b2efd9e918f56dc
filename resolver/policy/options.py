"""The options of what clients see: how much of an answer, of the server, and the networks of clients outside fdaa::/16."""

from typing import Annotated, Literal

import msgspec

MAX_NETWORK = 2**32 - 1  # a network id is 32 bits of a 6PN address
MAX_IDENTITY_OCTETS = 128  # of a text: within one character-string, and NSID beside all else in 512 octets

MAX_LOCAL = (
    10_000  # records, and zones: some MB, and a second of `cistern check`; whoever has more has a server for them
)

NetworksOptions = dict[str, Annotated[int, msgspec.Meta(ge=0, le=MAX_NETWORK)]]

Order = Literal["vary", "keep"]
Rebind = Literal["refuse", "resolve"]
Any = Literal["minimal", "full"]


class AnswerOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What answers hold."""

    minimal: Annotated[
        bool, msgspec.Meta(description="authority and additional records only where a client needs them")
    ] = True
    any: Annotated[
        Any,
        msgspec.Meta(
            description="to ANY of a public name: one HINFO record, made here (RFC 8482), or all records that its zone's servers "
            "give, who are asked each time; that need not be all that there are. Minimal, since hardly anybody asks ANY but who "
            "has long replies sent to others"
        ),
    ] = "minimal"
    order: Annotated[
        Order,
        msgspec.Meta(
            description="the records of a public name: vary their order with each reply, so that clients that take the first "
            "one spread their load, or keep the order in which they came"
        ),
    ] = "vary"
    udp_octets: Annotated[
        int,
        msgspec.Meta(
            ge=512,
            le=4096,
            description="octets of the longest reply over UDP, if the client takes as many; what is longer is cut short, and the "
            "client asks again over TCP. More than 1232 only where no path to a client is narrower",
        ),
    ] = 1232
    rebind: Annotated[
        Rebind,
        msgspec.Meta(
            description="public names that lead into this platform, as aliases of internal names or with addresses in "
            "fdaa::/16: refuse them (EDE 15), or resolve them, internal names in the client's network"
        ),
    ] = "refuse"
    private_prefixes: Annotated[
        tuple[str, ...],
        msgspec.Meta(
            description="addresses that no public name may give (EDE 15), beside this platform's own: 10.0.0.0/8 and whatever "
            "else is behind your firewall"
        ),
    ] = ()
    private_zones: Annotated[
        tuple[str, ...],
        msgspec.Meta(description="zones at and below which names may give these private addresses all the same"),
    ] = ()


class LocalOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `[local]` table."""

    records: Annotated[
        tuple[str, ...],
        msgspec.Meta(
            max_length=MAX_LOCAL,
            description='as "printer.corp. 300 A 192.0.2.7"; a name that has one has no other types, and names around it are '
            "ordinary ones",
        ),
    ] = ()
    zones: Annotated[
        tuple[str, ...],
        msgspec.Meta(
            max_length=MAX_LOCAL,
            description="zones that have no names but those of these records: all others are denied",
        ),
    ] = ()


class IdentityOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `[identity]` table."""

    version: Annotated[
        str,
        msgspec.Meta(
            max_length=MAX_IDENTITY_OCTETS,
            description="said to who asks for version.bind in class CHAOS; empty: REFUSED",
        ),
    ] = "cistern"
    id: Annotated[
        str,
        msgspec.Meta(
            max_length=MAX_IDENTITY_OCTETS,
            description="said to who asks for id.server in class CHAOS, or by the EDNS option NSID; empty: REFUSED, and no NSID",
        ),
    ] = ""
