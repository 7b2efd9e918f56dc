"""What is the dearest query that something cached can cause? Each kind of content that is dear to answer with, asked for anew.

A reply that is kept costs what its octets cost to copy; here each is composed, as it is once a second at most, or each time where
none may be kept. `python -m tests.bench.dearest` prints what each takes, without the sockets.
"""

import itertools
import time
from collections.abc import Callable
from functools import partial
from ipaddress import IPv6Address
from random import Random
from typing import Final, Never, TypeVar

from outcome import Outcome, capture

from cache.answer import Answer
from cache.beside import TARGET_AT, with_addresses
from cache.chain import MAX_ALIASES
from cache.form import FORM
from cache.lookup import find
from cache.names import from_text
from cache.rrset import RRset
from cache.rrtypes import AAAA, HTTPS, MX, NS, SRV, TXT, A
from cache.store import MAX_RECORDS
from internal_zones.making import Making
from internal_zones.nearest import Topology
from internal_zones.options import StateOptions
from internal_zones.readings import (
    TOPOLOGY,
    AppData,
    AppsData,
    ChecksData,
    Data,
    Kind,
    Reading,
    ServicesData,
    UnitKey,
)
from internal_zones.rows import Machine, Service
from internal_zones.units import FOREVER, Unit
from internal_zones.zones import InternalZones
from resolver.engine import Mesh
from resolver.iterate.learn import MAX_RRSIGS
from resolver.loop import MeshTurns
from resolver.policy.rebinding import Guard
from resolver.policy.tally import Tally
from resolver.policy.views import View, view_of
from resolver.service.counts import ServiceCounts
from resolver.service.fast import FastPath, ReplyStyle
from resolver.wire import compose_query, question_octets
from resolver.wire.message import Query
from tests.bench.bench_service import LOOPBACK, NETWORKS, Known
from tests.build import replace, rrset

TTL: Final = 86400
NETWORK: Final = 24
MACHINES: Final = 10_000
CALLS: Final = 30
A_SECOND: Final = 1.0
A_MINUTE: Final = 61.0

T = TypeVar("T")
Ask = Callable[[], bytes]


class Public(Known):
    """Everything is in the cache, and is looked at as a daemon without options does."""

    def __init__(self, *entries: RRset) -> None:
        super().__init__()
        self._guard = Guard()
        for entry in entries:
            self.cache.put(entry, 0.0)

    def answer_now(self, query: Query, view: View, now: float, tally: Tally) -> Answer | None:
        answer = find(self.cache, query.qname, query.qtype, now)
        if answer is not None and query.qtype in TARGET_AT:
            answer = with_addresses(self.cache, answer, now)
        return None if answer is None else self._guard.watched(answer)


class AtHome(Known):
    """Everything is an app of many machines that is in memory."""

    def __init__(self, *units: tuple[UnitKey, Data]) -> None:
        super().__init__()
        self._mesh = Mesh(_nobody)
        turns = MeshTurns(self._mesh, lambda: 0.0, _nobody)
        self._zones = InternalZones(
            StateOptions(database="state.db"),
            now=lambda: 0.0,
            turns=turns,
            rng=Random(1),
        )
        self._zones._making = Making(AtOnce(), turns, lambda: 0.0)
        for key, data in units:
            self._zones._units.put(Unit(key, Reading(data, 1), 0.0))
        self._zones._units.confirm(0.0, quiet=FOREVER)

    def view_of(self, client: bytes, local: bytes) -> View:
        return view_of(client, local, NETWORKS)

    def answer_now(self, query: Query, view: View, now: float, tally: Tally) -> Answer | None:
        found = self._zones.find(NETWORK, query.qname, query.qtype, now, LOOPBACK)
        if found is not None:
            return found
        made: list[Callable[[], Answer]] = []
        self._zones.ask(NETWORK, query.qname, query.qtype, LOOPBACK, made.append)
        self._mesh.turn(0.0)
        return made[0]()


class AtOnce:
    """Does in this thread what a daemon does in another."""

    def submit(self, job: Callable[[], T], then: Callable[[Outcome[T]], None], /) -> None:
        then(capture(job))

    async def serve(self) -> Never:
        raise AssertionError("nobody has to")


def _nobody(*_: object) -> None:
    """Nothing is read, and nobody waits."""


def asking(known: Known, name: str, qtype: int, *, do: bool = False, tcp: bool = True, step: float = A_SECOND) -> Ask:
    """One query more each time, so much later that its reply is composed anew."""
    fast, seconds = FastPath(known, known.cache, ServiceCounts(), ReplyStyle(seed=1)), itertools.count(0.0, step)
    query = compose_query(id=7, asked=question_octets(from_text(name), qtype), rd=True, edns_payload=1232, do=do)

    def ask() -> bytes:
        reply = fast.answer(query, LOOPBACK, LOOPBACK, next(seconds) % (TTL / 2), over_tcp=tcp)
        assert isinstance(reply, bytes), reply
        return reply

    return ask


