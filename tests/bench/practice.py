"""What an answer is made by at its usual work, for the C compiler to count by: misses, hits, hours of the engine's stories.

hatch_build.py runs it with modules that count, before it compiles them for good.
"""

from typing import Final

import trio

from tests.bench.counted import PARTS, miss
from tests.simulation.machine.story import Story, draw

MISSES: Final = 3000
HITS: Final = 3000  # of each kind
STORIES: Final = 3  # on an internet without signatures, and as many on a signed one


def main() -> None:
    trio.run(miss, MISSES)
    for part in PARTS.values():
        work = part()
        for _ in range(HITS):
            work()
    for seed in range(STORIES):
        for is_signed in (False, True):
            Story(seed, is_signed=is_signed).play(draw(seed))


if __name__ == "__main__":
    main()
