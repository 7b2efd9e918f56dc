"""What an operator may say about the log."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["text", "json"]
HeardKind = Literal["client_query", "client_response", "resolver_query", "resolver_response"]


class LogOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `[log]` table."""

    level: Annotated[Level, Meta(description="the least important events that are logged; single queries at debug")] = (
        "info"
    )
    format: Annotated[
        Format, Meta(description="text: key=value for people and journals; json: one object per line")
    ] = "text"


class DnstapOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `[dnstap]` table."""

    socket: Annotated[
        str,
        Meta(
            description="path of the Unix socket of a dnstap collector (fstrm_capture -u), sought until it is there; empty: none"
        ),
    ] = ""
    file: Annotated[
        str,
        Meta(
            description="path of a file of the same frames, begun anew at each start; the one before becomes FILE.1; empty: none"
        ),
    ] = ""
    max_file_octets: Annotated[
        int,
        Meta(
            ge=1 << 16,
            le=1 << 40,
            description="octets of the file, beyond which it becomes FILE.1 and another is begun",
        ),
    ] = 1 << 30
    messages: Annotated[
        tuple[HeardKind, ...],
        Meta(min_length=1, description="which messages: between clients and this daemon, and between it and servers"),
    ] = ("client_query", "client_response", "resolver_query", "resolver_response")
