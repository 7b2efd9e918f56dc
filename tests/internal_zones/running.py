"""Internal zones at work on a file, and their answers as text, for tests."""

import errno
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import IPv6Address
from pathlib import Path
from random import Random

import trio

from cache.answer import Answer
from cache.names import WireName, from_text, to_text
from cache.rrtypes import AAAA, ANY, NOERROR, NS, NXDOMAIN, PTR, SOA, SRV, TXT, A
from internal_zones import InternalZones, StateOptions
from internal_zones.database import Runner
from internal_zones.subscription import Connect
from resolver.engine import Mesh
from resolver.loop import MeshTurns, turn_in_trio

CLIENT = IPv6Address("fdaa:0:18:a7b:7d:f066:b83b:2").packed
TYPES = {"A": A, "NS": NS, "SOA": SOA, "PTR": PTR, "TXT": TXT, "AAAA": AAAA, "SRV": SRV, "ANY": ANY}


class Asker:
    """Asks the zones, as a client of one network after another."""

    def __init__(self, zones: InternalZones) -> None:
        self.zones = zones

    def find(self, name: str, qtype: str = "AAAA", network: int = 24) -> Answer | None:
        return self.zones.find(network, from_text(name), TYPES[qtype], trio.current_time(), CLIENT)

    async def ask(self, name: str, qtype: str = "AAAA", network: int = 24) -> Answer:
        """As a query goes: from memory, else from the database."""
        found = self.find(name, qtype, network)
        return found or await self.zones.load(network, from_text(name), TYPES[qtype], CLIENT)

    async def texts(self, name: str, qtype: str = "AAAA", network: int = 24) -> list[str] | str:
        return shown(await self.ask(name, qtype, network))


@asynccontextmanager
async def asking(
    path: Path,
    *,
    run: Runner | None = None,
    connect: Connect | None = None,
    warn: list[tuple[str, dict[str, str | int]]] | None = None,
    wall: Callable[[], float] | None = None,
    report: Callable[[Exception], None] | None = None,
    **options: object,
) -> AsyncIterator[Asker]:
    """Zones that run on the file at `path` for as long as the block lasts."""
    events = [] if warn is None else warn

    def note(event: str, /, **fields: str | int) -> None:
        events.append((event, fields))

    mesh, turns = turns_in_trio(report)
    zones = InternalZones(
        StateOptions(database=str(path), **options),  # type: ignore[arg-type]  # a test's keywords
        now=trio.current_time,
        turns=turns,
        rng=Random(1),
        wall=wall,
        warn=note,
        run=run,
        connect=connect,
    )
    async with trio.open_nursery() as nursery:
        await nursery.start(turn_in_trio, mesh, trio.current_time)
        await nursery.start(zones.run)
        yield Asker(zones)
        nursery.cancel_scope.cancel()


def turns_in_trio(report: Callable[[Exception], None] | None = None) -> tuple[Mesh, MeshTurns]:
    """Turns, and the mesh that turn_in_trio has to turn for them. report: of faults; None: they are raised."""
    mesh = Mesh(_raise_fault if report is None else lambda what, fault: report(fault))
    return mesh, MeshTurns(mesh, trio.current_time, _posting())


def _posting() -> Callable[[Callable[[], object]], None]:
    """As Env.post, in trio."""
    token = trio.lowlevel.current_trio_token()

    def post(event: Callable[[], object]) -> None:
        try:
            token.run_sync_soon(event)
        except trio.RunFinishedError as over:
            raise OSError(errno.EBADF, "nothing runs any more") from over

    return post


def _raise_fault(what: str, fault: Exception) -> None:
    raise fault


def shown(answer: Answer) -> list[str] | str:
    """The answer's records as text in their order, or NODATA, NXDOMAIN, or SERVFAIL with its INFO-CODE."""
    if answer.rcode == NXDOMAIN:
        return "NXDOMAIN"
    if answer.rcode != NOERROR:
        return f"SERVFAIL {answer.errors[0].code}"
    if not answer.answer:
        return "NODATA"
    return [rdata_text(rrset.rtype, rdata) for rrset in answer.answer for rdata in rrset.rdatas]


def rdata_text(rtype: int, rdata: bytes) -> str:
    if rtype == AAAA:
        return str(IPv6Address(rdata))
    if rtype == TXT:
        return joined(rdata)
    if rtype == SRV:
        return f"{int.from_bytes(rdata[4:6])} {to_text(WireName(rdata[6:])).rstrip('.')}"
    if rtype == SOA:
        return "SOA"
    return to_text(WireName(rdata)).rstrip(".")


def joined(rdata: bytes) -> str:
    """The text of a TXT record as clients join it."""
    octets, at = b"", 0
    assert rdata, "TXT has at least one string"
    while at < len(rdata):
        octets += rdata[at + 1 : at + 1 + rdata[at]]
        at += 1 + rdata[at]
    return octets.decode()
