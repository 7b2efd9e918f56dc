"""Given, when, then: a daemon among a root, `test.` and a few servers named by letters, on simulated time.

    @given({"S": zone("src.test", "alias 3600 CNAME www.dst.test."), "D": zone("dst.test", "www 300 A 198.51.100.1")})
    async def test_scenario_05_…(net: Net) -> None:
        await net.ask("alias.src.test")
        await net.at(301)
        net.break_server("D")
        reply = await net.ask("alias.src.test")
        assert reply.answer == […]

Every reply is held against the invariants, and so are, at the end, the counters that must stay 0.
"""

import inspect
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from functools import partial, wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Concatenate, Final, NamedTuple, ParamSpec

import dns.flags
import dns.name
import msgspec
import trio
from dns.message import Message
from dns.rdatatype import RdataType
from dns.rrset import RRset

from cache.options import CacheOptions, StaleOptions
from internal_zones.options import StateOptions
from resolver.demo.behaviour import Behaviour
from resolver.demo.internet import Internet
from resolver.demo.zone import parse_record
from resolver.dnssec import DnssecOptions
from resolver.iterate.options import ForwardZone, StubZone
from tests.internal_zones.platform import State, write_state
from tests.signing import SignedZone
from tests.simulation.denials import Kind
from tests.simulation.deterministic import run
from tests.simulation.invariants import (
    chain_violations,
    extended_errors,
    header_violations,
    violations,
    without_proofs,
)
from tests.simulation.operator import Operator
from tests.simulation.scenarios.servers import Mind, Said, ScriptedServer, ZoneText, build
from tests.simulation.signing_authority import Flaw
from tests.simulation.world import World, open_world_of, simulated_options

STATE_FILE, CACHE_FILE = "state.db", "cache.db"
MAX_STALE_STATE: Final = 60  # s for which the state database's last good data is served
UNTIL_PRIMED: Final = 2.0  # s until nothing of the start is under way any more
FROM_MEMORY: Final = 0.01  # s there and back between a client and the daemon: nobody was waited for
NO_STALE: Final = StaleOptions(enabled=False)
UNREACHABLE: Final = {"NO_REACHABLE_AUTHORITY", "NETWORK_ERROR"}  # EDE 22, 23

INTERNAL: Final = dns.name.from_text("internal.")

P = ParamSpec("P")
Scenario = Callable[Concatenate["Net", P], Awaitable[None]]


class Reply(NamedTuple):
    """A reply as text: records as `owner ttl type rdata`, owners without their last dot. errors: EDEs. took: seconds."""

    rcode: str
    answer: list[str]
    authority: list[str]
    errors: set[str]
    took: float
    message: Message

    @property
    def is_secure(self) -> bool:
        """Has it AD?"""
        return bool(self.message.flags & dns.flags.AD)

    @property
    def codes(self) -> set[int]:
        """The INFO-CODEs of the EDEs."""
        return {int(code) for code in extended_errors(self.message)}

    @property
    def soa(self) -> str:
        """`owner ttl` of the SOA that denies; "" when there is none."""
        return next((" ".join(line.split()[:2]) for line in self.authority if line.split()[2] == "SOA"), "")


