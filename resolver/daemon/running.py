"""What the daemon is now: its parts, which a reload replaces, since when, and what came of the last reload."""

from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from itertools import chain

from resolver.daemon.health import Health, Process
from resolver.daemon.parts import Parts
from resolver.daemon.trust_rows import trust_measures
from resolver.observe.measures import PREFIX, Measure, Reading
from resolver.options import digest

VERSION = version("cistern-dns")


class Running:
    """Holds the parts of the moment. started: monotonic seconds."""

    def __init__(self, parts: Parts, process: Callable[[], Process | None] = lambda: None) -> None:
        """process: see Health."""
        self.parts = parts
        self.health = Health(lambda: self.parts, process)
        self.started = parts.env.now()
        self.loaded_at = parts.env.wall()  # when the config was taken that it goes by
        self.is_reload_failed = False
        self.config_hash = digest(parts.options)

    def take(self, parts: Parts) -> None:
        """Be these parts from now on."""
        self.parts = parts
        self.loaded_at = parts.env.wall()
        self.is_reload_failed = False
        self.config_hash = digest(parts.options)

    def note_failed_reload(self) -> None:
        """The config's file could not be taken; the one before is gone by."""
        self.is_reload_failed = True

    def problems(self) -> tuple[str, ...]:
        """What keeps the daemon from being ready, one sentence each."""
        return self.health.problems()

    def remarks(self) -> tuple[str, ...]:
        """What an operator should mend although everything is answered, one sentence each."""
        failed = "the last reload failed: the config file is not what is gone by (see `cistern check`)"
        return (*((failed,) if self.is_reload_failed else ()), *self.health.remarks())

    def measures(self) -> Iterable[Measure]:
        """Every counter and gauge as it stands now."""
        yield from self.parts.measures()
        yield Measure(f"{PREFIX}_build_info", "1; the version is its label.", True, "version", {VERSION: 1})
        if self.parts.trusting is not None:
            yield from trust_measures(self.parts.trusting.beliefs)
        yield from self.health.measures()
        for reading in chain(self._readings(), self.health.readings()):
            yield Measure(f"{PREFIX}_{reading.name}", reading.help, True, "", {"": reading.value})

    def _readings(self) -> Iterator[Reading]:
        yield Reading("config_hash", "A number that changes with what the running config says.", self.config_hash)
        yield Reading(
            "config_last_reload_successful",
            "Could the config be taken when it was last read? 1 or 0.",
            float(not self.is_reload_failed),
        )
        yield Reading(
            "config_last_reload_success_timestamp_seconds",
            "When the running config was taken, in seconds since the Unix epoch.",
            self.loaded_at,
        )
