"""Imports structlog as if rich were not there: to be imported before anything that logs, where a daemon starts.

structlog imports rich where it finds it, for tracebacks that this daemon does not write (observe/log.py); that takes a sixth
of the time from the start to the first answer.
"""

import sys

_FOUND = sys.modules.get("rich")
if _FOUND is None:
    sys.modules["rich"] = None  # type: ignore[assignment]  # so an import of it fails (the import system's own word for it)
import structlog  # noqa: E402  # after the line above, which is what this module is for

if _FOUND is None:
    del sys.modules["rich"]

__all__ = ["structlog"]
