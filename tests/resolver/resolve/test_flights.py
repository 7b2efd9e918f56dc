from collections.abc import Awaitable, Callable

import pytest
import trio
import trio.testing

from cache.answer import Question
from cache.names import from_text
from cache.rrset import RRset, Trust
from cache.rrtypes import A
from resolver.errors import InternalError, NoReachableAuthority, Overloaded, ResolutionFailure
from resolver.iterate import Budget, Iteration
from resolver.resolve.counts import ResolveCounts
from resolver.resolve.flights import Flight, Flights, leads_to
from tests.resolver.resolve.flying import in_a_nursery

ONE = Question(from_text("one.example"), A)
TWO = Question(from_text("two.example"), A)

Fly = Callable[[Question, Budget], Awaitable[Iteration | ResolutionFailure]]


def iteration(question: Question) -> Iteration:
    rrset = RRset(
        owner=question.qname, rtype=A, rdatas=(b"\xc0\0\2\1",), ttl=60, received=0, expires=60, trust=Trust.ANSWER_AA
    )
    return Iteration(rrset, (rrset,))


def table(nursery: trio.Nursery, fly: Fly, limit: int = 10) -> tuple[Flights, ResolveCounts, list[Question]]:
    counts = ResolveCounts()
    faults: list[Question] = []
    return (
        Flights(nursery, trio.current_time, fly, lambda question, _fault: faults.append(question), counts, limit=limit),
        counts,
        faults,
    )


async def one_second(question: Question, budget: Budget) -> Iteration | ResolutionFailure:
    await trio.sleep(1)
    return iteration(question)


def test_one_flight_serves_everybody_who_waits_for_the_question() -> None:
    async def test(nursery: trio.Nursery) -> None:
        flights, counts, _ = table(nursery, one_second)
        async with trio.open_nursery() as clients:
            for _ in range(100):
                clients.start_soon(flights.lookup, ONE, None, Budget(10))
        assert (counts.flights, counts.flights_joined, counts.flights_current) == (1, 99, 0)

    in_a_nursery(test)


def test_a_client_that_gives_up_does_not_end_the_flight() -> None:
    landed: list[Question] = []

    async def fly(question: Question, budget: Budget) -> Iteration | ResolutionFailure:
        await trio.sleep(1)
        landed.append(question)
        return iteration(question)

    async def test(nursery: trio.Nursery) -> None:
        flights, _, _ = table(nursery, fly)
        with trio.move_on_after(0.5):
            await flights.lookup(ONE, None, Budget(10))
        await trio.sleep(1)
        assert landed == [ONE]

    in_a_nursery(test)


def test_a_failure_reaches_every_waiter() -> None:
    async def fail(question: Question, budget: Budget) -> Iteration | ResolutionFailure:
        await trio.sleep(1)
        return NoReachableAuthority("all silent")

    async def test(nursery: trio.Nursery) -> None:
        flights, _, _ = table(nursery, fail)

        async def wait() -> None:
            with pytest.raises(NoReachableAuthority, match="all silent"):
                await flights.lookup(ONE, None, Budget(10))

        async with trio.open_nursery() as clients:
            for _ in range(3):
                clients.start_soon(wait)

    in_a_nursery(test)


def test_a_fault_of_ours_is_reported_and_ends_one_flight_only() -> None:
    async def crash(question: Question, budget: Budget) -> Iteration | ResolutionFailure:
        if question == ONE:
            raise ZeroDivisionError
        return iteration(question)

    async def test(nursery: trio.Nursery) -> None:
        flights, _, faults = table(nursery, crash)
        with pytest.raises(InternalError):
            await flights.lookup(ONE, None, Budget(10))
        assert (await flights.lookup(TWO, None, Budget(10))).link == iteration(TWO).link
        assert faults == [ONE]

    in_a_nursery(test)


def test_flights_that_would_wait_for_each_other_fail_at_once() -> None:
    async def test(nursery: trio.Nursery) -> None:
        async def fly(question: Question, budget: Budget) -> Iteration | ResolutionFailure:
            try:
                other = TWO if question == ONE else ONE
                await trio.sleep(0.1)
                return await flights.lookup(other, question, budget)
            except ResolutionFailure as failure:
                return failure

        flights, counts, _ = table(nursery, fly)
        with trio.fail_after(1), pytest.raises(NoReachableAuthority):
            await flights.lookup(ONE, None, Budget(10))
        assert counts.flight_cycles == 1

    in_a_nursery(test)


def test_a_full_table_refuses_and_counts() -> None:
    async def test(nursery: trio.Nursery) -> None:
        flights, counts, _ = table(nursery, one_second, limit=1)
        flights.board(ONE, Budget(10))
        with pytest.raises(Overloaded):
            flights.board(TWO, Budget(10))
        assert counts.flights_refused == 1

    in_a_nursery(test)


def test_leads_to_looks_through_others_and_survives_circles() -> None:
    one, two, three = (Flight(ONE, 0, 10) for _ in range(3))
    one.waits_for.add(two)
    two.waits_for |= {one, three}
    assert leads_to(one, three)
    assert not leads_to(three, one)
