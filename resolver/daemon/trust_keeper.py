"""Keeps trust up to date: looks at the anchors' zones when due (RFC 5011), ends exemptions, writes both to their file.

What a set of keys means is decided in dnssec/rollover.py; here it is fetched, told, and acted upon.
"""

import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final, Never, TypeVar

import structlog
import trio

from cache.answer import Question
from cache.chain import Link
from cache.names import WireName, prepend, to_text
from cache.rrset import RRset
from cache.rrtypes import DNSKEY
from internal_zones.database import Runner
from resolver.daemon.beliefs import Beliefs
from resolver.daemon.forgetting import forget
from resolver.daemon.parts import Parts
from resolver.daemon.probe import Probe
from resolver.daemon.trust import Trusting
from resolver.dnssec.exemptions import MAX_EXEMPTIONS, PROBE_EVERY, Exemption, over
from resolver.dnssec.rollover import State, TrustPoint, fail, is_due, observe
from resolver.dnssec.sighting import see
from resolver.dnssec.trust_file import BadFile, ds_text, read, write
from resolver.dnssec.work import Work
from resolver.engine.mesh import Landing
from resolver.errors import ResolutionFailure
from resolver.service.control import CannotShow, WrongRequest
from resolver.service.trust_protocol import LookRow, TrustExempt

LOOK_EVERY: Final = 60.0  # s between two glances at what is due: an exemption ends within a minute of its end
NULL: Final = 10  # the QTYPE of a key tag signal (RFC 8145 §5.1)
FILE_NAME: Final = "trust.json"  # beside the cache's snapshot, where no other file is named

T = TypeVar("T")

log = structlog.get_logger()


