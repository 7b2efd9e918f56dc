from collections.abc import Callable
from typing import TypeVar

import msgspec
import trio

from internal_zones import StateOptions, SubscriptionOptions
from resolver.daemon.parts import Parts, make_parts
from resolver.dnssec.options import DnssecOptions
from resolver.options import Options
from tests.resolver.daemon.alone import ALONE, HINTS, simulated

T = TypeVar("T")


def of_parts(look: Callable[[Parts], T], options: Options = ALONE) -> T:
    """What `look` sees of the parts that these options make."""

    async def main() -> T:
        async with trio.open_nursery() as nursery:
            return look(make_parts(options, simulated(), HINTS, nursery))

    return trio.run(main)


def test_a_daemon_without_a_state_database_has_no_problem_when_none_is_configured() -> None:
    assert of_parts(Parts.problems) == ()


def test_a_state_database_that_was_never_read_is_a_problem() -> None:
    options = msgspec.structs.replace(ALONE, state=StateOptions(database="/nonexistent/state.db"))
    assert of_parts(Parts.problems, options) == ("state database: starting",)


def test_signatures_are_checked_if_that_is_wanted() -> None:
    options = msgspec.structs.replace(ALONE, dnssec=DnssecOptions(validate=True))
    assert of_parts(lambda parts: parts.trusting is not None, options)
    assert of_parts(lambda parts: parts.trusting is None)
    assert of_parts(Parts.problems, options) == ()


def test_every_measure_has_one_name() -> None:
    names = of_parts(lambda parts: [measure.name for measure in parts.measures()])
    assert len(names) == len(set(names))
    assert "cistern_cache_owners" in names


def test_the_api_that_the_options_name_is_listened_to() -> None:
    state = StateOptions(database="/nonexistent/state.db", subscription=SubscriptionOptions(api="127.0.0.1:8080"))
    options = msgspec.structs.replace(ALONE, state=state)

    def feeds(parts: Parts) -> dict[str, str]:
        assert parts.internal is not None
        return parts.internal.status().subscription

    assert feeds_are_connecting(of_parts(feeds, options))
    assert of_parts(feeds, msgspec.structs.replace(ALONE, state=StateOptions(database="/nonexistent/state.db"))) == {}


def feeds_are_connecting(feeds: dict[str, str]) -> bool:
    return "machines" in feeds and set(feeds.values()) == {"connecting"}
