"""The daemon in the small internet in calm weather: every trap of its zones, cold and cached."""

import pytest
import trio
from dns.edns import EDECode
from dns.rcode import Rcode
from dns.rdatatype import RdataType

from tests.simulation.deterministic import run
from tests.simulation.invariants import extended_errors, outcome, violations
from tests.simulation.published import Outcome
from tests.simulation.steps import QUESTIONS, TOO_LONG
from tests.simulation.story import outcomes
from tests.simulation.world import World, open_world

FROM_MEMORY = 0.01  # s there and back, with no server asked
UNCACHEABLE = {"zero.volatile.test A"}  # TTL 0
IN_THE_END = 60.0  # s
UNTIL_LANDED = (
    0.5  # s: what the zones of name servers' names say themselves comes after the answer that their glue led to
)


@pytest.mark.parametrize("question", sorted({*QUESTIONS} - {f"{TOO_LONG} A"}))
def test_every_question_comes_to_what_is_published_and_the_second_time_from_memory(question: str) -> None:
    async def main() -> None:
        async with open_world() as world:
            qname, qtype = question.split()
            cold = await world.ask(qname, qtype)
            expected = outcomes(world.published, cold)
            assert outcome(cold) in expected
            assert list(violations(cold, world.published, trio.current_time())) == []

            await trio.sleep(UNTIL_LANDED)
            world.forget_asked()
            began = trio.current_time()
            cached = await world.ask(qname, qtype)
            assert outcome(cached) == outcome(cold)
            assert list(violations(cached, world.published, trio.current_time())) == []
            if question not in UNCACHEABLE:
                assert trio.current_time() - began < FROM_MEMORY
                assert not [name for name in world.internet.servers if world.times_asked(name)]

            over_tcp = await world.clients[1].ask_tcp(qname, qtype)
            assert over_tcp is not None
            assert outcome(over_tcp) in expected

    run(main)


def test_a_substitution_that_is_too_long_is_yxdomain_each_time() -> None:
    """RFC 6672 §2.2: that is no failure of a server, and will not heal."""

    async def main() -> None:
        async with open_world() as world:
            replies = [await world.ask(TOO_LONG) for _ in range(2)]
            assert [reply.rcode() for reply in replies] == [Rcode.YXDOMAIN] * 2
            assert [[rrset.rdtype for rrset in reply.answer] for reply in replies] == [[RdataType.DNAME]] * 2

    run(main)


@pytest.mark.parametrize("question", ["twelve.left.test A", "loop.left.test A", "self.left.test A"])
def test_a_chain_without_end_fails_alike_from_memory_and_costs_few_queries(question: str) -> None:
    """Scenarios 18 and 19."""

    async def main() -> None:
        async with open_world() as world:
            await world.ask("short.left.test", "AAAA")  # the way to both zones is known
            world.forget_asked()
            qname, qtype = question.split()
            cold = await world.ask(qname, qtype)
            assert cold.rcode() == Rcode.SERVFAIL
            assert world.times_asked("left") + world.times_asked("right") <= 12
            again = await world.ask(qname, qtype)
            assert (again.rcode(), again.answer) == (cold.rcode(), cold.answer)

    run(main)


def test_a_weighted_alias_is_closed_for_each_type_whatever_the_other_type_saw() -> None:
    """Scenario 21."""

    async def main() -> None:
        async with open_world() as world:
            for _ in range(10):
                async with trio.open_nursery() as asking:
                    for qtype in ("A", "AAAA", "A", "TXT"):
                        asking.start_soon(check, world, qtype)
                await trio.sleep(6)  # the alias has expired

    async def check(world: World, qtype: str) -> None:
        reply = await world.ask("weighted.volatile.test", qtype)
        assert list(violations(reply, world.published, trio.current_time())) == []
        assert reply.rcode() == Rcode.NOERROR

    run(main)


def test_without_a_root_there_is_a_reason_in_time_and_nobody_has_to_restart_anything() -> None:
    async def main() -> None:
        async with open_world() as world:
            await trio.sleep(1)
            await world.operator.flush(".", subtree=True)
            world.partition(*world.internet.servers)
            began = trio.current_time()
            reply = await world.ask("www.src.test")
            assert outcome(reply) == Outcome(Rcode.SERVFAIL)
            assert {EDECode.NO_REACHABLE_AUTHORITY, EDECode.NETWORK_ERROR} & set(extended_errors(reply))
            assert trio.current_time() - began < 10

            world.fabric.reunite()
            healed = trio.current_time()
            while outcome(await world.ask("www.src.test")).rcode != Rcode.NOERROR:
                await trio.sleep(1)
                assert trio.current_time() - healed < IN_THE_END
            assert trio.current_time() - healed <= 6

    run(main)
