"""The small internet on sockets: on real ones at loopback addresses, over UDP and TCP."""

import dns.flags
import dns.message
import pytest
import trio

from resolver.demo.behaviour import Silent
from resolver.demo.internet import Internet
from resolver.demo.serve_authority import serve_internet
from resolver.demo.server import Server
from resolver.demo.zone import parse_zone
from resolver.env import Address
from resolver.real_env import RealEnv
from resolver.service.messages import Messages
from resolver.wire.frames import framed
from tests.real.sockets import free_port

HOST = "127.53.1.1"
ZONE = parse_zone(
    "$ORIGIN z.test.\n@ 60 SOA ns1 h 1 1 1 1 1\n@ 60 NS ns1\nwww 60 A 192.0.2.9\n"
    + "".join(f'large 60 TXT "{number}{"x" * 200}"\n' for number in range(9))
)


def query(qname: str, qtype: str = "A") -> bytes:
    return dns.message.make_query(qname, qtype, use_edns=0, payload=1232).to_wire()


async def udp(env: RealEnv, server: Address, message: bytes) -> dns.message.Message:
    channel = env.network.open_udp(server)
    try:
        channel.send(message)
        with trio.fail_after(5):
            return dns.message.from_wire(await channel.receive())
    finally:
        channel.close()


async def receive_message(stream: trio.abc.Stream) -> dns.message.Message:
    with trio.fail_after(5):
        message = await Messages(stream).read()
    assert message is not None, "closed in the middle"
    return dns.message.from_wire(message)


def test_servers_answer_over_udp_and_tcp() -> None:
    async def main() -> None:
        env = RealEnv()
        server = Server("one", (HOST,), [(ZONE,)], delay=0.001)
        internet = Internet((server,), ("one",), free_port(HOST))
        address = Address(HOST, internet.port)
        async with trio.open_nursery() as nursery:
            await nursery.start(serve_internet, internet, env)
            assert (await udp(env, address, query("www.z.test."))).answer[0][0].to_text() == "192.0.2.9"
            assert (await udp(env, address, query("large.z.test.", "TXT"))).flags & dns.flags.TC
            async with await env.network.open_tcp(address) as stream:
                first, second = framed(query("large.z.test.", "TXT")), framed(query("www.z.test."))
                await stream.send_all(first[:5])
                await stream.send_all(first[5:] + second)
                assert len((await receive_message(stream)).answer[0]) == 9
                assert (await receive_message(stream)).answer[0][0].to_text() == "192.0.2.9"
            assert server.times_asked() == 4
            nursery.cancel_scope.cancel()

    trio.run(main)


def test_a_client_that_goes_away_in_the_middle_harms_nobody() -> None:
    async def main() -> None:
        env = RealEnv()
        server = Server("one", (HOST,), [(ZONE,)])
        internet = Internet((server,), ("one",), free_port(HOST))
        address = Address(HOST, internet.port)
        async with trio.open_nursery() as nursery:
            await nursery.start(serve_internet, internet, env)
            for _ in range(3):
                stream = await env.network.open_tcp(address)
                await stream.send_all(framed(query("large.z.test.", "TXT")) * 20 + b"\0")
                await trio.aclose_forcefully(stream)
            assert (await udp(env, address, query("www.z.test."))).answer
            nursery.cancel_scope.cancel()

    trio.run(main)


def test_a_silent_server_takes_connections_and_says_nothing() -> None:
    async def main() -> None:
        env = RealEnv()
        internet = Internet((Server("mute", (HOST,), [(ZONE,)], behaviours=(Silent(),)),), ("mute",), free_port(HOST))
        async with trio.open_nursery() as nursery:
            await nursery.start(serve_internet, internet, env)
            async with await env.network.open_tcp(Address(HOST, internet.port)) as stream:
                await stream.send_all(framed(query("www.z.test.")))
                with trio.move_on_after(0.1) as waited:
                    await stream.receive_some(1)
                assert waited.cancelled_caught
            nursery.cancel_scope.cancel()

    trio.run(main)


@pytest.mark.parametrize(
    "hosts",
    [pytest.param((HOST,), id="cancelled at once"), pytest.param((HOST, "192.0.2.1"), id="an address is not ours")],
)
def test_its_sockets_are_closed_when_it_ends(hosts: tuple[str, ...]) -> None:
    async def main() -> None:
        env = RealEnv()
        internet = Internet((Server("one", hosts, [(ZONE,)]),), ("one",), free_port(HOST))
        try:
            async with trio.open_nursery() as nursery:
                await nursery.start(serve_internet, internet, env)
                nursery.cancel_scope.cancel()
        except* OSError:
            assert len(hosts) > 1
        address = Address(HOST, internet.port)
        for listener in (await env.network.listen_udp(address), await env.network.listen_tcp(address)):
            listener.close()

    trio.run(main)
