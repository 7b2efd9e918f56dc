"""Is all well? Each thing that the daemon rests on, looked at once a second, with since when it is as it is.

A problem makes the daemon unready; a remark does not: an orchestrator restarts what is not ready, and no restart mends a network.
"""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import structlog

from cache.names import to_text
from resolver.daemon.parts import Parts
from resolver.observe.measures import PREFIX, Measure, Reading
from resolver.service.control_protocol import CheckRow, CheckState

DATABASE: Final = "state_database"
UPSTREAM: Final = "upstream"
SILENT_AFTER: Final = 10.0  # s in which nothing came back, of
SILENT_QUERIES: Final = 5  # queries at least: then public resolution fails as a whole
FIRST_TRY_WITHIN: Final = 5.0  # s from the start; who has nobody to ask then is as ready as it gets
LATE: Final = 0.1  # s that one turn of the event loop may take; most take less than a hundredth of it
SNAPSHOT_LATE: Final = 1200.0  # s; it is saved every 300
FEW_DESCRIPTORS: Final = 64  # left: a burst of questions takes as many
CLOCK_FLOOR: Final = 1_767_225_600.0  # 2026-01-01: a clock before this version was made makes all signatures bogus
CLOCK_JUMP: Final = 5.0  # s that the wall clock may move against the monotonic one between two looks
JUMP_SHOWN: Final = 60.0  # s: who scrapes once a minute sees it

log = structlog.get_logger()


class Found(NamedTuple):
    """What a check says now."""

    state: CheckState
    text: str


class _Kept(NamedTuple):
    found: Found
    since: float


class Process(NamedTuple):
    """What the kernel says of this process. descriptors: open now; most: how many may be."""

    descriptors: int
    most: int


