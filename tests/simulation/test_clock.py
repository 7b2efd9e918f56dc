"""A host whose clock is wrong: what clients get, and that it heals by itself."""

from typing import Final

from tests.simulation.denials import Kind
from tests.simulation.scenarios.kit import Net, given
from tests.simulation.scenarios.servers import zone
from tests.simulation.signing_authority import MONTH

WORLD: Final = {"S": zone("signed.test", "www 300 A 198.51.100.1", "then 300 A 198.51.100.2", signs=Kind.NSEC)}
NOT_YET_VALID: Final = 8
HEALED: Final = 31.0  # s after which it has been looked again at the latest


@given(WORLD)
async def test_while_the_clock_is_behind_all_is_servfail_that_says_so_and_then_all_is_well(net: Net) -> None:
    net.set_clock(ahead=-2 * MONTH)
    await net.flush(".")
    reply = await net.ask("www.signed.test")
    assert (reply.rcode, reply.codes) == ("SERVFAIL", {NOT_YET_VALID})
    assert await net.counter("dnssec_clock_behind_current") > 0.9 * MONTH
    assert (await net.ask("www.signed.test", flags="CD")).rcode == "NOERROR"
    net.set_clock(ahead=0)
    await net.at(HEALED)
    reply = await net.ask("www.signed.test", flags="AD")
    assert (reply.rcode, reply.is_secure) == ("NOERROR", True)
    assert await net.counter("dnssec_clock_behind_current") == 0


@given(WORLD)
async def test_a_clock_that_is_a_minute_off_harms_nobody(net: Net) -> None:
    net.set_clock(ahead=-MONTH - 50)
    await net.flush(".")
    assert (await net.ask("then.signed.test", flags="AD")).is_secure
