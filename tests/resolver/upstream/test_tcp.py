import pytest
import trio
import trio.testing

from resolver.env import Address, Network
from resolver.upstream.tcp import ask_tcp
from tests.resolver.upstream.fake_network import SERVER, FakeNetwork


class OneStream(FakeNetwork):
    """A network with one connection, whose other end sends `chunks` and hangs up."""

    def __init__(self, *chunks: bytes) -> None:
        super().__init__({})
        self._chunks = chunks
        self.writes: list[bytes] = []

    async def open_tcp(self, server: Address) -> trio.abc.Stream:
        ours, theirs = trio.testing.memory_stream_pair()
        for chunk in self._chunks:
            await theirs.send_all(chunk)
        await theirs.send_eof()
        plain_send = ours.send_all

        async def send_all(data: bytes | bytearray | memoryview) -> None:
            self.writes.append(bytes(data))
            await plain_send(data)

        ours.send_all = send_all  # type: ignore[method-assign]  # to see the writes
        return ours


def ask(network: Network) -> bytes:
    return trio.run(ask_tcp, network, SERVER, b"question")


def test_length_and_message_leave_in_one_write() -> None:
    network = OneStream(b"\0\6answer")
    ask(network)
    assert network.writes == [b"\0\x08question"]


@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param([b"\0\6answer"], id="at once"),
        pytest.param([b"\0", b"\6a", b"nswer"], id="in pieces"),
        pytest.param([b"\0\6answer\0\5other"], id="with something behind it"),
    ],
)
def test_the_message_is_put_together(chunks: list[bytes]) -> None:
    assert ask(OneStream(*chunks)) == b"answer"


@pytest.mark.parametrize("chunks", [[], [b"\0"], [b"\0\6answ"]], ids=["nothing", "half a length", "half a message"])
def test_a_connection_that_ends_too_soon_is_an_error(chunks: list[bytes]) -> None:
    with pytest.raises(ConnectionError):
        ask(OneStream(*chunks))