def a_set(rtype: int, rdatas: list[bytes], owner: str = "web.example.", rrsigs: tuple[bytes, ...] = ()) -> RRset:
    return replace(rrset(f"{owner} {TTL} TXT x"), rtype=rtype, rdatas=tuple(rdatas), rrsigs=rrsigs)


def long_name(number: int, labels: int = 1) -> bytes:
    """A name of 255 octets that has no suffix with any other; labels: of how many octets each."""
    count = 254 // (1 + labels)
    name = b"".join(bytes((labels,)) + (b"%d" % (number * 131 + at) * 63)[:labels] for at in range(count))
    return name + b"\0"


def short_rrsig(number: int) -> bytes:
    return bytes(18) + b"\0" + number.to_bytes(2) + bytes(64)


SIGNATURES: Final = tuple(map(short_rrsig, range(MAX_RRSIGS)))


def machines(count: int, *, metadata: int = 0) -> tuple[Machine, ...]:
    first = int(IPv6Address("fdaa:0:18:a::"))
    pairs = tuple((f"key{n}", f"value{n}") for n in range(metadata))
    return tuple(
        Machine(
            f"{number:014x}",
            ("ams", "fra")[number % 2],
            f"host{number % 50}",
            (first + number).to_bytes(16),
            True,
            pairs,
        )
        for number in range(count)
    )


def app(name: str, qtype: int = AAAA, count: int = MACHINES, *, tcp: bool = True, metadata: int = 0) -> Ask:
    these = machines(count, metadata=metadata)
    services = tuple(Service(one.id, "http", 80) for one in these)
    home = AtHome(
        (UnitKey(Kind.APP, NETWORK, "web"), AppData(True, these)),
        (UnitKey(Kind.CHECKS, NETWORK, "web"), ChecksData(frozenset())),
        (UnitKey(Kind.SERVICES, NETWORK, "web"), ServicesData(services)),
        (UnitKey(Kind.APPS, NETWORK), AppsData(tuple(f"app{n:05}" for n in range(5000)))),
        (TOPOLOGY, Topology({f"host{n}": 1.0 for n in range(50)})),
    )
    return asking(home, name, qtype, tcp=tcp, step=A_MINUTE)


def targets(rtype: int, head: bytes, *, tcp: bool = True) -> Ask:
    """A set that leads to 8 names, each with 256 addresses of each family."""
    names = [f"t{n}.example." for n in range(8)]
    sets = [a_set(rtype, [head + from_text(name) for name in names])]
    for name in names:
        sets.append(a_set(AAAA, [bytes(14) + n.to_bytes(2) for n in range(MAX_RECORDS)], name))
        sets.append(a_set(A, [bytes(2) + n.to_bytes(2) for n in range(MAX_RECORDS)], name))
    return asking(Public(*sets), "web.example.", rtype, tcp=tcp)


def hints(*, tcp: bool = True) -> Ask:
    """HTTPS records full of addresses: 64 kB of hints."""
    count = 62
    rdatas = [n.to_bytes(2) + b"\0" + b"\0\6" + (16 * count).to_bytes(2) + bytes(16 * count) for n in range(1, 64)]
    return asking(Public(a_set(HTTPS, rdatas)), "web.example.", HTTPS, tcp=tcp)


def chain(*, tcp: bool = True) -> Ask:
    """11 aliases, each signed as often as is kept, and 256 addresses."""
    names = [f"a{n}.{n}-zone.example." for n in range(MAX_ALIASES + 1)]
    sets = [replace(rrset(f"{one} {TTL} CNAME {other}"), rrsigs=SIGNATURES) for one, other in itertools.pairwise(names)]
    last = a_set(A, [bytes(2) + n.to_bytes(2) for n in range(MAX_RECORDS)], names[-1], SIGNATURES)
    return asking(Public(*sets, last), names[0], A, do=True, tcp=tcp)


def sets_of(rtype: int, rdatas: list[bytes], *, tcp: bool = True, rrsigs: tuple[bytes, ...] = ()) -> Ask:
    return asking(Public(a_set(rtype, rdatas, rrsigs=rrsigs)), "web.example.", rtype, tcp=tcp, do=bool(rrsigs))


