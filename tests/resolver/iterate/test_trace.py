"""What is told of an iteration while somebody watches."""

import pytest

from cache.names import from_text
from resolver.errors import NoReachableAuthority
from resolver.iterate.budget import Budget
from resolver.iterate.classify import Answered, Referred, Useless
from resolver.iterate.trace import Begun, Boarded, Event, Lost, Replied, Sent, Sought, Trace
from resolver.upstream import NoReply
from tests.resolver.engine.fake_network import silent
from tests.resolver.engine.turned import play
from tests.resolver.engine.world import DEADLINE, EXAMPLE, ROOT, TEST, Table, World, small_internet
from tests.resolver.iterate.zone_text import question


class Watched:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.events: list[tuple[int, Event]] = []

    def __call__(self, event: Event, depth: int) -> None:
        self.events.append((depth, event))

    def budget(self, world: World) -> Budget:
        budget = Budget(world.env.now() + DEADLINE)
        world.turned.mesh.trace.begin(budget, self)
        return budget

    def kinds(self, depth: int = 0) -> list[type[Event]]:
        return [type(event) for at, event in self.events if at == depth]


def test_each_query_reply_and_decision_is_told_in_order() -> None:
    async def main() -> None:
        world, watched = World(small_internet()), Watched()
        await world.bring("www.example. A", watched.budget(world))
        assert watched.kinds() == [Begun, Sent, Replied, Sent, Replied]
        told = [event for _, event in watched.events]
        assert [event.server.host for event in told if isinstance(event, Sent)] == [ROOT, EXAMPLE]
        assert [event.shown for event in told if isinstance(event, Sent)] == [
            question("example. A"),
            question("www.example. A"),
        ]
        verdicts = [type(event.verdict) for event in told if isinstance(event, Replied)]
        assert verdicts == [Referred, Answered]

    play(main)


def test_as_many_queries_are_told_as_are_sent() -> None:
    async def main() -> None:
        world, watched = World(small_internet() | {TEST: Table({})}), Watched()
        with pytest.raises(NoReachableAuthority, match="REFUSED"):
            await world.bring("a.b.www.test. A", watched.budget(world))
        assert watched.kinds().count(Sent) == world.sent
        told = [event.verdict for _, event in watched.events if isinstance(event, Replied)]
        assert isinstance(told[-1], Useless)

    play(main)


def test_a_silent_server_is_told_as_lost() -> None:
    async def main() -> None:
        world, watched = World(small_internet() | {EXAMPLE: silent}), Watched()
        with pytest.raises(NoReachableAuthority):
            await world.bring("www.example. A", watched.budget(world))
        lost = [event for _, event in watched.events if isinstance(event, Lost)]
        reasons = [event.why for event in lost]
        assert (reasons.count(NoReply.UNREACHABLE), reasons.count(NoReply.TIMEOUT)) == (1, 3)  # over TCP, and over UDP

    play(main)


def test_look_ups_for_a_look_up_stand_below_it() -> None:
    internet = small_internet()
    internet[ROOT].said["under glueless."] = ("", "glueless. 3600 NS ns.test.", "")
    internet[TEST].said["www.glueless. A"] = ("www.glueless. 60 A 198.51.100.9",)

    async def main() -> None:
        world, watched = World(internet), Watched()
        await world.bring("www.glueless. A", watched.budget(world))
        assert watched.kinds() == [Begun, Sent, Replied, Sought, Sent, Replied]
        assert watched.kinds(1)[:4] == [
            Begun,
            Sent,
            Replied,
            Sent,
        ]  # the referral had the address: nobody waits for more
        sought = [event.name for _, event in watched.events if isinstance(event, Sought)]
        assert sought == [from_text("ns.test.")]

    play(main)


def test_another_question_is_not_told() -> None:
    async def main() -> None:
        world, watched = World(small_internet()), Watched()
        watched.budget(world)
        await world.bring("www.example. A", Budget(world.env.now() + DEADLINE))
        assert watched.events == []

    play(main)


def test_a_look_up_is_told_as_far_below_as_it_stands() -> None:
    trace, budget, watched = Trace(), Budget(1.0), Watched()
    trace.begin(budget, watched)
    trace.boarded(budget.sub(question("www.test. A")), question("ns.test. A"), is_joined=False)
    assert watched.events == [(1, Boarded(question("ns.test. A"), is_joined=False))]


def test_nothing_is_told_once_nobody_watches_any_more() -> None:
    trace, budget, watched = Trace(), Budget(1.0), Watched()
    trace.begin(budget, watched)
    trace.end(budget)
    trace.end(budget)
    trace.sought(budget, from_text("ns.test."), from_text("test."))
    assert watched.events == []
