"""What exchanges share is one for all of them."""

from cache.servers import Servers
from resolver.env import Address
from resolver.upstream.counts import UpstreamCounts
from resolver.upstream.shared import Upstream
from tests.resolver.upstream.fake_network import SERVER, FakeEnv


def upstream() -> Upstream:
    return Upstream(FakeEnv({}), Servers(), UpstreamCounts(), lambda *_: None)


def test_what_one_exchange_learns_of_a_server_the_next_one_knows() -> None:
    shared = upstream()
    shared.state_of(SERVER).srtt = 0.5
    assert shared.state_of(Address(SERVER.host, SERVER.port)).srtt == 0.5
    assert shared.state_of(Address("192.0.2.99", 53)).srtt != 0.5


def test_a_hedge_is_counted_and_paid_for() -> None:
    shared = upstream()
    before = shared.allowance.packets
    shared.note_hedge()
    assert (shared.counts.hedges, shared.allowance.packets) == (1, before - 1)