class Net:
    """What a scenario can do."""

    def __init__(self, world: World, state_file: Path, *, is_validated: bool = False) -> None:
        self.state_file = state_file
        self._is_validated = is_validated
        self._world = world
        self._began = trio.current_time()
        self._is_scripted = False

    async def ask(
        self, question: str, client: int = 0, *, rd: bool = True, flags: str = "", excused: str = ""
    ) -> Reply:
        """The reply to `name` or `name type`; there must be one, and it may break no invariant but the one excused.

        flags: of AD, CD and DO those that the query has.
        """
        qname, _, qtype = question.partition(" ")
        began = trio.current_time()
        message = await self._world.clients[client].ask(qname, qtype or "A", rd=rd, flags=flags)
        assert message is not None, f"no reply to {question}"
        found = [one for one in self._violations(message) if rd and not (excused and excused in one)]
        assert not found, found
        return Reply(
            message.rcode().name,
            _lines(message.answer),
            _lines(message.authority),
            {code.name for code in extended_errors(message)},
            trio.current_time() - began,
            message,
        )

    async def send_all(self, queries: Iterable[bytes], client: int = 0, *, seconds: float) -> list[tuple[float, bytes]]:
        """Have a client send all at once; the replies of so many seconds, each with the moment it came, since the start."""
        came = await self._world.clients[client].send_all(queries, seconds)
        return [(at - self._began, reply) for at, reply in came]

    @property
    def operator(self) -> Operator:
        """Who looks into the daemon."""
        return self._world.operator

    async def give_up(self, question: str, *, after: float) -> None:
        """Ask over TCP, and close the connection after so many seconds, before there is a reply."""
        qname, _, qtype = question.partition(" ")
        with trio.move_on_after(after) as scope:
            await self._world.clients[0].ask_tcp(qname, qtype or "A")
        assert scope.cancelled_caught, "the reply was faster"

    async def at(self, seconds: float) -> None:
        """Wait until so many seconds have passed since the scenario began."""
        assert self.seconds <= seconds, "that moment is over"
        await trio.sleep_until(self._began + seconds)

    @property
    def seconds(self) -> float:
        """How long the scenario has been going on."""
        return trio.current_time() - self._began

    def set_clock(self, *, ahead: float) -> None:
        """Have the clock of the daemon's host be wrong by so many seconds; monotonic time goes on as it does."""
        self._world.host.clock_is_off = ahead

    def break_server(self, name: str, *behaviours: Behaviour) -> None:
        """Have the server behave like this, or fall silent."""
        self._world.break_server(name, *behaviours)

    def heal_server(self, name: str) -> None:
        """Have the server behave as usual."""
        self._world.heal_server(name)

    def refuse_tcp(self, name: str) -> None:
        """Have nobody listen to TCP at the server."""
        self._world.refuse_tcp(name)

    def publish(self, record: str) -> None:
        """Put the RRset of this one record into its zone."""
        self._world.publish(record)

    def withdraw(self, owner: str, rtype: str) -> None:
        """Take an RRset out of its zone."""
        self._world.withdraw(owner, rtype)

    def undelegate(self, origin: str) -> None:
        """Have `test.` refer nobody to this zone any more, nor tell its servers' addresses."""
        apex, server = dns.name.from_text(origin), self._world.internet.servers["test"]
        zones = server.change(apex.parent(), lambda zone: zone.without_tree(apex))
        self._world.published.note(zones, trio.current_time())

    def say(self, name: str, question: str, said: Said) -> None:
        """Have the server answer this question so from now on, whatever its zone holds."""
        server = self._world.internet.servers[name]
        assert isinstance(server, ScriptedServer)
        server.script[question] = said
        self._is_scripted = True

    def spoil(self, name: str, flaw: Flaw) -> None:
        """Have the server sign so from now on."""
        server = self._world.internet.servers[name]
        assert isinstance(server, ScriptedServer)
        server.authority.flaw = flaw
        self._is_scripted |= flaw is not Flaw.NONE

    def vouch(self, origin: str, *, is_signed: bool) -> None:
        """Have `test.` have a DS for this zone, or none any more."""
        apex, server = dns.name.from_text(origin), self._world.internet.servers["test"]
        ds = parse_record(self.keys_of(origin).anchor)
        change = (lambda zone: zone.with_rrset(ds)) if is_signed else lambda zone: zone.without(apex, RdataType.DS)
        self._world.published.note(server.change(apex.parent(), change), trio.current_time())

    def keys_of(self, origin: str) -> SignedZone:
        """The key of a signed zone."""
        server = self._world.internet.servers["root"]
        assert isinstance(server, ScriptedServer)
        return server.authority.signers[dns.name.from_text(origin)].keys

    def possess(self, name: str, mind: Mind) -> None:
        """Have the server say what `mind` tells it, whatever its zone holds."""
        server = self._world.internet.servers[name]
        assert isinstance(server, ScriptedServer)
        server.mind = mind
        self._is_scripted = True

    def asked(self) -> dict[str, int]:
        """How many queries each server got since this was called the last time; those that got none are left out."""
        counts = {server.name: server.times_asked() for server in self._world.internet.servers.values()}
        self._world.forget_asked()
        return {name: count for name, count in counts.items() if count}

    async def cached(self, name: str) -> dict[str, str]:
        """What the cache holds of a name: its types (*: NXDOMAIN), and of each whether it is fresh, stale, denied …"""
        return {row.type: row.state for row in await self._world.operator.show(name)}

    async def counter(self, name: str) -> float:
        """`cistern_<name>_total`, or the gauge `cistern_<name>`, as the operator sees it: the sum of all its labels."""
        names = (f"cistern_{name}_total", f"cistern_{name}")
        rows = [row.value for row in await self._world.operator.stats() if row.name in names]
        assert rows, f"no counter {name}"
        return sum(rows)

    async def restart(self) -> None:
        """End the daemon as its host's init would, and start it again."""
        await self._world.daemon.restart()
        await trio.sleep(UNTIL_PRIMED)

    async def flush(self, name: str) -> None:
        """Forget all at and below a name."""
        await self._world.operator.flush(name, subtree=True)

    async def check_end(self) -> None:
        """The counters that must stay 0 have."""
        assert await self._world.operator.broken_invariants() == []

    def _violations(self, reply: Message) -> Iterator[str]:
        if reply.question[0].name.is_subdomain(INTERNAL):
            yield from chain_violations(reply)
        elif self._is_scripted:  # what a server makes up was never published
            yield from header_violations(reply, is_validated=self._is_validated)
            yield from chain_violations(without_proofs(reply))
        else:
            now = trio.current_time()
            yield from violations(reply, self._world.published, now, is_validated=self._is_validated)


