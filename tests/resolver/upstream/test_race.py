"""Several servers at once, on a clock that jumps."""

from collections.abc import Awaitable, Callable

import dns.flags
import dns.message
import pytest
import trio
import trio.testing

from cache.answer import Question
from cache.names import from_text
from cache.rrtypes import A
from cache.servers import Servers
from resolver.errors import WorkExhausted
from resolver.upstream.counts import UpstreamCounts
from resolver.upstream.exchange import Exchange, Reply
from resolver.upstream.faults import Fault
from resolver.upstream.race import MAX_LINGERING, Race
from resolver.upstream.shared import Upstream
from tests.resolver.upstream.fake_network import Behaviour, FakeEnv, reply_to, silent
from tests.resolver.upstream.states import server

QUESTION = Question(from_text("www.example."), A)
WAIT = 0.1


def after(seconds: float) -> Behaviour:
    return lambda query, over_tcp: [(seconds, reply_to(query, "www.example. 60 A 192.0.2.1").to_wire())]


class Track:
    """An Upstream whose servers 1, 2… behave like this, and a race."""

    def __init__(self, nursery: trio.Nursery, *behaviours: Behaviour) -> None:
        self.env = FakeEnv({server(number): behaviour for number, behaviour in enumerate(behaviours, 1)})
        self.counts = UpstreamCounts()
        self.upstream = Upstream(self.env, Servers(), self.counts, nursery.start_soon)
        self.race = Race(self.upstream)

    def enter(self, number: int, spend: Callable[[], None] = lambda: None) -> Exchange:
        exchange = Exchange(self.upstream, server(number), QUESTION, WAIT, 3600.0, spend, is_recursive=False)
        exchange.send()
        self.race.enter(exchange)
        return exchange


def run(main: Callable[[trio.Nursery], Awaitable[None]]) -> None:
    async def within() -> None:
        async with trio.open_nursery() as nursery:
            await main(nursery)

    trio.run(within, clock=trio.testing.MockClock(autojump_threshold=0))


def test_who_says_something_first_is_heard_first() -> None:
    async def main(nursery: trio.Nursery) -> None:
        track = Track(nursery, after(0.3), after(0.05))
        track.enter(1)
        second = track.enter(2)
        landed = await track.race.next(1.0)
        assert landed is not None
        assert landed[0] is second
        assert isinstance(landed[1], Reply)
        assert track.env.now() == pytest.approx(0.05)

    run(main)


def test_a_wait_ends_when_nobody_says_anything() -> None:
    async def main(nursery: trio.Nursery) -> None:
        track = Track(nursery, silent)
        track.enter(1)
        assert await track.race.next(0.2) is None
        assert track.env.now() == pytest.approx(0.2)
        assert [one.late_at for one in track.race.pending()] == [pytest.approx(WAIT)]

    run(main)


def test_what_goes_on_beside_a_race_wakes_it_and_ends_with_it() -> None:
    async def main(nursery: trio.Nursery) -> None:
        track, ended = Track(nursery, silent), trio.Event()

        async def work() -> None:
            try:
                await trio.sleep(0.05)
                track.race.wake()
                await trio.sleep_forever()
            finally:
                ended.set()

        track.enter(1)
        track.race.accompany(work)
        assert await track.race.next(0.2) is None
        assert track.env.now() == pytest.approx(0.05)
        track.race.leave()
        await ended.wait()
        assert track.env.now() == pytest.approx(0.05)

    run(main)


def test_what_goes_wrong_beside_a_race_is_raised_to_who_asked() -> None:
    async def main(nursery: trio.Nursery) -> None:
        track = Track(nursery, silent)

        async def work() -> None:
            await trio.sleep(0.05)
            raise RuntimeError("a fault of ours")

        track.race.accompany(work)
        with pytest.raises(RuntimeError):
            await track.race.next(1.0)
        assert track.counts.listener_faults == 0

    run(main)


def test_a_late_reply_is_learned_from_when_its_question_is_over() -> None:
    async def main(nursery: trio.Nursery) -> None:
        track = Track(nursery, after(0.3), after(0.05))
        track.enter(1)
        track.enter(2)
        await track.race.next(1.0)
        track.race.leave()
        assert track.counts.lingering_current == 1
        await trio.sleep(0.5)
        assert track.upstream.state_of(server(1)).srtt == pytest.approx(0.3)
        assert track.counts.lingering_current == 0
        assert all(channel.is_closed for channel in track.env.world.channels)

    run(main)


def test_listening_for_no_question_is_bounded() -> None:
    async def main(nursery: trio.Nursery) -> None:
        track = Track(nursery, silent)
        for _ in range(MAX_LINGERING + 5):
            track.enter(1)
        await trio.lowlevel.checkpoint()
        track.race.leave()
        await trio.sleep(0.01)
        assert (track.counts.lingering_current, track.counts.unlistened) == (MAX_LINGERING, 5)
        assert sum(not channel.is_closed for channel in track.env.world.channels) == MAX_LINGERING
        await trio.sleep(5.0)
        assert track.counts.lingering_current == 0

    run(main)


def test_what_an_exchange_raises_is_raised_to_who_asked() -> None:
    async def main(nursery: trio.Nursery) -> None:
        def truncating(query: dns.message.Message, over_tcp: bool) -> list[tuple[float, bytes]]:
            return [(0.01, reply_to(query, flags=dns.flags.TC).to_wire())]

        spent = 0

        def spend() -> None:
            nonlocal spent
            spent += 1
            if spent > 1:
                raise WorkExhausted("enough")

        track = Track(nursery, truncating)
        track.enter(1, spend)
        with pytest.raises(WorkExhausted):
            await track.race.next(1.0)

    run(main)


def test_a_server_that_made_another_necessary_and_stayed_silent_gives_the_packet_back() -> None:
    async def main(nursery: trio.Nursery) -> None:
        track = Track(nursery, silent, after(0.05))
        track.enter(1)
        for _ in range(10):
            track.upstream.note_hedge()
        before = track.upstream.allowance.packets
        track.enter(2)
        await track.race.next(1.0)
        track.race.leave()
        await trio.sleep(5.0)
        assert track.upstream.allowance.packets == before + 1

    run(main)


def test_silence_lands_too() -> None:
    async def main(nursery: trio.Nursery) -> None:
        track = Track(nursery, silent)
        first = track.enter(1)
        assert await track.race.next(10.0) == (first, Fault.TIMEOUT)

    run(main)


def test_somebody_saying_something_interrupts_other_waits() -> None:
    async def main(nursery: trio.Nursery) -> None:
        track = Track(nursery, after(0.05))
        track.enter(1)
        with trio.CancelScope() as scope:
            track.race.interrupts(scope)
            await trio.sleep(10.0)
        assert track.env.now() == pytest.approx(0.05)
        assert track.race.landed

    run(main)
