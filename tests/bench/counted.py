"""One part at work while callgrind counts its instructions; started by bench_instructions.

It says when it is ready, works when it is told to, says when it is done, and ends when it is told to: whoever started it
has the instructions between counted, and nothing of the start.
"""

import itertools
import sys
from collections.abc import Callable
from typing import Final

from resolver.service.counts import ServiceCounts
from resolver.service.fast import FastPath
from tests.bench.bench_service import LOOPBACK, QUERY, Known

WARMING: Final = 200  # calls before: caches are filled, and the interpreter has specialised its code
TTL: Final = 86400


def hit() -> Callable[[], object]:
    """The reply as it was rendered before."""
    fast = _fast_path()
    return lambda: fast.answer(QUERY, LOOPBACK, LOOPBACK, 0.0)


def composed() -> Callable[[], object]:
    """The reply composed of what is cached, since a second has passed."""
    fast = _fast_path()
    seconds = itertools.count(0.0)
    return lambda: fast.answer(QUERY, LOOPBACK, LOOPBACK, next(seconds) % TTL)


PARTS: Final = {"a hit": hit, "a hit, composed": composed}


def _fast_path() -> FastPath:
    known = Known()
    return FastPath(known, known.cache, ServiceCounts())


def main(part: str, calls: int) -> None:
    work = PARTS[part]()
    for _ in range(WARMING):
        work()
    _meet("ready")
    for _ in range(calls):
        work()
    _meet("done")


def _meet(what: str) -> None:
    print(what, flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
