"""What is forgotten with a name; the requests of it are in test_eyes."""

from typing import Final

from resolver.service.control_protocol import CacheFlush
from tests.simulation.denials import Kind
from tests.simulation.scenarios.kit import Net, given
from tests.simulation.scenarios.servers import zone

WORLD: Final = {"S": zone("signed.test", "www 300 A 198.51.100.1", signs=Kind.NSEC)}


@given(WORLD)
async def test_what_was_proven_of_a_name_is_forgotten_with_it(net: Net) -> None:
    await net.ask("www.signed.test")
    net.vouch("signed.test", is_signed=False)
    assert (await net.ask("www.signed.test", flags="AD")).is_secure
    await net.operator.look(CacheFlush("test.", subtree=True))
    reply = await net.ask("www.signed.test", flags="AD")
    assert (reply.rcode, reply.is_secure) == ("NOERROR", False)


@given(WORLD)
async def test_failures_alone_are_forgotten_alone(net: Net) -> None:
    await net.ask("www.signed.test")
    net.break_server("S")
    assert (await net.ask("late.signed.test AAAA")).rcode in ("SERVFAIL", "NXDOMAIN")
    await net.operator.look(CacheFlush("signed.test.", subtree=True, only=("failures",)))
    assert (await net.cached("www.signed.test"))["A"] == "fresh"
