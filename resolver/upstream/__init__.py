"""Upstream: which server is asked, and what its replies, delays and silences mean. All of it is decided here, nothing is done."""

from resolver.upstream.choose import (
    GIVE_UP,
    LINGER,
    Candidate,
    GiveUp,
    Linger,
    Move,
    Pending,
    Send,
    Wait,
    choose,
    choose_another,
    next_move,
    wait_for,
)
from resolver.upstream.counts import UpstreamCounts
from resolver.upstream.learning import hold_down, is_silent, note_lame
from resolver.upstream.replies import Assurance, NoReply, Reply

__all__ = [
    "GIVE_UP",
    "LINGER",
    "Assurance",
    "Candidate",
    "GiveUp",
    "Linger",
    "Move",
    "NoReply",
    "Pending",
    "Reply",
    "Send",
    "UpstreamCounts",
    "Wait",
    "choose",
    "choose_another",
    "hold_down",
    "is_silent",
    "next_move",
    "note_lame",
    "wait_for",
]
