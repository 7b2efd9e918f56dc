"""A boundary for tests of what has one."""

import trio

from resolver.observe.boundary import Boundary, FaultCounts


def new_boundary() -> Boundary:
    """One that counts for itself, on the clock of the test."""
    return Boundary(trio.current_time, FaultCounts())
