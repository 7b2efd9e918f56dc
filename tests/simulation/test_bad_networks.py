"""One zone's servers over a bad network: how long do questions take, how many packets, and what is remembered?

Virtual time and seeded chance; each case asks some hundred questions, one after the other, of servers with delays of their own.
"""

from collections.abc import Awaitable, Callable
from random import Random

import dns.message
import pytest
import trio

from cache.answer import Question
from cache.names import from_text
from cache.rrtypes import A
from resolver.engine.zone_query import ZoneQuery
from resolver.engine.zone_servers import ZoneServers
from resolver.env import Address
from resolver.errors import ResolutionFailure
from resolver.iterate.budget import Budget
from resolver.iterate.delegation import Delegation, Origin
from resolver.upstream import UpstreamCounts
from resolver.upstream.allowance import MOST
from resolver.upstream.learning import LATE_AT_FIRST
from tests.resolver.engine.fake_network import FakeEnv, Said, reply_to
from tests.resolver.engine.one_zone import NOBODY_ELSE
from tests.resolver.engine.turned import Turned, means_of
from tests.simulation.deterministic import run

DEADLINE = 10.0
PAUSE = 0.05  # s between two questions
RTTS = (0.02, 0.06, 0.1, 0.15)


class Server:
    """Answers everything after `rtt` seconds, unless the datagram is lost or the server is dead."""

    def __init__(self, rtt: float, loss: float, rng: Random) -> None:
        self.rtt = rtt
        self.loss = loss
        self.rng = rng
        self.is_dead = False
        self.asked = 0

    def __call__(self, query: dns.message.Message, over_tcp: bool) -> list[Said]:
        self.asked += 1
        if self.is_dead or self.rng.random() < self.loss:
            return []
        return [(self.rtt, reply_to(query, f"{query.question[0].name} 60 A 198.51.100.1").to_wire())]


class Zone:
    """A zone of such servers, and all that is learned of them while questions are asked."""

    def __init__(self, *rtts: float, loss: float = 0.0, seed: int = 0, ipv6: tuple[float, ...] = ()) -> None:
        rng = Random(seed)
        self.servers = {
            Address(f"192.0.2.{number}", 53): Server(rtt, loss, rng) for number, rtt in enumerate(rtts, start=1)
        } | {Address(f"2001:db8::{number}", 53): Server(rtt, loss, rng) for number, rtt in enumerate(ipv6, start=1)}
        self.env = FakeEnv(dict(self.servers), seed)
        self.counts = UpstreamCounts()
        self._turned = Turned(self.env)
        self._means = means_of(self._turned, self.env, upstream_counts=self.counts)
        self._delegation = Delegation(zone=from_text("example."), origin=Origin.STUB, servers=tuple(self.servers))
        self._asked = 0

    def get_used_to(self, *rtts: float) -> None:
        """Have heard many servers of other zones that took so long, each at once."""
        for rtt in 10 * rtts:
            self._means.typical.note(rtt)
            self._means.typical.note_first(is_late=False)

    @property
    def all(self) -> list[Server]:
        return list(self.servers.values())

    async def ask(self) -> float:
        """Seconds that a question took that was not asked before; raises ResolutionFailure."""
        self._asked += 1
        question, began = Question(from_text(f"www{self._asked}.example."), A), self.env.now()
        in_hand = self._means.book.in_hand(self._delegation, began)
        budget = Budget(began + DEADLINE)
        query: ZoneQuery | None = None

        def begin() -> None:  # in a turn, whose time it goes by
            nonlocal query
            servers = ZoneServers(self._means, NOBODY_ELSE, self._delegation, *in_hand, frozenset())
            query = ZoneQuery(self._means, servers, question, question, budget, gives_up_early=False)
            query.start()

        self._turned.do(begin)
        assert query is not None
        await self._turned.run(self._turned.mesh.landed(query))
        if isinstance(query.said, ResolutionFailure):
            raise query.said
        return self.env.now() - began

    async def ask_many(self, times: int) -> list[float]:
        """The seconds that questions took, the longest last."""
        took = []
        for _ in range(times):
            took.append(await self.ask())
            await trio.sleep(PAUSE)
        return sorted(took)

    @property
    def timers(self) -> int:
        """Those that are set."""
        return len(self._turned.mesh.timers)


def play(main: Callable[[], Awaitable[None]]) -> None:
    run(main)


def test_in_calm_weather_the_fastest_server_is_found_and_then_nothing_is_extra() -> None:
    async def main() -> None:
        zone = Zone(*RTTS)
        await zone.ask_many(50)
        sent = zone.counts.sent
        took = await zone.ask_many(200)
        assert took[-1] == pytest.approx(min(RTTS))
        assert zone.counts.sent == sent + 200, "one packet"
        assert (zone.timers, zone.counts.lingering_current) == (0, 0), "and nothing left"

    play(main)


def test_finding_out_costs_no_question_anything() -> None:
    async def main() -> None:
        for seed in range(10):
            zone = Zone(0.05, 0.3, 0.3, seed=seed)
            took = [await zone.ask() for _ in range(20)]
            assert max(took[1:]) <= 0.301
            assert max(took[3:]) == pytest.approx(0.05)

    play(main)


