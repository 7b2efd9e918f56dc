"""Keeps trust up to date: looks at the anchors' zones when due (RFC 5011), ends exemptions, writes both to their file.

What a set of keys means is decided in dnssec/rollover.py; here it is fetched, told, and acted upon.
"""

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final, Never

import structlog
import trio

from cache.answer import Question
from cache.names import WireName, prepend, to_text
from cache.rrset import RRset
from cache.rrtypes import DNSKEY
from cache.snapshot import keep_what_is_no_file
from internal_zones.database import Runner
from resolver.daemon.beliefs import Beliefs
from resolver.daemon.forgetting import forget
from resolver.daemon.parts import Parts
from resolver.daemon.probe import Probe
from resolver.daemon.trust import Trusting
from resolver.dnssec.exemptions import MAX_EXEMPTIONS, PROBE_EVERY, Exemption, over
from resolver.dnssec.keys import tag_of
from resolver.dnssec.rollover import Seen, State, TrustPoint, fail, is_due, observe
from resolver.dnssec.sighting import see
from resolver.dnssec.trust_file import BadFile, ds_text, read, write
from resolver.dnssec.work import Work
from resolver.engine.mesh import Landing
from resolver.errors import DnskeyMissing, ResolutionFailure
from resolver.service.control import CannotShow, WrongRequest
from resolver.service.trust_protocol import LookRow, TrustExempt

