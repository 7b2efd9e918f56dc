import errno

import dns.rcode
import pytest
import trio
import trio.testing

from resolver.daemon import serve
from resolver.env import Address, Env
from tests.resolver.daemon.alone import ALONE, HINTS, METRICS, simulated, with_daemon
from tests.simulation.client import Client


def test_each_address_is_served_over_both_transports() -> None:
    async def test(env: Env, address: Address, draining: trio.Event) -> None:
        client = Client(env.network, address)
        for reply in (await client.ask("localhost"), await client.ask_tcp("localhost")):
            assert reply is not None
            assert [rdata.to_text() for rrset in reply.answer for rdata in rrset] == ["127.0.0.1"]

    with_daemon(test)


def test_without_a_server_that_answers_a_question_ends_in_servfail_before_its_deadline() -> None:
    async def test(env: Env, address: Address, draining: trio.Event) -> None:
        began = trio.current_time()
        reply = await Client(env.network, address).ask("www.example")
        assert reply is not None
        assert reply.rcode() == dns.rcode.SERVFAIL
        assert trio.current_time() - began < 10

    with_daemon(test)


def test_draining_ends_it_and_closes_its_sockets() -> None:
    async def main() -> None:
        env = simulated()
        draining = trio.Event()
        async with trio.open_nursery() as nursery:
            addresses = await nursery.start(serve, ALONE, env, HINTS, draining)
            draining.set()
            began = trio.current_time()
        assert trio.current_time() - began < 5
        again = await env.network.listen_udp(addresses[0])
        again.close()

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_an_address_that_is_taken_is_found_before_anything_is_answered() -> None:
    async def main() -> None:
        env = simulated()
        taken = await env.network.listen_tcp(Address("192.0.2.53", 53))
        with pytest.RaisesGroup(pytest.RaisesGroup(OSError)) as raised:
            await serve(ALONE, env, HINTS, trio.Event())
        error = raised.value.exceptions[0].exceptions[0]
        assert isinstance(error, OSError)
        assert (error.errno, error.filename or error.args[-1]) == (errno.EADDRINUSE, "192.0.2.53:53")
        taken.close()

    trio.run(main)


def test_metrics_and_health_are_served() -> None:
    async def test(env: Env, address: Address, draining: trio.Event) -> None:
        await Client(env.network, address).ask("localhost")
        text = await _get(env, "/metrics")
        assert b"cistern_service_queries_udp_total 1.0" in text
        assert b"cistern_cache_bytes 0.0" in text
        assert (await _get(env, "/readyz")).startswith(b"HTTP/1.1 200")

    with_daemon(test)


async def _get(env: Env, path: str) -> bytes:
    async with await env.network.open_tcp(METRICS) as stream:
        await stream.send_all(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        received = b""
        while chunk := await stream.receive_some(65536):
            received += chunk
        return received
