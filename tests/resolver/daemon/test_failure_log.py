"""Why clients get SERVFAIL is logged, now and then."""

import dns.rcode
import structlog
import trio

from resolver.env import Address, Env
from tests.resolver.daemon.alone import with_daemon
from tests.simulation.client import Client


def test_a_failure_is_logged_with_its_reason_its_network_and_the_servers() -> None:
    async def test(env: Env, address: Address, draining: trio.Event) -> None:
        client = Client(env.network, address)

        async def fail(name: str) -> None:
            reply = await client.ask(name)
            assert reply is not None
            assert reply.rcode() == dns.rcode.SERVFAIL

        with structlog.testing.capture_logs() as events:
            async with trio.open_nursery() as nursery:
                for name in ("www.example.", "mail.example."):
                    nursery.start_soon(fail, name)
            await trio.sleep(1.0)
            await fail("late.example.")
        first, last = (event for event in events if event["event"] == "servfail")
        assert first["name"] in ("www.example.", "mail.example.")
        assert (first["type"], first["network"], first["zone"], first["unlogged"]) == ("A", 24, ".", 0)
        assert first["why"].startswith("22 ")
        assert first["servers"][0].startswith("198.51.100.1:53")
        assert (last["name"], last["unlogged"]) == ("late.example.", 1)

    with_daemon(test)
