"""What the kernel says of this process."""

import os
import resource


def descriptors() -> tuple[int, int] | None:
    """How many are open, and how many may be; None where the kernel does not say."""
    try:
        count = len(os.listdir("/proc/self/fd"))
    except OSError:
        return None
    return count, resource.getrlimit(resource.RLIMIT_NOFILE)[0]