def given(
    servers: Mapping[str, ZoneText],
    *,
    more_of_test: tuple[str, ...] = (),
    above: Kind = Kind.NSEC,
    forward: Mapping[str, tuple[str, ...]] | None = None,
    stub: Mapping[str, tuple[str, ...]] | None = None,
    state: State | None = None,
    **tables: msgspec.Struct | tuple[msgspec.Struct, ...],
) -> Callable[[Scenario[P]], Callable[P, None]]:
    """The world of a scenario: servers by name, each with its zone; two of them may have the same one.

    If one of the zones is signed, the daemon validates. more_of_test: further records of `test.` above: how that and the root
    deny then. forward: zones whose names are asked of these servers, recursively. stub: zones with these authoritative servers.
    state: what is in the state database; without it there is none. tables: other options of the daemon, by table.
    """

    def decorate(scenario: Scenario[P]) -> Callable[P, None]:
        @wraps(scenario)
        def play(*args: P.args, **kwargs: P.kwargs) -> None:
            async def main(folder: Path) -> None:
                internet, anchors = build(servers, more_of_test, above)
                options = msgspec.structs.replace(
                    simulated_options(internet, StaleOptions()),
                    state=_state_options(folder, state),
                    forward=tuple(ForwardZone(*one) for one in _zones_at(internet, forward or {})),
                    stub=tuple(StubZone(*one) for one in _zones_at(internet, stub or {})),
                    **{
                        "cache": CacheOptions(snapshot=str(folder / CACHE_FILE)),
                        "dnssec": DnssecOptions(validate=bool(anchors)),
                        **tables,
                    },
                )
                async with open_world_of(internet, options, anchors=anchors) as world:
                    await trio.sleep(UNTIL_PRIMED)
                    world.forget_asked()
                    net = Net(world, folder / STATE_FILE, is_validated=bool(anchors))
                    await scenario(net, *args, **kwargs)
                    await net.check_end()

            with TemporaryDirectory() as folder:
                run(partial(main, Path(folder)))

        del play.__wrapped__  # pytest would look behind it and take `net` for a fixture
        signature = inspect.signature(scenario)
        _, *others = signature.parameters.values()
        play.__signature__ = signature.replace(parameters=others, return_annotation=None)  # type: ignore[attr-defined]  # inspect reads it
        return play

    return decorate


def _state_options(folder: Path, state: State | None) -> StateOptions:
    if state is None:
        return StateOptions(database="")
    write_state(folder / STATE_FILE, state)
    return StateOptions(database=str(folder / STATE_FILE), max_stale=MAX_STALE_STATE)


def _zones_at(internet: Internet, zones: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The apex of each, and its servers as they stand in a configuration."""
    addresses = {name: f"{server.addresses[0]}:{internet.port}" for name, server in internet.servers.items()}
    return ((apex, tuple(addresses[name] for name in names)) for apex, names in zones.items())


def _lines(section: list[RRset]) -> list[str]:
    return [
        f"{rrset.name.to_text(omit_final_dot=True)} {rrset.ttl} {rrset.rdtype.name} {rdata.to_text()}"
        for rrset in section
        for rdata in rrset
    ]
