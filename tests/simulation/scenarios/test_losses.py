"""The only server of a zone: datagrams that get lost, and replies that take a second."""

from typing import Final

import pytest

from resolver.demo.authority import Transport
from resolver.demo.behaviour import Asking, Delays, Delivery
from tests.simulation.scenarios.kit import Net, given
from tests.simulation.scenarios.servers import zone

DEEP: Final = "a.b.c.dst.test"  # three shortened questions come before the whole one


@pytest.mark.parametrize("name", ["dst.test", "www.dst.test", DEEP])
@given({"D": zone("dst.test", *(f"{owner} 300 A 198.51.100.1" for owner in ("@", "www", "a.b.c")))})
async def test_the_only_server_is_asked_over_tcp_before_its_zone_fails_whatever_was_lost(net: Net, name: str) -> None:
    """RFC 9520 §3.1: of one that was never heard before, too."""

    def lose(question: str, asking: Asking) -> list[Delivery] | None:
        return [] if asking.transport is Transport.UDP else None

    net.possess("D", lose)
    reply = await net.ask(name)
    assert (reply.rcode, reply.took < 2.5, net.asked()["D"] <= 5) == ("NOERROR", True, True)


@given({"D": zone("dst.test", "www 300 A 198.51.100.1")})
async def test_a_server_a_second_away_is_heard_the_first_time(net: Net) -> None:
    """Its later replies are later still: who ends the wait for the first after a second meets none of them in time."""
    net.break_server("D", Delays(1.1))
    reply = await net.ask("www.dst.test")
    assert (reply.rcode, reply.took < 1.3) == ("NOERROR", True)
