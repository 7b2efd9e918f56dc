"""Going by another config without ending: all of it at once, or nothing of it and the reason."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Final

import structlog
import trio

from cache.names import WireName, from_text
from internal_zones import InternalZones
from internal_zones.database import Runner
from resolver.daemon.around import Around
from resolver.daemon.background import keep_internal, keep_resolving, retire
from resolver.daemon.doors import Door, Doors
from resolver.daemon.forgetting import forget
from resolver.daemon.parts import internal_zones, remade_parts
from resolver.daemon.prepared import Prepared, log_what_is_read
from resolver.daemon.running import VERSION, Running
from resolver.daemon.tapping import Tapping, make_tapping
from resolver.daemon.windows import Window, Windows
from resolver.iterate.options import ForwardZone, StubZone
from resolver.observe.options import LogOptions
from resolver.options import ConfigError, Difference, Options, differences, with_fixed
from resolver.service.control_protocol import ReloadRow

STATE_WAIT: Final = 2.0  # s in which another state database must have been read, or it is not taken
POLL: Final = 0.02  # s
OWNERS_A_TURN: Final = 500  # evicted or forgotten between two turns of the loop: some 1 ms

log = structlog.get_logger()


class NotReloaded(Exception):
    """Nothing is changed; `problems` say why, one sentence each."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problems))


