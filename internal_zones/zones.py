"""The facade: answers from memory at once, from the database within a bounded wait, from the last good data when it is unwell.

Doubt is never NXDOMAIN: what cannot be read now is served stale for max_stale, then SERVFAIL.
"""

from collections.abc import Callable, Sequence
from functools import partial
from ipaddress import IPv6Network
from typing import TYPE_CHECKING, Final, Never

import trio

from cache.answer import Answer, ExtendedError
from cache.names import WireName
from cache.rrtypes import AAAA, SERVFAIL
from internal_zones import nearest
from internal_zones.apex import REVERSE, build_apexes
from internal_zones.asked import Asked
from internal_zones.bad_rows import BadRows
from internal_zones.census import Census
from internal_zones.counts import InternalCounts
from internal_zones.database import Runner, StateFile
from internal_zones.inspection import Inspector
from internal_zones.jobs import InTrio, OwnThread, Turns
from internal_zones.lookup import (
    LAST_KNOWN,
    NETWORK_ERROR,
    NOT_KNOWN,
    STALE_ANSWER,
    Bits,
    answer,
    grounds,
    locate,
)
from internal_zones.making import Making
from internal_zones.mapping import statements
from internal_zones.mending import Mending
from internal_zones.nearest import Topology
from internal_zones.news import News
from internal_zones.nodes import Made, make
from internal_zones.options import StateOptions
from internal_zones.readings import (
    AppData,
    Read,
    UnitKey,
    read,
)
from internal_zones.reads import Reads
from internal_zones.records import (
    MAX_ADDRESSES,
    UNKNOWN,
    UNREADABLE,
    NearestOf,
    Node,
    addresses_of,
    in_doubt,
)
from internal_zones.rows import Machine
from internal_zones.status import StateStatus, status_of
from internal_zones.units import Unit, Units
from internal_zones.verifying import Verifier
from internal_zones.watcher import Warn, Watcher, WatchFile, nobody_tells

if TYPE_CHECKING:
    from internal_zones.subscription import Connect, Subscription

NOT_READY: Final = 14  # INFO-CODE of RFC 8914

PREFIX: Final = b"fdaa"  # of every address, in nibbles

_STALE: Final = (ExtendedError(STALE_ANSWER, "state database cannot be read now"),)
_NOT_READY: Final = Answer(rcode=SERVFAIL, errors=(ExtendedError(NOT_READY, "state database was not read yet"),))
_UNREADABLE: Final = Answer(rcode=SERVFAIL, errors=(ExtendedError(NETWORK_ERROR, "state database cannot be read now"),))


Take = Callable[[Callable[[], Answer]], None]


def _say_nothing(event: str, /, **fields: str | int) -> None:
    """The Warn of those who do not listen."""


