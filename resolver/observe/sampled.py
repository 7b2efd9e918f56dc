"""May this be logged now? Once in a while; what was not is counted, and told with the next. Pure."""


class Sampled:
    """Lets one through, and then none for `pause` seconds."""

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._quiet_until = float("-inf")
        self._unlogged = 0

    def unlogged(self, now: float) -> int | None:
        """How many were not let through since the last that was; None: nor is this one."""
        if now < self._quiet_until:
            self._unlogged += 1
            return None
        self._quiet_until = now + self._pause
        unlogged, self._unlogged = self._unlogged, 0
        return unlogged
