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


def resident() -> int:
    """Octets of memory that the process has now; 0 where the kernel does not say."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except OSError:
        return 0
