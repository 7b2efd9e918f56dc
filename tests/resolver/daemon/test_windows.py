"""Where /metrics and its like are looked at, and where no more."""

from http import HTTPStatus

import pytest
import trio
import trio.testing

from resolver.daemon.windows import Windows
from resolver.env import Address, Network
from resolver.observe.pages import Page
from tests.resolver.daemon.alone import HOST, simulated
from tests.resolver.observe.bounded import new_boundary


async def hello() -> tuple[HTTPStatus, str, bytes]:
    return HTTPStatus.OK, "text/plain", b"hello"


PAGES: dict[str, Page] = {"/": hello}


async def get(network: Network, port: int) -> bytes:
    async with await network.open_tcp(Address(HOST, port)) as stream:
        await stream.send_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        received = b""
        while chunk := await stream.receive_some(4096):
            received += chunk
        return received


def test_another_address_takes_the_place_of_the_one_before() -> None:
    async def main() -> None:
        network = simulated().network
        async with trio.open_nursery() as nursery:
            windows = Windows(network, PAGES, nursery, new_boundary())
            for port in (9001, 9002):
                window = await windows.open_other(f"{HOST}:{port}")
                assert window is not None
                windows.replace(window, f"{HOST}:{port}")
                assert (await get(network, port)).endswith(b"hello")
            with pytest.raises(OSError):
                await get(network, 9001)
            nursery.cancel_scope.cancel()

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_the_same_address_or_none_opens_nothing() -> None:
    async def main() -> None:
        network = simulated().network
        async with trio.open_nursery() as nursery:
            windows = Windows(network, PAGES, nursery, new_boundary())
            assert await windows.open_other("") is None
            windows.replace(await windows.open_other(f"{HOST}:9001"), f"{HOST}:9001")
            assert await windows.open_other(f"{HOST}:9001") is None
            windows.replace(None, f"{HOST}:9001")
            assert (await get(network, 9001)).endswith(b"hello")
            windows.replace(None, "")
            with pytest.raises(OSError):
                await get(network, 9001)
            nursery.cancel_scope.cancel()

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