class InternalZones:
    """Answers `.internal`, `.flycast` and the 6PN reverse zone for the network of the client."""

    def __init__(
        self,
        options: StateOptions,
        *,
        now: Callable[[], float],
        turns: Turns,
        rng: Bits,
        wall: Callable[[], float] | None = None,
        counts: InternalCounts | None = None,
        warn: Warn = _say_nothing,
        run: Runner | None = None,
        connect: "Connect | None" = None,
        watch_file: WatchFile = nobody_tells,
    ) -> None:
        """now: monotonic seconds; turns: in which answers are made; rng: orders the records.

        run: `database.inline` under simulated time, else the database is read in a thread.

        wall: Unix time, from which the delay of replication is known.
        connect: a connection to Corrosion's HTTP API, if the options name one. watch_file: has the kernel tell of changes.
        """
        self.options, self.counts = options, counts or InternalCounts()
        self._now, self._rng = now, rng
        self._apexes = build_apexes(options.negative_ttl)
        sql = statements(options.mapping)
        self._statements = tuple(sql)
        self._file = StateFile(options.database, sql)
        self._units = Units(options.max_rows, trusted_for=options.poll + options.max_wait)
        thread = OwnThread(turns)
        runner = run or thread
        self._jobs = InTrio(run, turns) if run else thread
        self._makers = InTrio(run, turns) if run else OwnThread(turns)
        self._making = Making[Made](self._makers, turns, now)
        self._bad_rows = BadRows(warn)
        read_unit = partial(read, prefixes=tuple(map(IPv6Network, options.prefixes)))
        self.inspector = Inspector(self._file, runner, read_unit)
        self._is_told = watch_file is not nobody_tells
        self.news = News(wall, self.counts)
        self._census = Census(options.min_share, options.doubt_for, self.counts, warn)
        self._watcher = self._watching(turns, watch_file, warn)
        self._reads = self._reading(runner, turns, read_unit, warn)
        self._verifier = self._verifying(runner, read_unit, warn)
        self._subscription = self._following(runner, connect, warn)

    def _watching(self, turns: Turns, watch_file: WatchFile, warn: Warn) -> Watcher:
        """What sees changes of the database."""
        return Watcher(
            self._file,
            self._jobs,
            turns,
            self._units,
            Mending(self._units, self._census.is_sure, self.options.prefixes),
            now=self._now,
            poll=self.options.poll,
            counts=self.counts,
            warn=warn,
            suspect=self._census.suspect,
            watch_file=watch_file,
            note_news=self.news.note,
        )

    def _reading(self, runner: Runner, turns: Turns, read_unit: Read, warn: Warn) -> Reads:
        """What brings units into memory."""
        return Reads(
            self._file,
            runner,
            self._jobs,
            turns,
            self._units,
            self._watcher,
            now=self._now,
            queue=self.options.queue,
            max_wait=self.options.max_wait,
            read=read_unit,
            bad_rows=self._bad_rows,
            census=self._census,
            counts=self.counts,
            warn=warn,
        )

    def _verifying(self, runner: Runner, read_unit: Read, warn: Warn) -> Verifier:
        """What finds out whether the kept data is that of the file."""
        return Verifier(
            self._file,
            runner,
            self._units,
            now=self._now,
            read=read_unit,
            bad_rows=self._bad_rows,
            census=self._census,
            looked=self._watcher.next_look,
            counts=self.counts,
            warn=warn,
        )

    def _following(self, runner: Runner, connect: "Connect | None", warn: Warn) -> "Subscription | None":
        """Corrosion's news of changes; None: there is no API to follow."""
        if connect is None:
            return None
        from internal_zones.subscription import Subscription as Following  # HTTP: most daemons have no use for it

        return Following(
            self.options.subscription,
            connect,
            runner,
            self._watcher.hurry,
            now=self._now,
            counts=self.counts,
            warn=warn,
        )

    def find(self, network: int, qname: WireName, qtype: int, now: float, client: bytes) -> Answer | None:
        """The answer from memory; None: the database has to be read first, or more rows looked through than fit a turn (see
        ask). client: packed address."""
        asked = Asked(locate(network, qname, self._apexes), qname, qtype, client)
        units = []
        for key in asked.place.units:
            unit = self._units.get(key)
            if unit is None or not self._units.is_current(unit, now):
                return None
            units.append(unit)
        if asked.takes_long(units):
            return None
        self.counts.hits += 1
        return self._answer(asked, units, partial(self._made, asked, units), now)

    def ask(self, network: int, qname: WireName, qtype: int, client: bytes, take: Take) -> None:
        """Have `take` called with what makes the answer: when all is read that it needs, after `max_wait` at the latest, and
        what takes long is made of it.

        Whoever takes it does not raise; what makes it never raises for the database.
        """
        self.counts.loads += 1
        asked = Asked(locate(network, qname, self._apexes), qname, qtype, client)
        self._reads.bring_each(asked.place.units, partial(self._have_made, asked, take))

    async def load(self, network: int, qname: WireName, qtype: int, client: bytes) -> Answer:
        """The same for who waits in trio."""
        is_there, made = trio.Event(), list[Callable[[], Answer]]()

        def take(make: Callable[[], Answer]) -> None:
            made.append(make)
            is_there.set()

        self.ask(network, qname, qtype, client, take)
        await is_there.wait()
        return made[0]()

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> Never:
        """Watch the database and read from it, for ever; survives every fault. Waits for no database to have started."""
        task_status.started()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._jobs.serve)
            nursery.start_soon(self._makers.serve)
            await self._watcher.look()  # what is asked for meanwhile stands in the queue
            await nursery.start(self._reads.serve)
            nursery.start_soon(self._reads.count)
            if self._is_told:
                nursery.start_soon(self._watcher.listen, self.options.database)
            nursery.start_soon(self._verifier.verify)
            if self._subscription is not None:
                nursery.start_soon(self._subscription.run)
            await self._watcher.watch()

    def status(self) -> StateStatus:
        """How the database and what is kept of it are, for readiness and the operator."""
        feeds = self._subscription.status() if self._subscription else {}
        return status_of(
            self.options,
            self._statements,
            self._watcher,
            self._units,
            self._reads,
            self._now(),
            self._file.failing,
            feeds,
            self._bad_rows,
            self._census,
        )

    def reasons(self, network: int, qname: WireName, client: bytes) -> tuple[str, ...]:
        """Why the records of a nearest name stand in their order, a text for each; (): another name, or not in memory."""
        place = locate(network, qname, self._apexes)
        units = [unit for key in place.units if (unit := self._units.get(key))]
        if place.nearest is None or len(units) != len(place.units):
            return ()
        asked = Asked(place, qname, AAAA, client)
        ordered = _nearest_in(self._made(asked, units), place.nearest, client) or []
        topology = units[1].reading.data
        assert isinstance(topology, Topology)
        return tuple(nearest.reason(machine, topology, self.options.region) for machine in ordered)

    def _have_made(self, asked: Asked, take: Take, brought: Sequence[Unit | None]) -> None:
        """Have `take` called once what takes long is made of what the reads have brought, or of the last good data."""
        units: list[Unit] = []
        errors: tuple[ExtendedError, ...] = ()
        for key, unit in zip(asked.place.units, brought, strict=True):
            if unit is None:
                unit, errors = self._last_good(key), _STALE
            if unit is None:
                take(self._nothing_known)
                return
            units.append(unit)

        def then(made: Callable[[], Made]) -> None:
            take(lambda: self._answer(asked, units, made, self._now(), errors))

        if asked.takes_long(units):
            self._making.have(asked.what(units), self._making_of(asked, units), partial(asked.keep, units), then)
        else:
            then(partial(self._made, asked, units))

    def _making_of(self, asked: Asked, units: Sequence[Unit]) -> Callable[[], Made]:
        """What makes it, in whatever thread."""
        return partial(make, asked.place, asked.qname, [unit.reading.data for unit in units], self.options.region)

    def _made(self, asked: Asked, units: Sequence[Unit]) -> Made:
        """What is kept of the name, or is made now."""
        found = asked.kept(units)
        if found is None:
            found = self._making_of(asked, units)()
            asked.keep(units, found)
        return found

    def _nothing_known(self) -> Answer:
        self.counts.failures += 1
        return _UNREADABLE if self._watcher.sighting else _NOT_READY

    def _answer(
        self,
        asked: Asked,
        units: Sequence[Unit],
        made: Callable[[], Made],
        now: float,
        errors: tuple[ExtendedError, ...] = (),
    ) -> Answer:
        """made: gives what stands at the name, in this turn."""
        place, qname, qtype, client = asked
        for unit in units:
            if unit.known_at is not None:
                errors = errors or LAST_KNOWN
                if now - unit.known_at > self.options.max_stale:
                    self.counts.failures += 1
                    return NOT_KNOWN
        found = made()
        if place.nearest is not None:
            node = self._nearest_node(qname, place.nearest, client, units, found)
        else:
            node = found if isinstance(found, Node) else None
        if node is not None and node.fits_no_message(qtype):
            self.counts.too_large += 1
        if node is None and place.apex == REVERSE and any(self._bad_rows.are_known_in(it.key.network) for it in units):
            node = UNREADABLE
        rests_on = grounds(place, node is not None, units)
        said = answer(node, qtype, self._apexes[place.apex], self._rng, errors, rests_on)
        self.counts.stale_answers += said.is_stale
        self.counts.failures += said is NOT_KNOWN
        return said

    def _nearest_node(
        self, qname: WireName, wanted: NearestOf, client: bytes, units: Sequence[Unit], found: Made
    ) -> Node | None:
        """The node of a nearest name, which is another one for each client."""
        app, topology = units[0].reading.data, units[1].reading.data
        if not (isinstance(app, AppData) and isinstance(topology, Topology)):
            return UNKNOWN
        ordered = _nearest_in(found, wanted, client)
        if ordered is None:
            return in_doubt(app, wanted.subset, None) if app.exists else None
        if ordered and not nearest.is_measured(ordered[:1], topology, self.options.region):
            self.counts.unmeasured_nearest += 1
        return in_doubt(app, wanted.subset, addresses_of(qname, ordered))

    def accept(self) -> int:
        """Take what is doubtful of the database for the truth, as an operator says; how many units are read again for it."""
        self._file.accept()
        keys = self._bad_rows.accept()
        if self._census.accept():
            self._units.outdate()
        for key in keys:
            unit = self._units.get(key)
            if unit is not None:
                self._units.distrust(unit)
        return len(keys)

    def _last_good(self, key: UnitKey) -> Unit | None:
        unit = self._units.get(key)
        if unit is None or self._now() - self._units.known_at(unit) > self.options.max_stale:
            return None
        return unit


def _nearest_in(found: Made, wanted: NearestOf, client: bytes) -> list[Machine] | None:
    """The nearest of the started machines that the name stands for, nearest first; None: no such name.

    No more than one more than fit a message.
    """
    if found is None or isinstance(found, Node):
        return None
    return nearest.order(found, client, min(wanted.count, MAX_ADDRESSES + 1))
