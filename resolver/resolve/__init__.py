"""One question through the cache, the flights and the iteration to an answer whose alias chain is closed."""

from resolver.resolve.counts import ResolveCounts
from resolver.resolve.fetch import Fetcher
from resolver.resolve.flights import Flights
from resolver.resolve.public import PublicResolver
from resolver.resolve.refresh import Refresher

__all__ = ["Fetcher", "Flights", "PublicResolver", "Refresher", "ResolveCounts"]
