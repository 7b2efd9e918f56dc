"""The wire: octets to values and back. Nothing here raises on any input, waits for anything or knows the time."""

from resolver.wire.compose import compose_reply, render
from resolver.wire.message import Query, RawRRset, Response, Unreadable
from resolver.wire.names import randomise_case
from resolver.wire.query import compose_query, question_octets, read_query, with_opt
from resolver.wire.refusal import Refusal
from resolver.wire.rendered import Rendered
from resolver.wire.response import read_response

__all__ = [
    "Query",
    "RawRRset",
    "Refusal",
    "Rendered",
    "Response",
    "Unreadable",
    "compose_query",
    "compose_reply",
    "question_octets",
    "randomise_case",
    "read_query",
    "read_response",
    "render",
    "with_opt",
]
