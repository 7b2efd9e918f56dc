"""Plays a scenario on the simulated network: the daemon among its servers, on a clock that jumps; a play takes milliseconds.

A play fails at the first reply that is not as the scenario says, and at its end when a server was asked what the scenario
has no answer for: that is how a scenario says that a query is not to be sent.
"""

from functools import partial
from random import Random
from typing import Final

import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset
import trio
from dns.edns import EDEOption
from dns.message import Message

from resolver.daemon.serve import serve
from resolver.demo.serve_authority import serve_servers
from tests.replay.config import CLIENT, DAEMON, PORT, options_of
from tests.replay.format import Entry, Scenario, Step
from tests.replay.servers import Stage, StagedServer
from tests.simulation.deterministic import run
from tests.simulation.env import SimulatedEnv
from tests.simulation.fabric import Fabric
from tests.simulation.network import SimulatedNetwork, Sockets

INTERNET: Final = "198.51.100.254"  # where the servers' own queries would come from, if they had any
PATIENCE: Final = 20.0  # s for a reply; the daemon owes one well before
SECTIONS: Final = ("answer", "authority", "additional")


class PlayFailed(AssertionError):
    """The daemon did other than the scenario says; the message begins with the line's number."""


def play(scenario: Scenario, seed: int = 0) -> None:
    """Play it to its end; raises PlayFailed, and BadScenario for what its CONFIG says and nobody here understands."""
    options, hints = options_of(scenario.settings)
    stage = Stage(scenario, tuple(server.host for server in hints.servers))

    async def main() -> None:
        fabric = Fabric(Random(f"{seed}/fabric"))
        fabric.near.add(CLIENT)
        sockets = Sockets(fabric)
        servers = [StagedServer(stage, host) for host in stage.hosts()]
        async with trio.open_nursery() as nursery:
            internet = SimulatedEnv(sockets, INTERNET, Random(f"{seed}/internet"))
            await nursery.start(serve_servers, servers, PORT, internet)
            env = SimulatedEnv(sockets, DAEMON.host, Random(f"{seed}/daemon"))
            await nursery.start(partial(serve, options, env, hints, trio.Event()))
            await _Play(stage, SimulatedNetwork(sockets, CLIENT)).run()
            nursery.cancel_scope.cancel()

    try:
        run(main, seed)
    except BaseExceptionGroup as group:
        raise _first_failure(group) from None
    if stage.undefined:
        raise PlayFailed(f"asked for what the scenario does not have: {'; '.join(stage.undefined)}")


def _first_failure(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """What a group of groups holds of failed plays; the group itself where there is something worse."""
    failed: BaseException | None = group.subgroup(PlayFailed)
    if failed is None or group.split(PlayFailed)[1] is not None:
        return group
    while isinstance(failed, BaseExceptionGroup):
        failed = failed.exceptions[0]
    assert failed is not None
    return failed


class _Play:
    def __init__(self, stage: Stage, network: SimulatedNetwork) -> None:
        self._stage = stage
        self._network = network
        # replies that were not looked at yet; None: there was none
        self._sends, self._replies = trio.open_memory_channel[Message | None](len(stage.scenario.steps))

    async def run(self) -> None:
        steps = self._stage.scenario.steps
        async with trio.open_nursery() as nursery:
            for at, step in enumerate(steps):
                self._stage.step = step.number
                if step.kind == "TIME_PASSES":
                    await trio.sleep(step.seconds)
                elif step.kind == "CHECK_ANSWER":
                    self._check(step, await self._reply(step))
                elif step.kind == "QUERY":
                    done = trio.Event()
                    nursery.start_soon(self._ask, step, done)
                    if at + 1 < len(steps) and steps[at + 1].kind == "CHECK_ANSWER":
                        await done.wait()  # what is asked upstream for it belongs to this step

    async def _ask(self, step: Step, done: trio.Event) -> None:
        assert step.entry is not None
        query = query_of(step.entry, step.number)
        channel = self._network.open_udp(DAEMON)
        reply = None
        try:
            channel.send(query.to_wire())
            with trio.move_on_after(PATIENCE):
                reply = dns.message.from_wire(await channel.receive(), one_rr_per_rrset=False)
        finally:
            channel.close()
        self._sends.send_nowait(reply)
        done.set()

    async def _reply(self, step: Step) -> Message:
        reply = None
        with trio.move_on_after(PATIENCE):
            reply = await self._replies.receive()
        if reply is None:
            raise PlayFailed(f"line {step.line}: there is no reply to look at")
        return reply

    def _check(self, step: Step, reply: Message) -> None:
        assert step.entry is not None
        differences = compare(step.entry, reply)
        if differences:
            raise PlayFailed(f"line {step.line}: {'; '.join(differences)}")


def query_of(entry: Entry, id: int) -> Message:
    """The query of a QUERY step. With EDNS: extended errors could not be told otherwise."""
    assert entry.question is not None
    qname, qtype = entry.question
    query = dns.message.make_query(qname, qtype, id=id % 65536, use_edns=0, want_dnssec=entry.wants_signatures)
    query.flags = dns.flags.Flag(entry.flags & ~dns.flags.QR)
    return query


def compare(entry: Entry, reply: Message) -> list[str]:
    """How the reply differs from what the entry says, in what its MATCH line names."""
    found: list[str] = []
    match = entry.match
    if "rcode" in match and reply.rcode() != entry.rcode:
        found.append(
            f"RCODE {dns.rcode.to_text(reply.rcode())} instead of {dns.rcode.to_text(dns.rcode.Rcode(entry.rcode))}"
        )
    if "flags" in match and reply.flags & ~0xF != entry.flags:
        found.append(f"flags {dns.flags.to_text(reply.flags)} instead of {dns.flags.to_text(entry.flags)}")
    if match & {"qname", "qtype"} and entry.question is not None:
        asked = [(question.name, question.rdtype) for question in reply.question]
        if asked != [entry.question]:
            found.append("another question")
    for section in SECTIONS:
        if section in match:
            expected = _records(entry.records[section.upper()], with_ttl="ttl" in match)
            got = _records(getattr(reply, section), with_ttl="ttl" in match)
            if expected != got:
                found.append(f"{section}: missing {sorted(expected - got)}, unexpected {sorted(got - expected)}")
    codes = {int(option.code) for option in reply.options if isinstance(option, EDEOption)}
    if entry.ede - codes:
        found.append(f"extended errors {sorted(codes)} without {sorted(entry.ede - codes)}")
    return found


def _records(rrsets: list[dns.rrset.RRset], *, with_ttl: bool) -> set[str]:
    return {
        f"{rrset.name.canonicalize()} {f'{rrset.ttl} ' if with_ttl else ''}"
        f"{dns.rdatatype.to_text(rrset.rdtype)} {rdata.to_text()}"
        for rrset in rrsets
        for rdata in rrset
    }
