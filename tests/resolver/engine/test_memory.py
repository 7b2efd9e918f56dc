"""What is remembered, whatever is configured."""

from cache.failures import Failures, ServerFailures
from cache.options import CacheOptions
from cache.store import RRsetCache
from resolver.engine import Memory
from tests.resolver.engine.fake_network import SERVER, FakeEnv
from tests.resolver.engine.turned import Turned, means_of, play


def test_what_is_known_of_servers_is_so_to_whatever_asks_them_next() -> None:
    """As after a reload, which makes all anew that goes by options."""

    async def main() -> None:
        env, memory = FakeEnv({}), Memory(RRsetCache(CacheOptions()), Failures(), ServerFailures())
        before, after = (means_of(Turned(env), env, memory=memory) for _ in range(2))
        before.typical.note(0.1)
        before.families.note_heard(SERVER, 1.0)
        before.state_of(SERVER).srtt = 0.1
        assert (after.typical, after.families, after.waits) == (before.typical, before.families, before.waits)
        assert after.state_of(SERVER).srtt == 0.1

    play(main)
