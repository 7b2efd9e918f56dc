"""`make nightly`: plays seeds until stopped, or so many, and shrinks the first story that breaks a rule.

`--seed N` plays one and tells its answers; `--digest N` prints one line of all that happens in the first N seeds, to be held
against another build's.
"""

import argparse
import gc
import sys
import time
from hashlib import sha256
from itertools import count, islice

from cache.form import IS_COMPILED
from tests.simulation.machine.story import CLIENTS, Story, draw, fails, shrunk

TOLD_EVERY = 10.0  # s
COLLECTOR_THRESHOLDS = (50_000, 2, 2)  # a story is a few cycles once it is over; hardly anything of it is before
BUILD = "compiled" if IS_COMPILED else "interpreted"


def main() -> int:
    arguments = _arguments()
    if arguments.digest:
        told = sha256()
        for seed in range(arguments.digest):
            story = Story(seed)
            story.play(draw(seed))
            told.update(story.digest().encode())
        print(told.hexdigest())
        return 0
    if arguments.seed is not None:
        story = Story(arguments.seed, is_signed=arguments.signed)
        found = story.play(draw(arguments.seed, arguments.hours))
        print("\n".join(story.answers), *found, sep="\n")
        return 1 if found else 0
    return nightly(arguments.first, arguments.hours, arguments.count)


def nightly(first: int, hours: float, seeds: int | None) -> int:
    """Until a rule is broken, or stopped, or so many have been played."""
    gc.freeze()
    gc.set_threshold(*COLLECTOR_THRESHOLDS)
    began, told = time.process_time(), time.monotonic()
    for played, seed in enumerate(islice(count(first), seeds), 1):
        steps = draw(seed, hours)
        if Story(seed).play(steps):
            left = shrunk(seed, steps, fails)
            print(f"--hours {hours:g} --seed {seed} breaks a rule; {len(left)} of its {len(steps)} steps are enough:")
            print(*left, *Story(seed).play(left), sep="\n")
            return 1
        if time.monotonic() - told >= TOLD_EVERY or played == seeds:
            told = time.monotonic()
            rate = played * hours * CLIENTS / (time.process_time() - began)
            print(f"{played} seeds, {rate:.0f} client-hours a second of CPU ({BUILD})", flush=True)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.machine", description=__doc__)
    parser.add_argument("--first", type=int, default=10_000, help="the first seed")
    parser.add_argument("--count", type=int, help="how many are played; else until stopped")
    parser.add_argument("--hours", type=float, default=1.0, help="of each story")
    parser.add_argument("--seed", type=int, help="play this one alone")
    parser.add_argument("--signed", action="store_true", help="with --seed: the internet is signed, and validated")
    parser.add_argument("--digest", type=int, default=0, help="of so many seeds")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(0)
