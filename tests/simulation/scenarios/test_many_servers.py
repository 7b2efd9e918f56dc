"""Zones of more name servers than one question tries."""

import pytest

from tests.simulation.scenarios.kit import NO_STALE, Net, given
from tests.simulation.scenarios.servers import zone

MANY = 30
WIDE = zone("wide.test", "www 5 A 198.51.100.1")


@pytest.mark.parametrize("living", [0, 15, 16, MANY - 1])
@given({f"N{place}": WIDE for place in range(MANY)}, stale=NO_STALE)
async def test_of_thirty_servers_the_one_that_lives_is_found(net: Net, living: int) -> None:
    """Each question tries sixteen of them at most, any, and the next one others.

    It may send ten packets in a zone, and as many once its parent was asked again.
    """
    for place in set(range(MANY)) - {living}:
        net.break_server(f"N{place}")
    rcodes = []
    while "NOERROR" not in rcodes:
        rcodes.append((await net.ask("www.wide.test")).rcode)
        assert sum(net.asked().values()) <= 24
        assert len(rcodes) < 5
        await net.at(net.seconds + 40)
