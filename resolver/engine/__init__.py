"""The engine: from a question about a public name to an answer whose alias chain is closed. No socket, no clock, no thread."""

from resolver.engine.counts import ResolveCounts
from resolver.engine.descent import Iterator
from resolver.engine.exchange import Exchange
from resolver.engine.fetch import Fetcher
from resolver.engine.flights import Flights
from resolver.engine.means import CallOff, Means, StreamReply, Streams
from resolver.engine.memory import Memory, Waits
from resolver.engine.mesh import Landing, Mesh
from resolver.engine.priming import keep_primed
from resolver.engine.refresh import Refresher
from resolver.engine.walk import PublicResolver

__all__ = [
    "CallOff",
    "Exchange",
    "Fetcher",
    "Flights",
    "Iterator",
    "Landing",
    "Means",
    "Memory",
    "Mesh",
    "PublicResolver",
    "Refresher",
    "ResolveCounts",
    "StreamReply",
    "Streams",
    "Waits",
    "keep_primed",
]