class Health:
    """The checks of a running daemon."""

    def __init__(self, parts: Callable[[], Parts], process: Callable[[], Process | None]) -> None:
        """parts: of the moment. process: asked once a second; None: not known."""
        self._parts = parts
        self._process = process
        env = parts().env
        self._started = env.now()
        self.answered_at: float | None = None  # monotonic seconds at which an upstream reply was last seen
        self._clock = env.wall() - env.now()
        self._jump = 0.0  # s
        self._jumped_at = float("-inf")
        self._is_behind = False
        self._sent = self._received = 0
        self._unanswered = 0  # queries sent since the last reply
        self._silent_since: float | None = None
        self._is_out = False
        self._kept: dict[str, _Kept] = {}
        self._last_process: Process | None = None
        self._generation = 0
        self.changed_at: float | None = None  # monotonic seconds at which a change of the state database was last seen
        self.look()

    def look(self) -> None:
        """See how all is, and say so in the log where it changed for the whole of the public names."""
        parts = self._parts()
        now = parts.env.now()
        self._watch_upstream(parts, now)
        status = parts.internal.status() if parts.internal is not None else None
        if status is not None and status.generation != self._generation:
            self._generation, self.changed_at = status.generation, now
        self._watch_clock(parts, now)
        self._last_process = self._process()
        self._check(parts, now)

    def rows(self) -> list[CheckRow]:
        """Every check as it is now, by what the last look saw of the network, the clock and the process."""
        parts = self._parts()
        now = parts.env.now()
        self._check(parts, now)
        return [CheckRow(name, *kept.found, now - kept.since) for name, kept in self._kept.items()]

    def readings(self) -> Iterator[Reading]:
        """The ages and states, for /metrics."""
        parts = self._parts()
        now = parts.env.now()
        yield Reading("ready", "Is the daemon ready? 1 or 0.", float(not self.problems()))
        if self.answered_at is not None:
            age = now - self.answered_at
            yield Reading("upstream_reply_age_seconds", "Seconds since a server was last seen to answer.", age)
        if parts.internal is not None:
            looked_ago = parts.internal.status().looked_ago
            if looked_ago is not None:
                yield Reading(
                    "internal_look_age_seconds", "Seconds since the state database was last seen well.", looked_ago
                )
            if self.changed_at is not None:
                age = now - self.changed_at
                yield Reading("internal_change_age_seconds", "Seconds since the state database last changed.", age)
        age_of_snapshot = parts.warm.age(now) if parts.warm is not None else None
        if age_of_snapshot is not None:
            yield Reading("snapshot_age_seconds", "Seconds since the cache was last saved.", age_of_snapshot)

    def measures(self) -> Iterator[Measure]:
        """The checks by name."""
        states = {row.name: float(row.state == "ok") for row in self.rows()}
        yield Measure(f"{PREFIX}_check_ok", "Is the check of /readyz?verbose ok? 1 or 0.", True, "check", states)

    def is_first_try_due(self) -> bool:
        """Was no server asked yet, although there may be one to ask?"""
        parts = self._parts()
        return not parts.counts.upstream.sent and parts.env.now() - self._started < FIRST_TRY_WITHIN

    def problems(self) -> tuple[str, ...]:
        """What makes the daemon unready, one sentence each."""
        return tuple(row.text for row in self.rows() if row.state == "problem")

    def remarks(self) -> tuple[str, ...]:
        """What an operator should mend although the daemon is ready, one sentence each."""
        return tuple(row.text for row in self.rows() if row.state == "remark")

    def _check(self, parts: Parts, now: float) -> None:
        self._kept = {name: self._since_when(name, found, now) for name, found in self._checks(parts, now)}

    def _since_when(self, name: str, found: Found, now: float) -> _Kept:
        kept = self._kept.get(name)
        return _Kept(found, now if kept is None or kept.found.state != found.state else kept.since)

    def _watch_upstream(self, parts: Parts, now: float) -> None:
        counts = parts.counts.upstream
        if counts.received != self._received:
            self.answered_at = now
            self._unanswered = 0
            self._silent_since = None
        elif counts.sent != self._sent:
            self._unanswered += counts.sent - self._sent
            self._silent_since = self._silent_since or now
        self._sent, self._received = counts.sent, counts.received
        if self._silent_since is None:
            if self._is_out:
                log.warning("public_resolution_is_back")
            self._is_out = False
        elif not self._is_out and now - self._silent_since >= SILENT_AFTER and self._unanswered >= SILENT_QUERIES:
            self._is_out = True
            silent_for = round(now - self._silent_since)
            log.error("public_resolution_fails", unanswered=self._unanswered, seconds=silent_for)

    def _watch_clock(self, parts: Parts, now: float) -> None:
        clock = parts.env.wall() - now
        jump, self._clock = clock - self._clock, clock
        if abs(jump) > CLOCK_JUMP:
            self._jump, self._jumped_at = jump, now
            log.warning("clock_jumped", seconds=round(jump))
        behind = _clock_behind(parts)
        if behind and not self._is_behind:
            log.error("clock_is_behind", seconds=round(behind), result="no signature is valid yet: SERVFAIL, EDE 8")
        elif self._is_behind and not behind:
            log.warning("clock_is_right_again")
        self._is_behind = bool(behind)

    def _checks(self, parts: Parts, now: float) -> Iterator[tuple[str, Found]]:
        yield DATABASE, _of_database(parts)
        yield UPSTREAM, self._of_upstream(parts, now)
        yield "trust_anchors", _of_anchors(parts)
        yield "trust_file", _of_trust_file(parts)
        yield "clock", self._of_clock(parts, now)
        yield "snapshot", _of_snapshot(parts, now)
        yield "descriptors", _of_descriptors(self._last_process)
        yield "event_loop", _of_loop(parts.counts.loop.longest_turn)
        yield "log", _of_log(parts)
        yield "host", _of_host(parts)
        if parts.tapping is not None:
            yield "dnstap", _of_dnstap(parts)

    def _of_upstream(self, parts: Parts, now: float) -> Found:
        counts = parts.counts.upstream
        if self._is_out:
            return Found("remark", f"no server answers: {self._unanswered} queries in a row were lost")
        if not counts.sent:
            return Found("problem" if self.is_first_try_due() else "ok", "no server was asked yet")
        if self.answered_at is None:
            return Found("remark", f"no server has answered yet; {counts.sent} queries were sent")
        return Found("ok", f"a server answered {now - self.answered_at:.0f} s ago")

    def _of_clock(self, parts: Parts, now: float) -> Found:
        behind = _clock_behind(parts)
        if behind:
            return Found("remark", f"the clock is {behind:.0f} s behind at least: no signature is valid yet (EDE 8)")
        if now < self._jumped_at + JUMP_SHOWN:
            ago = now - self._jumped_at
            return Found("remark", f"the clock jumped by {self._jump:.0f} s within a second, {ago:.0f} s ago")
        return Found("ok", "the clock runs evenly")


