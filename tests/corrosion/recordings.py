"""Recordings of what real cr-sqlite writes, which stand beside this repository, and the answers that each commit should give.

`CISTERN_RECORDINGS` names another folder of the same shape: recordings of another seed are replayed on every release.
"""

import os
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final, Protocol, cast

if TYPE_CHECKING:
    from tests.internal_zones.running import Asker  # a writer's process has no use for it


BESIDE: Final = Path(__file__).parents[2].parent / "shared" / "corrosion-trace"
FOLDER: Final = Path(os.environ.get("CISTERN_RECORDINGS", BESIDE))
NAMES: Final = ("mixed", "chunks", "conflicts", "schema", "restore", "restore-new-actor", "reseed")
WAYS: Final = ("each", "stops", "fourths", "groups")
MISSING: Final = f"no recordings of cr-sqlite in {FOLDER}"

Truth = Mapping[str, tuple[list[str], list[str]] | None]  # "network/app" -> addresses and regions; None: no such app


class Recorded(Protocol):
    """commits[n - 1] is commit n; expected[n]["names"] is the truth after it."""

    commits: list[dict[str, object]]
    expected: dict[int, dict[str, Truth]]

    def stops(self) -> list[int]:
        """The commits that are not followed by the next at once."""


class Writer(Protocol):
    """The writer of one file. db: its connection; n: the last commit that was applied."""

    db: sqlite3.Connection
    n: int

    def apply(self, upto: int) -> None:
        """Commit all up to and including this one."""


class DistantWriter(Protocol):
    """A writer in a process of its own."""

    def upto(self, n: int) -> None:
        """Return when commit n is there."""

    def close(self) -> None: ...


class Player(Protocol):
    """The module that stands with the recordings."""

    def Recording(self, folder: Path) -> Recorded: ...  # noqa: N802  # its name there

    def Replay(self, recording: Recorded, target: Path, *, restore: str) -> Writer: ...  # noqa: N802  # its name there

    def Remote(self, folder: Path, target: Path, *options: str) -> DistantWriter: ...  # noqa: N802  # its name there


def player() -> Player:
    """The module `replay.py` of the folder."""
    name = "corrosion_replay"
    spec = spec_from_file_location(name, FOLDER / "replay.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast("Player", module)


def looks_at(recording: Recorded, way: str, seed: int = 1) -> list[int]:
    """The commits after which somebody looks: "each", "stops", "fourths", or "groups": a random 1 to 12 of them at once."""
    last = len(recording.commits)
    match way:
        case "each":
            return list(range(1, last + 1))
        case "stops":
            return recording.stops()
        case "fourths":
            return [*range(4, last, 4), last]
    return list(_groups(last, Random(seed)))


def _groups(last: int, rng: Random) -> Iterator[int]:
    n = 0
    while n < last:
        n = min(n + rng.randint(1, 12), last)
        yield n


async def wrong_answers(asker: "Asker", truth: Truth) -> list[str]:
    """The names that are answered otherwise than the truth, with what they are answered."""
    found = []
    for key, wanted in truth.items():
        network, app = key.split("/")
        addresses = await asker.texts(f"{app}.internal", "AAAA", int(network))
        regions = await asker.texts(f"regions.{app}.internal", "TXT", int(network))
        if (_sorted(addresses), regions) != _answers_of(wanted):
            found.append(f"{key}: {addresses}, {regions} in place of {wanted}")
    return found


def _answers_of(wanted: tuple[list[str], list[str]] | None) -> tuple[list[str] | str, list[str] | str]:
    if wanted is None:
        return "NXDOMAIN", "NXDOMAIN"
    addresses, regions = wanted
    return sorted(addresses) or "NODATA", [",".join(regions)]


def _sorted(answer: list[str] | str) -> list[str] | str:
    return sorted(answer) if isinstance(answer, list) else answer
