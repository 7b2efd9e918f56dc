"""Whom a zone's failure leads to, and for how long to nobody."""

import pytest
import trio

from resolver.engine.parents import MAX_IN_VAIN, PARENT_PAUSE, Parents
from resolver.iterate.delegation import Delegation, Origin
from tests.build import rrset
from tests.resolver.engine.turned import play
from tests.resolver.engine.world import World
from tests.resolver.iterate.zone_text import name, question

HINTS = Delegation(zone=name("."), origin=Origin.HINTS)


@pytest.mark.parametrize(
    ("zone", "origin", "above"),
    [
        pytest.param("www.example.", Origin.CACHE, "example.", id="the closest that is known"),
        pytest.param("example.", Origin.CACHE, ".", id="the hints"),
        pytest.param(".", Origin.CACHE, ".", id="the root's are the hints, too"),
        pytest.param("example.", Origin.FORWARD_FIRST, ".", id="forwarders with a fallback"),
        pytest.param("example.", Origin.STUB, None, id="the configuration says whom to ask"),
        pytest.param(".", Origin.HINTS, None, id="nobody is above the hints"),
    ],
)
def test_above_a_zone_is_what_was_remembered_last_or_the_hints(zone: str, origin: Origin, above: str | None) -> None:
    async def main() -> None:
        world = World({})
        world.cache.put(rrset("example. 3600 NS ns.example."), 0.0)
        world.cache.put(rrset("ns.example. 3600 A 192.0.2.10"), 0.0)
        found = Parents(world.means, HINTS, {}).above(Delegation(zone=name(zone), origin=origin), world.new_budget())
        assert (found and found.zone) == (above and name(above))

    play(main)


def test_what_was_asked_in_vain_is_left_alone_for_a_while() -> None:
    async def main() -> None:
        world = World({})
        parents, asked = Parents(world.means, HINTS, {}), question("example. NS")
        world.turned.do(lambda: parents.note_in_vain(asked))
        assert parents.were_in_vain(asked)
        assert not parents.were_in_vain(question("test. NS"))
        await trio.sleep(PARENT_PAUSE)
        world.turned.do(lambda: None)
        assert not parents.were_in_vain(asked)

    play(main)


def test_what_was_asked_in_vain_is_bounded() -> None:
    async def main() -> None:
        parents = Parents(World({}).means, HINTS, {})
        for number in range(MAX_IN_VAIN + 1):
            parents.note_in_vain(question(f"n{number}.example. A"))
        assert not parents.were_in_vain(question("n0.example. A"))
        assert parents.were_in_vain(question(f"n{MAX_IN_VAIN}.example. A"))

    play(main)


def test_another_address_is_looked_for_unless_that_was_in_vain_or_closes_a_circle() -> None:
    async def main() -> None:
        world = World({})
        parents, asked, waits = Parents(world.means, HINTS, {}), question("ns.example. A"), question("www.example. A")
        within = parents.begin_look_up(asked, waits, world.new_budget())
        assert within is not None
        assert within.ancestors == (waits,)
        assert parents.begin_look_up(asked, waits, within) is None
        parents.note_in_vain(asked)
        assert parents.begin_look_up(asked, waits, world.new_budget()) is None

    play(main)
