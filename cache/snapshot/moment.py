"""How long ago was that, on clocks that may have been set meanwhile?

Only wall time goes on while a machine is off, and anybody may set it. Monotonic time cannot be set, and it goes on while the
daemon is restarted, but it begins anew with the kernel. Where both can be compared, the longer of the two times is believed:
a life may come out shorter than it was, and never longer.
"""

from typing import Annotated

import msgspec


class Moment(msgspec.Struct, frozen=True, array_like=True):
    """A point in time. wall: seconds since the Unix epoch; monotonic: seconds; boot: whose monotonic clock, "" if unknown."""

    wall: Annotated[float, msgspec.Meta(ge=0, le=1e11)]
    monotonic: Annotated[float, msgspec.Meta(ge=-1e11, le=1e11)]
    boot: Annotated[str, msgspec.Meta(max_length=64)]


def elapsed(then: Moment, now: Moment) -> float | None:
    """Seconds from `then` to `now`, rather too many than too few; None: nobody can tell, because `then` is in the future."""
    seconds = now.wall - then.wall
    if then.boot and then.boot == now.boot:
        seconds = max(seconds, now.monotonic - then.monotonic)
    return seconds if seconds >= 0 else None