@pytest.mark.parametrize(
    ("loss", "p50", "p99"),
    [
        pytest.param(0.02, 0.021, 0.2, id="2 %"),
        pytest.param(0.05, 0.021, 0.25, id="5 %"),
        pytest.param(0.10, 0.021, 0.5, id="10 %"),
        pytest.param(0.30, 0.07, 1.5, id="30 %"),
    ],
)
def test_loss_costs_a_round_trip_or_two_and_no_answer(loss: float, p50: float, p99: float) -> None:
    async def main() -> None:
        zone = Zone(*RTTS, loss=loss, seed=3)
        await zone.ask_many(50)
        sent = zone.counts.sent
        took = await zone.ask_many(500)
        assert took[250] <= p50
        assert took[494] <= p99
        necessary = 500 / (1 - loss)
        assert zone.counts.sent - sent <= 1.1 * necessary + MOST

    play(main)


def test_servers_that_are_dead_from_the_start_cost_one_wait_and_are_left_alone_then() -> None:
    async def main() -> None:
        for seed in range(8):
            zone = Zone(*RTTS, seed=seed)
            zone.all[0].is_dead = True
            took = await zone.ask_many(200)
            assert took[-1] < 0.7
            assert took[170] == pytest.approx(RTTS[1]), "found out by the time that it is worth it"
            assert zone.all[0].asked < 20

    play(main)


def test_a_server_that_dies_costs_few_questions_a_little_and_is_used_again_when_it_is_back() -> None:
    async def main() -> None:
        zone = Zone(*RTTS)
        await zone.ask_many(50)
        zone.all[0].is_dead = True
        took = await zone.ask_many(100)
        assert took[-1] < 0.2
        assert took[90] == pytest.approx(RTTS[1])
        zone.all[0].is_dead = False
        await zone.ask_many(1000)
        assert await zone.ask() == pytest.approx(RTTS[0])

    play(main)


def test_of_many_questions_at_once_one_finds_out_whether_a_server_is_there() -> None:
    """Nobody has heard of it, and it is dead: all others are answered by the slow one that is known."""

    async def main() -> None:
        zone = Zone(0.12, 0.02, seed=1)
        zone.get_used_to(0.02, 0.1)
        zone.all[1].is_dead = True
        await zone.ask()
        assert zone.all[1].asked == 0, "so it is for this seed"
        took: list[float] = []

        async def ask() -> None:
            took.append(await zone.ask())

        async with trio.open_nursery() as nursery:
            for _ in range(30):
                nursery.start_soon(ask)
        assert sorted(took)[28] == pytest.approx(0.12)
        assert zone.all[1].asked == zone.counts.explored_instead == 1

    play(main)


def test_when_all_are_cut_off_a_question_fails_in_a_few_seconds_and_the_first_after_the_heal_is_answered() -> None:
    async def main() -> None:
        zone = Zone(*RTTS)
        await zone.ask_many(20)
        for server in zone.all:
            server.is_dead = True
        for _ in range(5):
            began, asked = zone.env.now(), sum(server.asked for server in zone.all)
            with pytest.raises(ResolutionFailure):
                await zone.ask()
            assert zone.env.now() - began < 4.5
            assert sum(server.asked for server in zone.all) - asked <= 12  # three sends to each server, and TCP at last
        for server in zone.all:
            server.is_dead = False
        assert await zone.ask() < 0.2

    play(main)


def test_a_near_server_that_is_silent_for_a_moment_fails_no_question() -> None:
    async def main() -> None:
        zone = Zone(0.001)
        await zone.ask_many(20)

        async def come_back() -> None:
            await trio.sleep(0.37)
            zone.all[0].is_dead = False

        zone.all[0].is_dead = True
        async with trio.open_nursery() as nursery:
            nursery.start_soon(come_back)
            assert await zone.ask() < 1.0

    play(main)


def test_a_host_without_ipv6_finds_out_once() -> None:
    async def main() -> None:
        zone = Zone(0.15, 0.15, ipv6=(0.01, 0.01, 0.01, 0.01))
        ipv6 = [server for address, server in zone.servers.items() if ":" in address.host]
        for server in ipv6:
            server.is_dead = True
        took = await zone.ask_many(100)
        assert took[95] == pytest.approx(0.15)
        assert sum(server.asked for server in ipv6) <= 2 * LATE_AT_FIRST

    play(main)


def test_a_late_reply_is_the_answer_when_it_comes_first_after_all() -> None:
    async def main() -> None:
        zone = Zone(0.05, 0.3)
        await zone.ask_many(20)
        zone.all[0].rtt = 0.2  # late, and still before the other one
        assert await zone.ask() == pytest.approx(0.2)
        assert zone.counts.hedges >= 1
        assert zone.counts.late_replies >= 1

    play(main)


def test_what_a_server_takes_is_learned_though_another_one_answered() -> None:
    async def main() -> None:
        zone = Zone(0.05, 0.06)
        await zone.ask_many(20)
        zone.all[0].rtt = 0.5
        took = await zone.ask_many(30)
        assert took[-1] < 0.2
        assert took[20] == pytest.approx(0.06)
        assert zone.counts.late_replies > 0

    play(main)
