"""Upstream: one question to one server, over UDP and TCP, and which server that should be."""

from resolver.upstream.choose import Candidate, Choice, choose, note_lame
from resolver.upstream.counts import UpstreamCounts
from resolver.upstream.exchange import Fault, Reply, Upstream

__all__ = ["Candidate", "Choice", "Fault", "Reply", "Upstream", "UpstreamCounts", "choose", "note_lame"]
