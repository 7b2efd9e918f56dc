"""What turns the engine, and how the rest of the daemon, which runs on trio, meets it."""

from resolver.loop.bridge import Bridge
from resolver.loop.collecting import BESIDE, Collecting
from resolver.loop.streams import make_streams
from resolver.loop.turning import turn_in_trio
from resolver.loop.turns import MeshTurns

__all__ = ["BESIDE", "Bridge", "Collecting", "MeshTurns", "make_streams", "turn_in_trio"]
