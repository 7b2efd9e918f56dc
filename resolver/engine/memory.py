"""What is remembered of public names and of who serves them. It outlives each configuration: a reload forgets none of it."""

from typing import Final, final

from cache.failures import Failures, ServerFailures
from cache.servers import Servers
from cache.store import RRsetCache
from resolver.engine.doubted import Doubted
from resolver.engine.waits import Waits
from resolver.upstream.families import Families
from resolver.upstream.learning import Typical


@final
class Memory:
    """What is known, what failed and at whom, what servers are like, each and in all, and who was slow.

    failures: of questions; server_failures: which server failed which question, not long ago. doubted: what was said where
    that failed in validation.
    """

    def __init__(self, cache: RRsetCache, failures: Failures, server_failures: ServerFailures) -> None:
        self.cache: Final = cache
        self.failures: Final = failures
        self.server_failures: Final = server_failures
        self.doubted: Final = Doubted()
        self.servers: Final = Servers()
        self.typical: Final = Typical()
        self.families: Final = Families()
        self.waits: Final = Waits()
