"""What an exchange teaches, and of whom."""

import errno

import pytest

from cache.servers import Edns, ServerState
from resolver.engine.lessons import (
    learn_of_case,
    learn_of_cookies,
    learn_of_edns,
    learn_of_error,
    learn_of_options,
    learn_of_round_trip,
    learn_of_silence,
)
from resolver.env import Address
from resolver.upstream import NoReply
from resolver.upstream.guards import CLIENT_OCTETS, WITHOUT_FOR
from resolver.upstream.learning import DEAD_AFTER, hold_down, may_use_edns
from tests.resolver.engine.turned import play
from tests.resolver.engine.world import RTT, World

SERVER = Address("192.0.2.10", 53)


@pytest.mark.parametrize(
    ("error", "over_tcp", "why", "losses"),
    [
        pytest.param(errno.EMFILE, False, NoReply.THIS_HOST, 0, id="this host"),
        pytest.param(errno.ENETUNREACH, False, NoReply.NO_ROUTE, 0, id="no route"),
        pytest.param(errno.ECONNREFUSED, False, NoReply.UNREACHABLE, 1, id="the server"),
        pytest.param(errno.ECONNREFUSED, True, NoReply.UNREACHABLE, 0, id="it has no TCP"),
    ],
)
def test_an_error_is_learned_of_whom_it_comes_from(error: int, over_tcp: bool, why: NoReply, losses: int) -> None:
    async def main() -> None:
        means, state = World({}).means, ServerState()
        assert learn_of_error(means, SERVER, state, OSError(error, ""), over_tcp=over_tcp) is why
        assert state.losses == losses
        assert means.upstream_counts.unreachable == (why is not NoReply.THIS_HOST)
        assert sum(means.upstream_counts.host_errors.values()) == (why is NoReply.THIS_HOST)

    play(main)


def test_a_first_round_trip_is_learned_of_the_server_and_of_servers_as_such() -> None:
    async def main() -> None:
        means, state = World({}).means, ServerState()
        learn_of_round_trip(means, state, means.mesh.now - RTT, was_late=True)
        assert state.srtt == pytest.approx(RTT)
        assert means.typical.srtt == pytest.approx(RTT)
        assert means.upstream_counts.late_replies == 1

    play(main)


def test_what_a_server_does_not_bear_is_counted_and_left_out() -> None:
    async def main() -> None:
        means, state = World({}).means, ServerState()
        now, counts = means.mesh.now, means.upstream_counts
        learn_of_case(means, state)
        learn_of_edns(means, state)
        assert state.keeps_case is False
        assert state.edns is Edns.BROKEN
        assert not may_use_edns(state, now)
        learn_of_cookies(means, state)
        assert state.without_cookie_until > now
        learn_of_options(means, state)
        assert (counts.case_broken_servers, counts.edns_broken_servers) == (1, 1)
        assert (counts.cookies_given_up, counts.options_dropped) == (1, 1)

    play(main)


@pytest.mark.parametrize(
    ("silent_for", "in_a_row", "is_kept"),
    [
        pytest.param(WITHOUT_FOR, DEAD_AFTER, False, id="dead for long"),
        pytest.param(WITHOUT_FOR - 1, DEAD_AFTER, True, id="dead"),
        pytest.param(WITHOUT_FOR, DEAD_AFTER - 1, True, id="lost a few"),
    ],
)
def test_the_cookie_of_a_server_that_has_been_silent_for_long_is_forgotten(
    silent_for: float, in_a_row: int, is_kept: bool
) -> None:
    async def main() -> None:
        means, state = World({}).means, ServerState()
        state.cookie = bytes(2 * CLIENT_OCTETS)
        state.silent_since, state.timeouts_in_a_row = means.mesh.now - silent_for, in_a_row
        if in_a_row >= DEAD_AFTER:
            hold_down(state, means.mesh.now)
        learn_of_silence(means, state, means.mesh.now)
        assert bool(state.cookie) is is_kept
        assert state.losses == 1

    play(main)