LOOK_EVERY: Final = 60.0  # s between two glances at what is due: an exemption ends within a minute of its end
PROBES_A_ROUND: Final = 8  # at once, of exempt zones: 40 in PROBE_EVERY; an outage concerns a handful
NULL: Final = 10  # the QTYPE of a key tag signal (RFC 8145 §5.1)
FILE_NAME: Final = "trust.json"  # beside the cache's snapshot, where no other file is named

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
            points, exemptions = read(await self._run(partial(read_file, path)))
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
                await self._end_exemptions(trusting.beliefs)
                await self._look_where_due(trusting.beliefs)
                await self._probe_where_due(trusting)
            await trio.sleep(LOOK_EVERY)

    async def refresh(self) -> list[LookRow]:
        """Look at every zone with trust anchors now; without a file that remembers what was seen, only to tell."""
        beliefs = self.trusting().beliefs
        points = sorted(beliefs.points.values(), key=lambda point: len(point.zone))
        rows = [await self._look(beliefs, point) for point in points]
        await self._save(beliefs)
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

    def remembers(self) -> bool:
        """Is there a file that remembers for 30 days what was seen? Without one, anchors stay as they are configured."""
        return self._path() is not None

    def wall(self) -> float:
        return self.parts().env.wall()

    def trusting(self) -> Trusting:
        """Raises CannotShow where signatures are not checked."""
        trusting = self.parts().trusting
        if trusting is None:
            raise CannotShow("signatures are not checked (dnssec.validate = false)")
        return trusting

    async def _end_exemptions(self, beliefs: Beliefs) -> None:
        for one in over(beliefs.exemptions.values(), self.wall()):
            if beliefs.exemptions.get(one.zone) is one:  # an operator may have ended it meanwhile, or begun another
                await self.enforce(one.zone, "its time is over")

    async def _probe_where_due(self, trusting: Trusting) -> None:
        """Try some zones, those first that were not tried for longest: a silent one takes as long as a question may."""
        exemptions, now = trusting.beliefs.exemptions, self.parts().env.now()
        tried = {one: self._probed.get(one.zone, -PROBE_EVERY) for one in exemptions.values() if one.is_probed}
        due = sorted((one for one, at in tried.items() if now - at >= PROBE_EVERY), key=lambda one: tried[one])
        sound: list[Exemption] = []
        async with trio.open_nursery() as nursery:
            for one in due[:PROBES_A_ROUND]:
                self._probed[one.zone] = now
                nursery.start_soon(self._probe, trusting, one, sound)
        for one in sound:
            if exemptions.get(one.zone) is one:  # as in _end_exemptions
                await self.enforce(one.zone, "it validates again")

    async def _probe(self, trusting: Trusting, one: Exemption, sound: list[Exemption]) -> None:
        parts = self.parts()
        if not await parts.bridge.wait(Probe(parts, trusting, one.zone).fault(), "trust"):
            sound.append(one)

    async def _look_where_due(self, beliefs: Beliefs) -> None:
        if not self.remembers():
            return
        wall = self.wall()
        due = [point for point in beliefs.points.values() if is_due(point, wall)]
        for point in due:
            await self._look(beliefs, point)
        if due:
            await self._save(beliefs)

    async def _look(self, beliefs: Beliefs, point: TrustPoint) -> LookRow:
        """Fetch a zone's keys and go by them."""
        parts, seen = self.parts(), None
        try:
            seen, fault = await parts.bridge.wait(self._see(point), "trust")
        except ResolutionFailure as failure:
            fault = f"no keys: {failure}"
        if beliefs.points.get(point.zone) != point:
            return LookRow(to_text(point.zone), "a reload or another look has changed its anchors meanwhile")
        if self.remembers():
            await self._learn(beliefs, point, seen)
        if fault:
            parts.counts.dnssec.anchors_not_refreshed += 1
            log.warning("trust_anchors_not_refreshed", zone=to_text(point.zone), reason=fault)
        else:
            parts.counts.dnssec.anchors_refreshed += 1
        return LookRow(to_text(point.zone), fault)

    async def _see(self, point: TrustPoint) -> tuple[Seen, str]:
        """What its servers say of its keys, and why no anchor signs it, if none does; in the mesh. Raises ResolutionFailure."""
        parts = self.parts()
        question = Question(point.zone, DNSKEY)
        link = (await parts.iterator.iterate(question, parts.new_budget(), Landing())).link
        if not isinstance(link, RRset) or link.rtype != DNSKEY or link.owner != point.zone:
            raise DnskeyMissing("there are none")
        pending = [one.ds for one in point.keys if one.state is State.PENDING]
        work = Work(parts.env.now(), counts=parts.counts.dnssec, rest=parts.mesh.rest)
        skew = parts.options.dnssec.signature_skew
        seen, why = await see(link, point.trusted, pending, parts.env.wall(), work, skew)
        return seen, why.reason if why is not None else ""

    async def _learn(self, beliefs: Beliefs, point: TrustPoint, seen: Seen | None) -> None:
        """Go by what was seen; None: nothing was."""
        parts, wall = self.parts(), self.wall()
        after = observe(point, seen, wall) if seen is not None else fail(point, wall)
        beliefs.learn(after)
        _tell(point, after)
        if seen is not None and seen.is_signed:
            parts.mesh.turn(parts.env.now(), lambda: self._signal(parts, after))
        elif set(point.trusted) - set(after.trusted):  # else another key, which is trusted still, signs all of it
            await forget(parts, point.zone, None, (), subtree=True)

    def _signal(self, parts: Parts, point: TrustPoint) -> None:
        """Let the zone know which keys are trusted here, by a question that nobody waits for the answer of (RFC 8145 §5)."""
        tags = sorted({tag_of(ds) for ds in point.trusted})
        name = prepend(("_ta-" + "-".join(f"{tag:04x}" for tag in tags)).encode(), point.zone) if tags else None
        if name is not None:
            parts.mesh.start(_ask(parts, Question(name, NULL)), "trust anchor signal")

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


def read_file(path: Path) -> bytes:
    """What it holds. Raises OSError, also where it is a FIFO, which would be waited for."""
    if path.exists() and not path.is_file():
        raise OSError(errno.EEXIST, "no regular file")
    return path.read_bytes()


def replace_file(path: Path, octets: bytes) -> None:
    """Have the file hold these octets: whoever reads it finds all of it, as it was or as it is. Raises OSError."""
    keep_what_is_no_file(str(path))
    beside = path.with_name(path.name + ".new")
    with beside.open("wb") as file:
        file.write(octets)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


async def _ask(parts: Parts, question: Question) -> None:
    with suppress(ResolutionFailure):
        await parts.iterator.iterate(question, parts.new_budget(), Landing())


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