class Reloader:
    """Changes a running daemon."""

    def __init__(
        self,
        running: Running,
        doors: Doors,
        windows: Windows,
        background: trio.Nursery,
        around: Around,
        run_io: Runner | None,
        scopes: dict[str, trio.CancelScope],
        relog: Callable[[LogOptions], None],
    ) -> None:
        """background: where what keeps it going goes on; scopes: of keep_resolving there ("resolving"), and keep_internal.

        run_io: as make_parts has it. relog: has the log look like this.
        """
        self._running = running
        self._doors = doors
        self._windows = windows
        self._background = background
        self._around = around
        self._run_io = run_io
        self._scopes = scopes
        self._relog = relog
        self._is_busy = False

    async def reload_at_hangups(self) -> None:
        """Reload at each SIGHUP, for ever; what came of it is in the log."""
        if self._around.hangups is not None:
            async for _ in self._around.hangups:
                await self.reload()

    async def reload(self) -> ReloadRow:
        """Read the config anew and go by it; its row has problems when nothing was changed."""
        if self._is_busy:
            return ReloadRow(problems=("another reload is under way",))
        self._is_busy = True
        self._around.notify(f"RELOADING=1\nMONOTONIC_USEC={self._running.parts.env.now() * 1e6:.0f}")
        try:
            changed = await self._reload()
        except NotReloaded as refusal:
            self._running.note_failed_reload()
            for problem in refusal.problems:
                log.error("not_reloaded", reason=problem)
            return ReloadRow(problems=refusal.problems)
        finally:
            self._is_busy = False
            self._around.notify("READY=1")
        done = tuple(one.key for one in changed if not one.needs_restart)
        left = tuple(one.key for one in changed if one.needs_restart)
        log.info("reloaded", changed=list(done), needs_restart=list(left))
        return ReloadRow(changed=done, needs_restart=left)

    async def _reload(self) -> list[Difference]:
        prepared = await self._read()
        running = self._running.parts.options
        wanted = with_fixed(prepared.options, running)
        changed = list(differences(running, prepared.options))
        with ExitStack() as opened:
            doors = await self._open_doors(wanted)
            for door in doors.values():
                opened.callback(door.close)
            window = await self._open_window(wanted)
            if window is not None:
                opened.callback(window.listener.close)
            internal = await self._other_internal(wanted)
            opened.pop_all()
        await self._make_room(wanted)
        anchored = self._anchored()
        self._switch(replace(prepared, options=wanted), internal)
        self._doors.serve(doors)
        self._doors.drain(self._doors.texts - frozenset(wanted.listen.addresses))
        self._windows.replace(window, wanted.metrics.listen)
        otherwise = {zone for zone, _ in anchored ^ self._anchored()}
        for name in sorted(_zones_asked_otherwise(running, wanted) | otherwise):
            await forget(self._running.parts, name, None, (), subtree=True)
        self._scopes["resolving"] = await self._background.start(keep_resolving, self._running.parts)
        return changed

    async def _read(self) -> Prepared:
        if self._around.read is None:
            raise NotReloaded(["this daemon was started without a config file"])
        try:
            return await self._around.read()
        except ConfigError as error:
            raise NotReloaded(list(map(str, error.problems))) from None

    async def _open_doors(self, wanted: Options) -> dict[str, Door]:
        added = tuple(text for text in wanted.listen.addresses if text not in self._doors.texts)
        try:
            return await self._doors.open(added)
        except OSError as error:
            raise NotReloaded([f"{error.filename} cannot be listened on: {error.strerror}"]) from None

    async def _open_window(self, wanted: Options) -> Window | None:
        """Where /metrics will be looked at; None where that stays the same or is nowhere."""
        try:
            return await self._windows.open_other(wanted.metrics.listen)
        except OSError as error:
            raise NotReloaded([f"{error.filename} cannot be listened on: {error.strerror}"]) from None

    async def _other_internal(self, wanted: Options) -> InternalZones | None:
        """The internal names by the wanted options: those there are, or others that have read their database already."""
        parts = self._running.parts
        if wanted.state == parts.options.state:
            return parts.internal
        internal = internal_zones(wanted, parts.env, parts.mesh, parts.counts.internal, self._run_io)
        scope = None
        if internal is not None:
            scope = await self._background.start(keep_internal, internal, parts.boundary)
            with trio.move_on_after(STATE_WAIT):
                while internal.status().state == "starting":  # noqa: ASYNC110  # nobody tells of a first look
                    await trio.sleep(POLL)
            status = internal.status()
            if status.state != "ready":
                scope.cancel()
                raise NotReloaded([f"state.database: {status.fault or status.state}"])
        earlier = self._scopes.pop("internal", None)
        if earlier is not None:
            self._background.start_soon(retire, earlier)
        if scope is not None:
            self._scopes["internal"] = scope
        return internal

    def _switch(self, prepared: Prepared, internal: InternalZones | None) -> None:
        """From here on the daemon goes by the new config. Nothing is awaited: no query sees half of it."""
        parts = self._running.parts
        self._scopes["resolving"].cancel()
        tapping = self._other_tapping(prepared.options)
        remade = remade_parts(parts, prepared, internal, tapping)
        self._running.take(remade)
        self._relog(prepared.options.log)
        log_what_is_read(prepared)

    def _other_tapping(self, wanted: Options) -> Tapping | None:
        """Who is told messages by the wanted options: as before, or others, who begin now."""
        parts = self._running.parts
        if wanted.dnstap == parts.options.dnstap and wanted.identity == parts.options.identity:
            return parts.tapping
        if parts.tapping is not None:
            parts.tapping.tell_end()
        tapping = make_tapping(wanted, parts.env, parts.counts, self._around.connect, VERSION)
        if tapping is not None:
            tapping.start()
        return tapping

    async def _make_room(self, wanted: Options) -> None:
        """Before the cache's bound is lowered, so that no client's query has to evict half of it."""
        parts = self._running.parts
        while not parts.memory.cache.make_room(wanted.cache.max_octets, parts.env.now(), OWNERS_A_TURN):
            await trio.lowlevel.checkpoint()

    def _anchored(self) -> frozenset[tuple[WireName, tuple[bytes, ...]]]:
        """The zones that have trust anchors, with the DS of those."""
        trusting = self._running.parts.trusting
        return frozenset((zone, one.ds) for zone, one in trusting.beliefs.anchors.items()) if trusting else frozenset()


def _zones_asked_otherwise(running: Options, wanted: Options) -> frozenset[WireName]:
    """The zones that are forwarded, stubbed or left unchecked in one of the configs only, or otherwise than in the other."""
    before, after = set(_ways(running)), set(_ways(wanted))
    names = {way.zone if isinstance(way, ForwardZone | StubZone) else way for way in before ^ after}
    return frozenset(map(from_text, names))


def _ways(options: Options) -> Iterator[ForwardZone | StubZone | str]:
    yield from options.forward
    yield from options.stub
    yield from options.dnssec.negative_trust_anchors
