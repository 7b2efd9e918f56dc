"""The recursion as the options want it."""

from collections.abc import Callable
from typing import TypeVar

import msgspec
import pytest
import trio

from cache.names import from_text
from resolver.daemon.counters import Counts
from resolver.daemon.recursion import QUESTION_DEADLINE, Recursion, adopt, make_memory, make_mesh, make_recursion
from resolver.daemon.trust import make_beliefs
from resolver.dnssec.options import DnssecOptions
from resolver.errors import WorkExhausted
from resolver.iterate import BudgetLimits
from resolver.iterate.options import ForwardZone, RecursionOptions, StubZone
from resolver.loop import make_streams
from resolver.observe.boundary import Boundary
from resolver.options import Options
from tests.resolver.daemon.alone import ALONE, HINTS, simulated

T = TypeVar("T")
NAME = from_text("www.example.")


def of_recursion(look: Callable[[Recursion], T], options: Options = ALONE, counts: Counts | None = None) -> T:
    """What `look` sees of the recursion that these options make."""

    async def main() -> T:
        async with trio.open_nursery() as nursery:
            env, counted = simulated(), counts or Counts()
            boundary = Boundary(env.now, counted.fault)
            memory, mesh = make_memory(options, counted), make_mesh(counted, boundary)
            streams = make_streams(mesh, env, nursery.start_soon, counted.upstream)
            beliefs = make_beliefs(options.dnssec, {}, env.wall())
            return look(make_recursion(options, env, counted, memory, HINTS, mesh, env.network, streams, beliefs))

    return trio.run(main)


def ask_too_much(recursion: Recursion) -> bool:
    """May one name have a packet more than its limit?"""
    budget = recursion.new_budget()
    try:
        for _ in range(BudgetLimits().queries_per_name + 1):
            budget.spend_query(NAME)
    except WorkExhausted:
        return False
    return True


def test_a_budget_lasts_as_long_as_a_question_may() -> None:
    left = of_recursion(lambda made: made.new_budget().deadline - trio.current_time())
    assert left == pytest.approx(QUESTION_DEADLINE, abs=1)


@pytest.mark.parametrize(("mode", "may"), [("enforce", False), ("shadow", True)])
def test_work_beyond_the_limits_is_refused_or_only_counted(mode: str, may: bool) -> None:
    counts = Counts()
    options = msgspec.structs.replace(ALONE, recursion=msgspec.convert({"work_limits": mode}, RecursionOptions))
    assert of_recursion(ask_too_much, options, counts) is may
    assert counts.iterate.budget_exhausted == {"queries per name": 1}


def test_forward_and_stub_zones_are_known_to_who_resolves() -> None:
    options = msgspec.structs.replace(
        ALONE,
        forward=(ForwardZone(zone="inside.test.", servers=("192.0.2.1:53",)),),
        stub=(StubZone(zone="lab.test.", servers=("192.0.2.2:53",)),),
    )
    assert set(of_recursion(lambda made: made.zones, options)) == {from_text("inside.test."), from_text("lab.test.")}


def test_the_cache_knows_where_nothing_from_above_speaks_and_learns_it_anew() -> None:
    with_lab = msgspec.structs.replace(ALONE, stub=(StubZone(zone="lab.test.", servers=("192.0.2.2:53",)),))
    memory = make_memory(with_lab, Counts())
    assert memory.cache.apexes == {from_text("lab.test.")}
    adopt(memory, ALONE)
    assert memory.cache.apexes == set()


def test_signatures_are_checked_if_that_is_wanted() -> None:
    options = msgspec.structs.replace(ALONE, dnssec=DnssecOptions(validate=True))
    assert of_recursion(lambda made: made.trusting is not None, options)
    assert of_recursion(lambda made: made.trusting is None)
