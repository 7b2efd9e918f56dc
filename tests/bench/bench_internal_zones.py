"""The internal zones: answers from memory and from the file, and how soon a commit of another process is in them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import trio

from cache.answer import Answer
from cache.names import from_text
from cache.rrtypes import AAAA
from internal_zones.database import StateFile
from internal_zones.mapping import Mapping, statements
from internal_zones.readings import Kind, UnitKey, read
from tests.bench.measure import Row, best_of
from tests.internal_zones.platform import State, app, machine, write_state
from tests.internal_zones.running import CLIENT, Asker, asking
from tests.internal_zones.under_commits import measure, percentile

HOT = (
    "web.internal",
    "ams.web.internal",
    "0001.vm.web.internal",
    "top2.nearest.of.web.internal",
    "healthy.web.internal",
)
COMMITS_A_SECOND = 1000
SECONDS = 10.0
VISIBLE_WITHIN = 100_000  # microseconds: what is promised of a commit


def rows() -> Iterator[Row]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "state.db"
        machines = [machine(f"{number:04x}", 1, 24) for number in range(1, 4)]
        write_state(path, State(apps=[app(1, "web", 24)], machines=machines))
        yield from trio.run(_hot, path)
        file = StateFile(str(path), statements(Mapping()))
        file.look()
        key = UnitKey(Kind.APP, 24, "web")
        yield Row("internal: an app of 3 machines is read", best_of(lambda: read(file, key)), ceiling=200)
        yield Row("internal: a look sees that nothing changed", best_of(file.look), ceiling=50)
        file.close()
    with TemporaryDirectory() as folder:
        found = measure(Path(folder), COMMITS_A_SECOND, SECONDS)
        print(found)
        for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0)):
            what = f"internal: a commit is visible, {name} at {found.rate} commits a second"
            yield Row(what, percentile(found.delays, share) * 1e6, ceiling=VISIBLE_WITHIN)


async def _hot(path: Path) -> list[Row]:
    """Names of an app of three machines, in memory; no look comes between, so that all of them stay current."""
    async with asking(path, max_wait=10.0) as asker:
        measured = []
        for name in HOT:
            await asker.ask(name)
            measured.append(Row(f"internal: {name} from memory", best_of(_finding(asker, name)), ceiling=30))
        return measured


def _finding(asker: Asker, name: str) -> Callable[[], Answer | None]:
    qname, now = from_text(name), trio.current_time()
    assert asker.zones.find(24, qname, AAAA, now, CLIENT) is not None
    return lambda: asker.zones.find(24, qname, AAAA, now, CLIENT)
