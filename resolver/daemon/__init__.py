"""The daemon: every part made once, wired, started and drained."""

from resolver.daemon.prepared import Prepared, doubts, prepare, remarks
from resolver.daemon.run import run
from resolver.daemon.serve import serve

__all__ = ["Prepared", "doubts", "prepare", "remarks", "run", "serve"]