class TrustKeeper:
    """One for the daemon; it has work only where signatures are checked."""

    def __init__(self, parts: Callable[[], Parts], run: Runner) -> None:
        """parts: of the moment. run: where the file is read and written."""
        self.parts = parts
        self._run = run
        self._probed: dict[WireName, float] = {}  # when, in monotonic seconds

    async def load(self) -> None:
        """Take in what an earlier process has written; before anything is answered."""
        trusting, path = self.parts().trusting, self._path()
        if trusting is None or path is None:
            return
        try:
            points, exemptions = read(await self._run(path.read_bytes))
        except FileNotFoundError:
            return
        except OSError as problem:
            self._note_not_saved(trusting.beliefs, f"it cannot be read: {problem.strerror}")
            return
        except BadFile as wrong:
            aside = path.with_name(path.name + ".refused")
            log.error("trust_file_refused", file=str(path), reason=str(wrong), renamed=str(aside))
            with suppress(OSError):
                await self._run(partial(path.replace, aside))
            return
        trusting.beliefs.restore(points, exemptions, self.parts().env.wall())
        for one in exemptions:
            log.warning("exempt", zone=to_text(one.zone), why=one.why, until=one.until)

    async def keep(self) -> Never:
        """Do what is due, for ever."""
        while True:
            trusting = self.parts().trusting
            if trusting is not None:
                await self._end_exemptions(trusting)
                await self._look_where_due(trusting)
            await trio.sleep(LOOK_EVERY)

    async def refresh(self) -> list[LookRow]:
        """Look at every zone with trust anchors now."""
        trusting = self.trusting()
        rows = [await self._look(trusting, zone) for zone in sorted(trusting.beliefs.points, key=len)]
        await self._save(trusting.beliefs)
        return rows

    async def exempt(self, zone: WireName, request: TrustExempt) -> Exemption:
        """Check no signature at and below the zone for a while. Raises WrongRequest."""
        beliefs, now = self.trusting().beliefs, self.parts().env.wall()
        if zone not in beliefs.exemptions and len(beliefs.exemptions) >= MAX_EXEMPTIONS:
            raise WrongRequest(f"{MAX_EXEMPTIONS} zones are exempt already")
        one = Exemption(zone, now, now + request.seconds, request.why, request.is_probed)
        beliefs.exempt(one)
        self._probed[zone] = self.parts().env.now()
        log.warning("exempt", zone=to_text(zone), why=one.why, until=one.until)
        await forget(self.parts(), zone, None, (), subtree=True)
        await self._save(beliefs)
        return one

    async def enforce(self, zone: WireName, reason: str = "an operator said so") -> Exemption:
        """Check the zone's signatures again, of what is known too. Raises WrongRequest."""
        beliefs = self.trusting().beliefs
        one = beliefs.exemptions.get(zone)
        if one is None:
            raise WrongRequest(f"{to_text(zone)} is not exempt")
        beliefs.enforce(zone)
        self._probed.pop(zone, None)
        log.warning("exempt_no_more", zone=to_text(zone), reason=reason)
        await forget(self.parts(), zone, None, (), subtree=True)
        await self._save(beliefs)
        return one

    def wall(self) -> float:
        return self.parts().env.wall()

    def trusting(self) -> Trusting:
        """Raises CannotShow where signatures are not checked."""
        trusting = self.parts().trusting
        if trusting is None:
            raise CannotShow("signatures are not checked (dnssec.validate = false)")
        return trusting

    async def _end_exemptions(self, trusting: Trusting) -> None:
        beliefs, env = trusting.beliefs, self.parts().env
        for one in over(beliefs.exemptions.values(), env.wall()):
            await self.enforce(one.zone, "its time is over")
        for one in list(beliefs.exemptions.values()):
            if one.is_probed and env.now() - self._probed.get(one.zone, -PROBE_EVERY) >= PROBE_EVERY:
                self._probed[one.zone] = env.now()
                fault = await self._in_mesh(Probe(self.parts(), trusting, one.zone).fault())
                if not fault and one.zone in beliefs.exemptions:
                    await self.enforce(one.zone, "it validates again")

    async def _look_where_due(self, trusting: Trusting) -> None:
        """Without a file that remembers for 30 days what was seen, anchors stay as they are configured."""
        if self._path() is None:
            return
        beliefs, wall = trusting.beliefs, self.parts().env.wall()
        due = [point.zone for point in beliefs.points.values() if is_due(point, wall)]
        for zone in due:
            await self._look(trusting, zone)
        if due:
            await self._save(beliefs)

    async def _look(self, trusting: Trusting, zone: WireName) -> LookRow:
        """Fetch a zone's keys and go by them."""
        beliefs, parts = trusting.beliefs, self.parts()
        try:
            fetched: Link | ResolutionFailure = await self._ask(Question(zone, DNSKEY))
        except ResolutionFailure as failure:
            fetched = failure
        point, wall = beliefs.points[zone], parts.env.wall()  # an exemption or a reload may have come meanwhile
        if isinstance(fetched, RRset) and fetched.rtype == DNSKEY and fetched.owner == zone:
            pending = [one.ds for one in point.keys if one.state is State.PENDING]
            skew = parts.options.dnssec.signature_skew
            seen, why = await see(fetched, point.trusted, pending, wall, Work(counts=parts.counts.dnssec), skew)
            after, fault = observe(point, seen, wall), why.reason if why is not None else ""
        else:
            said = str(fetched) if isinstance(fetched, ResolutionFailure) else "there are none"
            after, fault = fail(point, wall), f"no keys: {said}"
        beliefs.learn(after)
        _tell(point, after)
        if set(point.trusted) - set(after.trusted):
            await forget(parts, zone, None, (), subtree=True)
        if fault:
            parts.counts.dnssec.anchors_not_refreshed += 1
            log.warning("trust_anchors_not_refreshed", zone=to_text(zone), reason=fault)
        else:
            parts.counts.dnssec.anchors_refreshed += 1
        await self._signal(after)
        return LookRow(to_text(zone), fault)

    async def _signal(self, point: TrustPoint) -> None:
        """Let the zone know which keys are trusted here, by a question that nobody needs the answer of (RFC 8145 §5)."""
        tags = sorted({int.from_bytes(ds[:2]) for ds in point.trusted})
        name = prepend(("_ta-" + "-".join(f"{tag:04x}" for tag in tags)).encode(), point.zone) if tags else None
        if name is not None:
            with suppress(ResolutionFailure):
                await self._ask(Question(name, NULL))

    async def _ask(self, question: Question) -> Link:
        """What the zone's servers say themselves, unvalidated and not kept; raises ResolutionFailure."""
        parts = self.parts()
        iteration = await self._in_mesh(parts.iterator.iterate(question, parts.new_budget(), Landing()))
        return iteration.link

    async def _in_mesh(self, work: Awaitable[T]) -> T:
        async def run() -> T:
            return await work

        return await self.parts().bridge.wait(run(), "trust")

    def _path(self) -> Path | None:
        options = self.parts().options
        if options.dnssec.trust_file:
            return Path(options.dnssec.trust_file)
        return Path(options.cache.snapshot).with_name(FILE_NAME) if options.cache.snapshot else None

    async def _save(self, beliefs: Beliefs) -> None:
        path = self._path()
        if path is None:
            return
        octets = write(beliefs.points.values(), beliefs.exemptions.values())
        try:
            await self._run(partial(replace_file, path, octets))
        except OSError as problem:
            self._note_not_saved(beliefs, f"it cannot be written: {problem.strerror}")
            return
        beliefs.not_saved = ""

    def _note_not_saved(self, beliefs: Beliefs, reason: str) -> None:
        if beliefs.not_saved != reason:
            log.error("trust_not_saved", file=str(self._path()), reason=reason)
        beliefs.not_saved = reason


def replace_file(path: Path, octets: bytes) -> None:
    """Have the file hold these octets: whoever reads it finds all of it, as it was or as it is. Raises OSError."""
    beside = path.with_name(path.name + ".new")
    with beside.open("wb") as file:
        file.write(octets)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _tell(before: TrustPoint, after: TrustPoint) -> None:
    """Log each key whose state is another."""
    states = {one.ds: one.state for one in before.keys}
    for one in after.keys:
        if states.pop(one.ds, None) is not one.state:
            log.warning("trust_anchor", zone=to_text(after.zone), key=ds_text(one.ds), state=one.state.value)
    for ds in states:
        log.warning("trust_anchor", zone=to_text(after.zone), key=ds_text(ds), state="forgotten")
    if before.trusted and not after.trusted:
        log.error(
            "trust_point_deleted", zone=to_text(after.zone), result="all its anchors are revoked: nothing is checked"
        )
