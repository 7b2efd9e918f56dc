"""Turns a mesh from within trio: whenever a timer is due, or somebody outside of a turn has given it something to do.

On the real network the loop that reads the sockets does this itself; this one is for a world without sockets.
"""

from collections.abc import Callable
from typing import Never

import trio

from resolver.env import Turned


async def turn_in_trio(
    mesh: Turned, now: Callable[[], float], task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> Never:
    """Until cancelled. now: trio's clock."""
    changed = trio.Event()
    sleeps_until = float("inf")

    def note_change() -> None:
        if mesh.next_at() < sleeps_until:
            changed.set()

    mesh.note_change = note_change
    task_status.started()
    while True:
        mesh.turn(now())
        changed = trio.Event()
        sleeps_until = mesh.next_at()
        if sleeps_until > now():
            with trio.move_on_at(sleeps_until):
                await changed.wait()
        else:
            await trio.lowlevel.checkpoint()
