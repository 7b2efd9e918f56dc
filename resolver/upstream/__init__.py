"""Upstream: one question to one server, over UDP and TCP, and which server that should be."""

from resolver.upstream.choose import (
    GIVE_UP,
    LINGER,
    Candidate,
    GiveUp,
    Linger,
    Send,
    Step,
    Wait,
    choose,
    choose_beside,
    next_step,
)
from resolver.upstream.connections import Spawn
from resolver.upstream.counts import UpstreamCounts
from resolver.upstream.exchange import Assurance, Exchange, Reply
from resolver.upstream.faults import Fault
from resolver.upstream.learning import hold_down, is_silent, note_lame
from resolver.upstream.race import Race
from resolver.upstream.shared import Upstream

__all__ = [
    "GIVE_UP",
    "LINGER",
    "Assurance",
    "Candidate",
    "Exchange",
    "Fault",
    "GiveUp",
    "Linger",
    "Race",
    "Reply",
    "Send",
    "Spawn",
    "Step",
    "Upstream",
    "UpstreamCounts",
    "Wait",
    "choose",
    "choose_beside",
    "hold_down",
    "is_silent",
    "next_step",
    "note_lame",
]
