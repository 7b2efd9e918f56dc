"""What an operator may say about the log."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["text", "json"]


class LogOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `[log]` table."""

    level: Annotated[Level, Meta(description="the least important events that are logged; single queries at debug")] = (
        "info"
    )
    format: Annotated[
        Format, Meta(description="text: key=value for people and journals; json: one object per line")
    ] = "text"
