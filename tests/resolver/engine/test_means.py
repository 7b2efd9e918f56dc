"""What exchanges share is one for all of them."""

from resolver.env import Address
from tests.resolver.engine.fake_network import SERVER, FakeEnv
from tests.resolver.engine.turned import Turned, means_of, simulate


def test_what_one_exchange_learns_of_a_server_the_next_one_knows() -> None:
    async def test(turned: Turned) -> None:
        means = means_of(turned, FakeEnv({}))
        means.state_of(SERVER).srtt = 0.5
        assert means.state_of(Address(SERVER.host, SERVER.port)).srtt == 0.5
        assert means.state_of(Address("192.0.2.99", 53)).srtt != 0.5

    simulate(test)