def _clock_behind(parts: Parts) -> float:
    """Seconds that it is behind at least, by when this version was made and the root's keys were signed; 0: it is not."""
    if parts.trusting is None:
        return 0.0
    return max(0.0, CLOCK_FLOOR - parts.env.wall(), parts.counts.dnssec.clock_behind_current)


def _of_database(parts: Parts) -> Found:
    if parts.internal is None:
        return Found("ok", "no state database is configured")
    problems = parts.problems()
    if problems:
        return Found("problem", "; ".join(problems))
    remarks = parts.internal.status().remarks
    looked_ago = parts.internal.status().looked_ago or 0.0
    return Found(
        "remark" if remarks else "ok", "; ".join(remarks) or f"state database: seen well {looked_ago:.1f} s ago"
    )


def _of_log(parts: Parts) -> Found:
    if parts.counts.log.failing:
        return Found("remark", "log: lines are lost: no room on the disk, or nobody reads the pipe")
    return Found("ok", "what is logged is written")


def _of_dnstap(parts: Parts) -> Found:
    counts = parts.counts.dnstap
    if counts.failing:
        return Found("remark", f"dnstap: nobody takes what is told: {counts.dropped} messages were dropped so far")
    return Found("ok", f"dnstap: {counts.frames} messages were written, {counts.dropped} dropped")


def _of_host(parts: Parts) -> Found:
    remarks = parts.host.remarks()
    return Found("remark" if remarks else "ok", "; ".join(remarks) or "this host sends what is to be sent")


def _of_anchors(parts: Parts) -> Found:
    if parts.trusting is None:
        return Found("ok", "signatures are not checked")
    counts, beliefs = parts.counts.dnssec, parts.trusting.beliefs
    deleted = [to_text(zone) for zone, point in beliefs.points.items() if not point.trusted]
    if deleted:
        return Found("remark", f"all trust anchors of {', '.join(deleted)} are revoked: nothing is checked there")
    if counts.bogus and not counts.secure:
        wrong = "a trust anchor that is not the root's any more, or a wrong clock"
        return Found("remark", f"nothing proved secure, and {counts.bogus} answers bogus: {wrong}")
    return Found("ok", f"signatures are checked: {counts.secure} proved secure, {counts.bogus} bogus")


def _of_trust_file(parts: Parts) -> Found:
    if parts.trusting is None:
        return Found("ok", "signatures are not checked")
    not_saved = parts.trusting.beliefs.not_saved
    if not_saved:
        return Found("remark", f"the file of trust anchors and exemptions: {not_saved}")
    return Found("ok", "what is to be remembered of trust is written")


def _of_snapshot(parts: Parts, now: float) -> Found:
    if parts.warm is None:
        return Found("ok", "the cache is not saved")
    age = parts.warm.age(now)
    if parts.warm.failure:
        return Found("remark", f"the cache could not be saved: {parts.warm.failure}")
    if age is None:
        return Found("ok", "the cache was not saved yet")
    return Found("remark" if age > SNAPSHOT_LATE else "ok", f"the cache was saved {age:.0f} s ago")


def _of_descriptors(process: Process | None) -> Found:
    if process is None:
        return Found("ok", "not known on this system")
    left = process.most - process.descriptors
    text = f"{process.descriptors} of {process.most} descriptors are open"
    return Found("remark" if left < FEW_DESCRIPTORS else "ok", text)


def _of_loop(longest: float) -> Found:
    text = f"the longest turn of the event loop in the last minute or two took {1000 * longest:.1f} ms"
    return Found("remark" if longest > LATE else "ok", text)


def check_line(row: CheckRow) -> str:
    """`state_database ok for 3h: state database: seen well 0.0 s ago`, as /readyz?verbose has it."""
    return f"{row.name} {row.state} for {row.since:.0f}s: {row.text}"
