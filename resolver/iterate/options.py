"""The options of recursion: whom to ask, over what, and which zones have servers of their own."""

from typing import Annotated, Literal

import msgspec

WorkLimits = Literal["enforce", "shadow"]
TcpUse = Literal["auto", "always", "never"]
QnameMinimisation = Literal["off", "relaxed", "strict"]

# Addresses at which no authoritative server of the internet is: this host, "no address", networks of one's own (RFC 1918,
# RFC 6598, RFC 3927, RFC 4193, this platform's among them), translated ones (RFC 6052, RFC 3056), multicast and broadcast. Glue
# that points there would have the daemon ask itself, or knock at doors of the network that it is in for whoever owns a zone.
DO_NOT_QUERY = (
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"),
    *("224.0.0.0/4", "240.0.0.0/4"),
    *("::/128", "::1/128", "::ffff:0:0/96", "64:ff9b::/96", "2002::/16", "fc00::/7", "fe80::/10", "ff00::/8"),
)


class RecursionOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Recursion from the root."""

    root_hints: Annotated[
        str,
        msgspec.Meta(
            description="file of the root's name servers and their addresses as zone text; empty: those built in",
        ),
    ] = ""
    port: Annotated[int, msgspec.Meta(ge=1, le=65535, description="port where authoritative servers listen")] = 53
    do_not_query: Annotated[
        tuple[str, ...],
        msgspec.Meta(description="prefixes of server addresses that are never asked; servers named in this file are"),
    ] = DO_NOT_QUERY
    avoid_ports: Annotated[
        tuple[str, ...],
        msgspec.Meta(
            description="UDP ports that no question leaves from, as 5353 or 8000-8100, beside those of "
            "net.ipv4.ip_local_reserved_ports"
        ),
    ] = ()
    qname_minimisation: Annotated[
        QnameMinimisation,
        msgspec.Meta(
            description="show a server no more of a name than it needs (RFC 9156); strict: even if it fails so"
        ),
    ] = "relaxed"
    case_randomization: Annotated[
        bool, msgspec.Meta(description="ask in random letter case (0x20), which a forger must guess")
    ] = True
    work_limits: Annotated[
        WorkLimits,
        msgspec.Meta(
            description="end a client question that takes too much work, or (shadow) count it and allow it ten times that"
        ),
    ] = "enforce"
    ipv4: Annotated[bool, msgspec.Meta(description="ask servers over IPv4")] = True
    ipv6: Annotated[bool, msgspec.Meta(description="ask servers over IPv6")] = True


class ServerOverride(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one server is asked, where that cannot be learned from what it says."""

    address: Annotated[str, msgspec.Meta(min_length=1, description="the server's IP address, whatever its port")]
    cookies: Annotated[bool, msgspec.Meta(description="send it DNS Cookies (RFC 7873)")] = True
    edns: Annotated[bool, msgspec.Meta(description="ask it with EDNS, which DNSSEC needs")] = True
    tcp: Annotated[TcpUse, msgspec.Meta(description="auto: where UDP is not enough; never; always")] = "auto"


class ForwardZone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A zone whose names are asked of recursive servers."""

    zone: Annotated[str, msgspec.Meta(min_length=1, description="the zone's apex; at it and below it these are asked")]
    servers: Annotated[
        tuple[str, ...], msgspec.Meta(min_length=1, description="recursive servers, as ADDRESS:PORT or [ADDRESS]:PORT")
    ]
    fallback: Annotated[
        bool, msgspec.Meta(description="when none of them helps, ask from the root down as for every other name")
    ] = False


class StubZone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A zone whose authoritative servers are given, whatever its parent says."""

    zone: Annotated[str, msgspec.Meta(min_length=1, description="the zone's apex")]
    servers: Annotated[
        tuple[str, ...],
        msgspec.Meta(min_length=1, description="authoritative servers, as ADDRESS:PORT or [ADDRESS]:PORT"),
    ]
