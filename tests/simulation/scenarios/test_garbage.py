"""A failure leaves nothing behind that only the collector finds, which hardly ever looks for it.

It did, and an outage of one zone cost the daemon some kB for each of its names that somebody asked for, as long as it lasted.
"""

import pytest

from resolver.demo.behaviour import Behaviour, Fails, Silent
from tests.garbage import no_garbage
from tests.simulation.denials import Kind
from tests.simulation.scenarios.kit import Net, given
from tests.simulation.scenarios.servers import zone
from tests.simulation.signing_authority import Flaw

WWW = "www.dst.test"
ADDRESS = "www 300 A 198.51.100.1"
LOOP = ("a 300 CNAME b", "b 300 CNAME a")
FAULTS = [
    pytest.param(Silent(), id="silent"),
    *(pytest.param(Fails(rcode), id=rcode) for rcode in ("SERVFAIL", "REFUSED")),
]


@pytest.mark.parametrize("fault", FAULTS)
@given({"D": zone("dst.test", ADDRESS)})
async def test_a_zone_that_fails(net: Net, fault: Behaviour) -> None:
    net.break_server("D", fault)
    with no_garbage():
        for number in range(5):
            assert (await net.ask(f"n{number}.dst.test")).rcode == "SERVFAIL"


@pytest.mark.parametrize("fault", FAULTS)
@given({"D": zone("dst.test", ADDRESS)})
async def test_a_stale_answer_in_place_of_a_failure(net: Net, fault: Behaviour) -> None:
    await net.ask(WWW)
    net.break_server("D", fault)
    await net.at(310)
    with no_garbage():
        assert 3 in (await net.ask(WWW)).codes
        await net.at(320)


@given({"D": zone("dst.test", ADDRESS, signs=Kind.NSEC)})
async def test_signatures_that_are_wrong(net: Net) -> None:
    net.spoil("D", Flaw.EXPIRED)
    with no_garbage():
        assert (await net.ask(WWW)).rcode == "SERVFAIL"


@given({"D": zone("dst.test", ADDRESS, name_servers=("ns1.gone.test", "ns2.gone.test"))})
async def test_name_servers_without_an_address(net: Net) -> None:
    with no_garbage():
        assert (await net.ask(WWW)).rcode == "SERVFAIL"


@given({"D": zone("dst.test", *LOOP)})
async def test_aliases_in_a_circle(net: Net) -> None:
    with no_garbage():
        assert (await net.ask("a.dst.test")).rcode == "SERVFAIL"
