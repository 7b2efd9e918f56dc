"""What is in the state database, for an operator: apps, machines, and every name that an app has.

Read for the operator alone: nothing of it is kept, so that looking around evicts nothing that clients ask for. One app is one
job of the database thread, so that clients get their turn between two of them.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from functools import partial
from ipaddress import IPv6Address
from typing import Final, NamedTuple

import msgspec
from msgspec import structs

from cache.names import WireName, prepend
from internal_zones import rows
from internal_zones.apex import FLYCAST, INTERNAL
from internal_zones.database import Fault, Runner, StateFault, StateFile
from internal_zones.index import Labels, fold, folded
from internal_zones.readings import (
    TOPOLOGY,
    AppData,
    AppsData,
    Data,
    FlycastData,
    Kind,
    Read,
    Reading,
    ServicesData,
    TooMany,
    UnitKey,
)
from internal_zones.rows import PROCESS_GROUP

MAX_ROWS: Final = 10_000  # of one listing; a network or an app can be named


class AppRow(msgspec.Struct, frozen=True):
    """An app. deployed, started: its machines that are in the DNS."""

    network: int
    app: str
    deployed: int
    started: int


class MachineRow(msgspec.Struct, frozen=True):
    """A machine that is in the DNS."""

    network: int
    app: str
    id: str
    is_started: bool
    region: str
    host: str
    address: str
    metadata: dict[str, str]


class FaultRow(msgspec.Struct, frozen=True):
    """A row that holds what it should not. table: the statement of the mapping that yields it; id: its first column.

    unit: what is in doubt because of it. holds: the type of the value. wrong: what is the matter.
    """

    network: int
    app: str
    unit: str
    table: str
    id: str
    column: str
    holds: str
    wrong: str


class Wanted(NamedTuple):
    """What an operator asks about. network None: all of them; app "": all of them."""

    network: int | None = None
    app: str = ""


class Inspector:
    """Reads listings; raises StateFault when the database does not bear it."""

    def __init__(self, file: StateFile, run: Runner, read: Read) -> None:
        self._file, self._run, self._read_unit = file, run, read

    async def apps(self, wanted: Wanted) -> list[AppRow]:
        """The first MAX_ROWS apps."""
        found: list[AppRow] = []
        async for key, app in self._apps(wanted):
            started = sum(machine.is_started for machine in app.machines)
            found.append(AppRow(key.network, key.name, len(app.machines), started))
            if len(found) >= MAX_ROWS:
                break
        return found

    async def machines(self, wanted: Wanted) -> list[MachineRow]:
        """The first MAX_ROWS machines, and those of the same app."""
        found: list[MachineRow] = []
        async for key, app in self._apps(wanted):
            found += (
                MachineRow(
                    key.network,
                    key.name,
                    it.id,
                    it.is_started,
                    it.region,
                    it.host,
                    str(IPv6Address(it.address)),
                    dict(it.pairs or ()),
                )
                for it in app.machines
            )
            if len(found) >= MAX_ROWS:
                break
        return found

    async def names(self, wanted: Wanted) -> list[tuple[int, WireName]]:
        """Every name of the app, in each network that has it. Of nearest names, which have no end, the first."""
        found: list[tuple[int, WireName]] = []
        async for key, app in self._apps(wanted):
            services = await self._read(UnitKey(Kind.SERVICES, key.network, key.name))
            assert isinstance(services, ServicesData)
            base = prepend(fold(key.name), INTERNAL)
            below = dict.fromkeys(_labels(app, services))
            found += ((key.network, name) for labels in below if base and (name := _name(labels, base)))
            flycast = await self._read(UnitKey(Kind.FLYCAST, key.network, key.name))
            if isinstance(flycast, FlycastData) and flycast.addresses:
                found += [(key.network, name) for name in (prepend(fold(key.name), FLYCAST),) if name]
            if len(found) >= MAX_ROWS:
                break
        return found

    async def faults(self, wanted: Wanted) -> list[FaultRow]:
        """The first MAX_ROWS bad rows of all that is in the DNS, each where it is first met."""
        found: dict[tuple[str, str, str, int], FaultRow] = {}
        async with aclosing(self._keys(wanted)) as keys:
            async for key in keys:
                reading = await self._run(partial(self._read_unit, self._file, key))
                for bad in reading.skipped.bad:
                    row = FaultRow(key.network, key.name, key.kind.name.lower(), *structs.astuple(bad))
                    found.setdefault((bad.table, bad.id, bad.column, key.network), row)
                if len(found) >= MAX_ROWS:
                    break
        return list(found.values())

    async def _keys(self, wanted: Wanted) -> AsyncGenerator[UnitKey, None]:
        """Units that hold every row of the networks, or of the app, that is asked about."""
        networks = [wanted.network] if wanted.network is not None else await self._run(self._networks)
        for network in networks:
            if not wanted.app:
                yield UnitKey(Kind.APPS, network)
                yield UnitKey(Kind.PEERS, network)
            for name in (wanted.app,) if wanted.app else await self._names(network):
                for kind in (Kind.APP, Kind.FLYCAST, Kind.CHECKS, Kind.SERVICES):
                    yield UnitKey(kind, network, name)
        if not wanted.app:
            yield TOPOLOGY

    async def _apps(self, wanted: Wanted) -> AsyncIterator[tuple[UnitKey, AppData]]:
        networks = [wanted.network] if wanted.network is not None else await self._run(self._networks)
        for network in networks:
            names = (wanted.app,) if wanted.app else await self._names(network)
            for name in names:
                key = UnitKey(Kind.APP, network, name)
                app = await self._read(key)
                if isinstance(app, AppData) and app.exists:
                    yield key, app

    async def _names(self, network: int) -> tuple[str, ...]:
        apps = await self._read(UnitKey(Kind.APPS, network))
        assert isinstance(apps, AppsData)
        return apps.names

    async def _read(self, key: UnitKey) -> Data:
        return self._whole(key, await self._run(partial(self._read_unit, self._file, key)))

    def _whole(self, key: UnitKey, reading: Reading) -> Data:
        data = reading.data
        if isinstance(data, TooMany):
            text = f"{key.kind.name.lower()} {key.name} of network {key.network} has more rows than are read at once"
            raise StateFault(Fault.TOO_MANY_ROWS, text)
        return data

    def _networks(self) -> list[int]:
        found, _ = rows.read_rows("networks", self._file.select("networks", {}), rows.number)
        return sorted(set(found))


def _labels(app: AppData, services: ServicesData) -> Iterator[Labels]:
    """The labels of each name that has records, or would have them if machines were started, in the contract's order."""
    regions = sorted({fold(machine.region) for machine in app.machines})
    pairs = sorted({pair for machine in app.machines for pair in folded(machine.pairs)})
    group = fold(PROCESS_GROUP)
    yield from ((), (b"global",), (b"healthy",), (b"top1", b"nearest", b"of"))
    yield from ((region,) for region in regions)
    yield from ((fold(machine.id), b"vm") for machine in app.machines)
    yield from ((value, b"process") for key, value in pairs if key == group)
    yield from ((value, key, b"kv", b"_metadata") for key, value in pairs)
    yield from ((key, b"kv", b"_metadata") for key, _ in pairs)
    yield from ((b"vms",), (b"all", b"vms"), (b"regions",), (b"all", b"regions"))
    yield from ((b"_" + name, b"_tcp") for name in sorted({fold(it.name) for it in services.services}))


def _name(labels: Labels, base: WireName) -> WireName | None:
    """The name; None: its labels do not fit one."""
    name: WireName | None = base
    for label in reversed(labels):
        name = prepend(label, name) if name else None
    return name
