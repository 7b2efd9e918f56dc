"""What is left behind that only the garbage collector finds, and hardly ever looks for (`resolver/loop/collecting.py`)?"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

OURS: Final = ("cache.", "internal_zones.", "resolver.")


@contextmanager
def no_garbage() -> Iterator[None]:
    """Raises AssertionError when anything of ours, or a frame that it holds on to, became garbage in the block."""
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield
        gc.collect()
        assert [one for one in gc.garbage if isinstance(one, FrameType) or type(one).__module__.startswith(OURS)] == []
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
