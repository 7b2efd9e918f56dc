"""One seed's story: a world, what happens in it, what its clients ask, and every reply that breaks an invariant.

At its end all is healed. Then nothing may fail that can succeed, and once all TTLs are over everything is as published now.
"""

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Final, assert_never

import trio
from dns.message import Message
from dns.rcode import Rcode

from tests.simulation.deterministic import run
from tests.simulation.fabric import CALM
from tests.simulation.invariants import is_marked_stale, outcome, violations
from tests.simulation.published import Outcome, Published
from tests.simulation.steps import (
    QUESTIONS,
    Ask,
    Break,
    Change,
    Flush,
    Heal,
    Part,
    Publish,
    Reunite,
    Step,
    Wait,
    Withdraw,
    draw,
)
from tests.simulation.world import World, open_world

TURNS: Final = 25
LONGEST_REPLY: Final = 10.5  # s: the deadline of a question, and the way back
FAILURES_OVER: Final = 61.0  # s: twice the longest pause after a failure (`failures.max_pause`), and some
EVERYTHING_OVER: Final = 90_000.0  # s: no TTL is longer

Tell = Callable[[str], None]


class Story:
    """A story while it is played. found: the violations, each with the moment and the reply."""

    def __init__(self, world: World, tell: Tell) -> None:
        self.found: list[str] = []
        self._world = world
        self._tell = tell

    async def play(self, steps: list[Step]) -> None:
        """All of it, each step when the one before has begun; questions are answered meanwhile."""
        async with trio.open_nursery() as asking:
            for step in steps:
                self._say(str(step))
                if isinstance(step, Ask):
                    asking.start_soon(self._ask, step)
                elif isinstance(step, Wait):
                    await trio.sleep(step.seconds)
                elif isinstance(step, Flush):
                    await self._world.operator.flush(step.name, subtree=step.subtree)
                else:
                    happen(self._world, step)

    async def mend(self) -> None:
        """Heal everything; what can be answered must be, and after the last TTL it must be the truth of now."""
        world = self._world
        for name in world.internet.servers:
            world.heal_server(name)
        world.fabric.reunite()
        world.fabric.weather = CALM
        await trio.sleep(FAILURES_OVER)
        self._say("all is healed")
        await self._ask_everything(partial(failures_without_reason, world.published))
        await trio.sleep(EVERYTHING_OVER)
        self._say("all TTLs are over")
        await self._ask_everything(partial(departures, Published(world.internet.zones())))
        self.found += await world.operator.broken_invariants()

    async def _ask_everything(self, judge: Callable[[Message], list[str]]) -> None:
        for question in dict.fromkeys(QUESTIONS):
            qname, qtype = question.split()
            reply = await self._ask(Ask(0, qname, qtype, over_tcp=False))
            if reply is not None:
                self._note(reply, judge(reply))

    async def _ask(self, ask: Ask) -> Message | None:
        client = self._world.clients[ask.client]
        began = trio.current_time()
        reply = await (client.ask_tcp if ask.over_tcp else client.ask)(ask.qname, ask.qtype)
        took = trio.current_time() - began
        if reply is None:
            self.found.append(f"{trio.current_time():.3f} s: no reply to {ask}")
            return None
        found = list(violations(reply, self._world.published, trio.current_time()))
        if took > LONGEST_REPLY:
            found.append(f"the reply took {took:.3f} s")
        if reply.question[0].name.to_text(omit_final_dot=True) != ask.qname:
            found.append("the question's letter case is another one")
        self._note(reply, found)
        return reply

    def _note(self, reply: Message, found: list[str]) -> None:
        answer = " / ".join(rrset.to_text().replace("\n", ", ") for rrset in reply.answer) or "-"
        errors = ", ".join(option.to_text() for option in reply.options)
        text = f"{reply.question[0].to_text()} -> {reply.rcode().name} {answer} {errors}"
        self._say(text)
        for violation in found:
            self._say(f"VIOLATION: {violation}")
            self.found.append(f"{trio.current_time():.3f} s: {violation}: {text}")

    def _say(self, text: str) -> None:
        self._tell(f"{trio.current_time():12.3f}  {text}")


def failures_without_reason(published: Published, reply: Message) -> list[str]:
    """SERVFAIL only where no version of the data can do without."""
    failure = Outcome(Rcode.SERVFAIL)
    is_failure = outcome(reply) == failure and failure not in outcomes(published, reply)
    return ["a failure, though all is well"] if is_failure else []


def departures(current: Published, reply: Message) -> list[str]:
    """Everything is as published now, and fresh."""
    expected = outcomes(current, reply)
    found = [] if outcome(reply) in expected else [f"{outcome(reply)}, but now it is one of {expected}"]
    return [*found, "still stale"] if is_marked_stale(reply) else found


def outcomes(published: Published, reply: Message) -> set[Outcome]:
    """What the question of this reply can come to."""
    return published.outcomes(reply.question[0].name, reply.question[0].rdtype)


def happen(world: World, step: Break | Heal | Part | Reunite | Change | Publish | Withdraw) -> None:
    """Do to the world what the step says."""
    match step:
        case Break(server, behaviour):
            world.break_server(server, behaviour)
        case Heal(server):
            world.heal_server(server)
        case Part(servers):
            world.partition(*servers)
        case Reunite():
            world.fabric.reunite()
        case Change(weather):
            world.fabric.weather = weather
        case Publish(record):
            world.publish(record)
        case Withdraw(owner, rtype):
            world.withdraw(owner, rtype)
        case _:
            assert_never(step)


def play(seed: int, tell: Tell) -> list[str]:
    """The violations of one seed's story; [] when there are none."""

    async def main() -> list[str]:
        async with open_world(seed) as world:
            story = Story(world, tell)
            await story.play(draw(Random(f"{seed}/story"), tuple(world.internet.servers), TURNS))
            await story.mend()
            return story.found

    return run(main, seed)