N: Final = range(MAX_RECORDS)
DEAR: Final[dict[str, Callable[[], Ask]]] = {
    "256 A": lambda: sets_of(A, [bytes(2) + n.to_bytes(2) for n in N]),
    "256 A, UDP": lambda: sets_of(A, [bytes(2) + n.to_bytes(2) for n in N], tcp=False),
    "256 AAAA": lambda: sets_of(AAAA, [bytes(14) + n.to_bytes(2) for n in N]),
    "256 TXT": lambda: sets_of(TXT, [b"\2" + n.to_bytes(2) for n in N]),
    "256 TXT, UDP": lambda: sets_of(TXT, [b"\2" + n.to_bytes(2) for n in N], tcp=False),
    "256 TXT, signed": lambda: sets_of(TXT, [b"\2" + n.to_bytes(2) for n in N], rrsigs=SIGNATURES),
    "230 TXT of 255 octets": lambda: sets_of(TXT, [b"\xff" + n.to_bytes(2) + bytes(253) for n in range(230)]),
    "256 MX of short names": lambda: sets_of(MX, [n.to_bytes(2) + b"\2" + b"%02x" % n + b"\0" for n in N]),
    "256 NS of short names": lambda: sets_of(NS, [b"\2" + b"%02x" % n + b"\1a\1b\1c\0" for n in N]),
    "240 MX of names of 127 labels": lambda: sets_of(MX, [n.to_bytes(2) + long_name(n) for n in range(240)]),
    "240 NS of names of 127 labels": lambda: sets_of(NS, [long_name(n) for n in range(240)]),
    "240 NS of names of 4 labels": lambda: sets_of(NS, [long_name(n, 62) for n in range(240)]),
    "240 NS of names of 4 labels, UDP": lambda: sets_of(NS, [long_name(n, 62) for n in range(240)], tcp=False),
    "SRV to 4096 addresses": lambda: targets(SRV, bytes(6)),
    "MX to 4096 addresses": lambda: targets(MX, bytes(2)),
    "SRV to 4096 addresses, UDP": lambda: targets(SRV, bytes(6), tcp=False),
    "HTTPS with 3,900 hints": hints,
    "HTTPS with 3,900 hints, UDP": partial(hints, tcp=False),
    "11 signed aliases": chain,
    "11 signed aliases, UDP": partial(chain, tcp=False),
    "an app of 10,000": lambda: app("web.internal."),
    "an app of 10,000, UDP": lambda: app("web.internal.", tcp=False),
    "an app of 2,300": lambda: app("web.internal.", count=2300),
    "an app of 2,300, UDP": lambda: app("web.internal.", count=2300, tcp=False),
    "healthy. of 2,300": lambda: app("healthy.web.internal.", count=2300),
    "SRV of 1,000": lambda: app("_http._tcp.web.internal.", SRV, count=1000),
    "SRV of 1,000, UDP": lambda: app("_http._tcp.web.internal.", SRV, count=1000, tcp=False),
    "_apps of 5,000": lambda: app("_apps.internal.", TXT),
    "vms of 2,300": lambda: app("vms.web.internal.", TXT, count=2300),
    "top1.nearest.of of 10,000": lambda: app("top1.nearest.of.web.internal."),
    "no such machine of 10,000": lambda: app("nobody.vm.web.internal."),
    "no such region of 10,000": lambda: app("nowhere.web.internal."),
    "no such group of 10,000": lambda: app("nobody.process.web.internal.", metadata=8),
    "no such metadata of 10,000": lambda: app("no.nobody.kv._metadata.web.internal.", metadata=8),
    "top9999.nearest.of of 10,000": lambda: app("top9999.nearest.of.web.internal."),
    "top9999.nearest.of of 2,300": lambda: app("top9999.nearest.of.web.internal.", count=2300),
    "one of 10,000 machines": lambda: app(f"{9:014x}.vm.web.internal."),
    "no such service of 10,000": lambda: app("_nothing._tcp.web.internal.", SRV),
    "nearest. of a group of 10,000": lambda: app("top1.nearest.of.nobody.process.web.internal.", metadata=8),
}


def microseconds(ask: Ask, calls: int = CALLS) -> tuple[float, float, int]:
    """Of the first query, with what another thread makes for it; the cheapest tenth of later ones; and octets of the reply."""
    began = time.perf_counter()
    ask()
    first = time.perf_counter() - began
    taken = []
    octets = 0
    for _ in range(calls):
        began = time.perf_counter()
        reply = ask()
        taken.append(time.perf_counter() - began)
        octets = len(reply)
    return first * 1e6, sorted(taken)[calls // 10] * 1e6, octets


def main() -> None:
    print(f"{FORM}: µs of the first query, of a later one, octets of the reply")
    for name, build in DEAR.items():
        first, later, octets = microseconds(build())
        print(f"{name:40} {first:10.0f} {later:10.1f} {octets:8}", flush=True)


if __name__ == "__main__":
    main()
