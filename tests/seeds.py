"""Which seeds a test plays: the same ones each time, so that a build fails by what was changed and never by chance.

CISTERN_SEED=N plays that one alone. `make nightly` sets CISTERN_FRESH, and seeds come on top that nobody has played before.
"""

import os
from collections.abc import Iterable
from random import Random
from typing import Final

END: Final = 1_000_000_000


def seeds(fixed: Iterable[int], fresh: int = 1) -> tuple[int, ...]:
    """Those of every day, and `fresh` new ones by night. All workers of one run get the same."""
    if one := os.environ.get("CISTERN_SEED"):
        return (int(one),)
    night = os.environ.get("CISTERN_FRESH", "")
    rng = Random(night)
    return (*fixed, *(rng.randrange(END) for _ in range(fresh if night else 0)))
