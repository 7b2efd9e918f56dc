"""Replays seeds: python -m tests.simulation --seed 17 --verbose, or --seeds 1000 for many."""

import argparse
import logging
import sys

import structlog

from tests.simulation.story import play


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="the one seed to play")
    parser.add_argument("--seeds", type=int, default=200, help="how many to play (default 200)")
    parser.add_argument("--first", type=int, default=0, help="the first of them (default 0)")
    parser.add_argument("--verbose", action="store_true", help="tell all that happens")
    chosen = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    failed = 0
    for seed in range(chosen.first, chosen.first + chosen.seeds) if chosen.seed is None else (chosen.seed,):
        found = play(seed, print if chosen.verbose else lambda _: None)
        failed += bool(found)
        for violation in found:
            print(f"seed {seed}: {violation}")
    print(f"{failed} seeds failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
