from collections.abc import Awaitable, Callable

import pytest
import trio

from cache.answer import Question
from cache.names import from_text
from cache.rrset import Rank, RRset
from cache.rrtypes import A
from resolver.engine import Flights, Landing, ResolveCounts
from resolver.engine.flights import Flight
from resolver.errors import DeadlinePassed, InternalError, NoReachableAuthority, Overloaded, ResolutionFailure
from resolver.iterate import Budget, Iteration
from tests.resolver.engine.turned import Turned, simulate

ONE = Question(from_text("one.example"), A)
TWO = Question(from_text("two.example"), A)

Outcome = Iteration | ResolutionFailure
Fly = Callable[[Question, Budget, Landing], Awaitable[Outcome]]


def iteration(question: Question) -> Iteration:
    rrset = RRset(
        owner=question.qname, rtype=A, rdatas=(b"\xc0\0\2\1",), ttl=60, received=0, expires=60, rank=Rank.ANSWER_AA
    )
    return Iteration(rrset, (rrset,))


class Table:
    """Flights of a mesh that fly like this. faults: what was reported."""

    def __init__(self, turned: Turned, fly: Fly, limit: int = 10) -> None:
        self.faults: list[str] = []
        self.counts = ResolveCounts()
        self.flights = Flights(turned.mesh, fly, self.counts, limit=limit)
        self._turned = turned
        turned.mesh.report = lambda doing, fault: self.faults.append(doing)

    async def lookup(self, question: Question, budget: Budget | None = None) -> Iteration:
        return await self._turned.run(self.flights.lookup(question, None, budget or Budget(10)))


def after_a_second(turned: Turned, outcome: Callable[[Question], Outcome] = iteration) -> Fly:
    async def fly(question: Question, budget: Budget, flight: Landing) -> Outcome:
        await turned.mesh.sleep(1)
        return outcome(question)

    return fly


def test_one_flight_serves_everybody_who_waits_for_the_question() -> None:
    async def test(turned: Turned) -> None:
        table = Table(turned, after_a_second(turned))
        async with trio.open_nursery() as clients:
            for _ in range(100):
                clients.start_soon(table.lookup, ONE)
        counts = table.counts
        assert (counts.flights, counts.flights_joined, counts.flights_current) == (1, 99, 0)

    simulate(test)


@pytest.mark.parametrize(("first", "second"), [(True, True), (True, False), (False, True), (False, False)])
def test_glue_will_do_where_it_does_for_everybody(first: bool, second: bool) -> None:
    async def test(turned: Turned) -> None:
        table = Table(turned, after_a_second(turned))
        flight = table.flights.board(ONE, Budget(10), glue_will_do=first)
        assert table.flights.board(ONE, Budget(10), glue_will_do=second) is flight
        assert flight.glue_will_do == (first and second)

    simulate(test)


def test_a_client_that_gives_up_does_not_end_the_flight() -> None:
    landed: list[Question] = []

    def land(question: Question) -> Iteration:
        landed.append(question)
        return iteration(question)

    async def test(turned: Turned) -> None:
        table = Table(turned, after_a_second(turned, land))
        with trio.move_on_after(0.5):
            await table.lookup(ONE)
        await trio.sleep(1)
        assert landed == [ONE]

    simulate(test)


def test_who_may_wait_for_less_long_than_the_flight_lasts_leaves_it_at_his_deadline() -> None:
    async def test(turned: Turned) -> None:
        table = Table(turned, after_a_second(turned))
        async with trio.open_nursery() as clients:
            clients.start_soon(table.lookup, ONE, Budget(10))
            await trio.sleep(0.2)
            with pytest.raises(DeadlinePassed):
                await table.lookup(ONE, Budget(0.5))
            assert trio.current_time() == pytest.approx(0.5)
            assert table.counts.flights_current == 1
        assert (await table.lookup(ONE, Budget(3))).link == iteration(ONE).link

    simulate(test)


def test_a_failure_reaches_every_waiter() -> None:
    async def test(turned: Turned) -> None:
        table = Table(turned, after_a_second(turned, lambda question: NoReachableAuthority("all silent")))

        async def wait() -> None:
            with pytest.raises(NoReachableAuthority, match="all silent"):
                await table.lookup(ONE)

        async with trio.open_nursery() as clients:
            for _ in range(3):
                clients.start_soon(wait)

    simulate(test)


def test_a_failure_does_not_grow_by_the_frames_of_all_who_wait() -> None:
    async def test(turned: Turned) -> None:
        table = Table(turned, after_a_second(turned, lambda question: failure))
        failure, lengths = NoReachableAuthority("all silent"), list[int]()

        async def wait() -> None:
            with pytest.raises(NoReachableAuthority) as met:
                await table.flights.lookup(ONE, None, Budget(10))
            lengths.append(len(met.traceback))

        for _ in range(20):
            turned.start(wait())
        await trio.sleep(2)
        assert len(lengths) == 20
        assert len(set(lengths)) == 1

    simulate(test)


def test_a_fault_of_ours_is_reported_and_ends_one_flight_only() -> None:
    async def crash(question: Question, budget: Budget, flight: Landing) -> Outcome:
        if question == ONE:
            raise ZeroDivisionError
        return iteration(question)

    async def test(turned: Turned) -> None:
        table = Table(turned, crash)
        with pytest.raises(InternalError):
            await table.lookup(ONE)
        assert (await table.lookup(TWO)).link == iteration(TWO).link
        assert table.faults == [f"flight {ONE}"]

    simulate(test)


def test_flights_that_would_wait_for_each_other_fail_at_once() -> None:
    async def test(turned: Turned) -> None:
        async def fly(question: Question, budget: Budget, flight: Landing) -> Outcome:
            try:
                other = TWO if question == ONE else ONE
                await turned.mesh.sleep(0.1)
                return await table.flights.lookup(other, flight, budget)
            except ResolutionFailure as failure:
                return failure

        table = Table(turned, fly)
        with trio.fail_after(1), pytest.raises(NoReachableAuthority):
            await table.lookup(ONE)
        assert table.counts.flight_cycles == 1

    simulate(test)


def test_a_flight_waits_for_another_one_only_while_it_does() -> None:
    async def test(turned: Turned) -> None:
        async def fly(question: Question, budget: Budget, flight: Landing) -> Outcome:
            if question == ONE:
                await table.flights.lookup(TWO, flight, budget)
                assert not flight.waits_for
            await turned.mesh.sleep(1)
            return iteration(question)

        table = Table(turned, fly)
        one = table.flights.board(ONE, Budget(10))
        await trio.sleep(0.5)
        assert [flight.question for flight in one.waits_for if isinstance(flight, Flight)] == [TWO]
        await trio.sleep(2)
        assert (one.is_over, table.faults) == (True, [])

    simulate(test)


def test_a_full_table_refuses_and_counts() -> None:
    async def test(turned: Turned) -> None:
        table = Table(turned, after_a_second(turned), limit=1)
        table.flights.board(ONE, Budget(10))
        with pytest.raises(Overloaded):
            table.flights.board(TWO, Budget(10))
        assert table.counts.flights_refused == 1

    simulate(test)
