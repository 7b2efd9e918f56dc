"""A TCP connection of the simulated network: nothing gets lost or overtaken, but all takes its time."""

from collections.abc import Callable

import trio

from tests.simulation.inbox import Inbox

Arrival = Callable[[], float | None]  # when what is sent now is there; None: never


class SimulatedStream(trio.abc.Stream):
    """One end of a connection. Once something sent did not arrive, nothing does any more: it waits to be sent again."""

    def __init__(self, arrival: Arrival) -> None:
        self._arrival = arrival
        self._inbox = Inbox[bytes]()
        self._received = b""
        self._last = 0.0
        self._is_stalled = self._is_closed = self._has_ended = False
        self._peer: SimulatedStream | None = None

    def connect(self, peer: "SimulatedStream") -> None:
        self._peer = peer

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self.wait_send_all_might_not_block()
        assert self._peer is not None
        if self._peer._is_closed:
            raise trio.BrokenResourceError("the other end is closed")
        if data:  # sending nothing is no end of the stream
            self._send(bytes(data))

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()
        if self._is_closed:
            raise trio.ClosedResourceError

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        if not self._received and not self._has_ended:
            self._received = await self._inbox.get()
            self._has_ended = not self._received
        else:
            await trio.lowlevel.checkpoint()
        some, self._received = self._received[:max_bytes], self._received[len(self._received[:max_bytes]) :]
        return some

    async def aclose(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._inbox.close()
            self._send(b"")
        await trio.lowlevel.checkpoint()

    def _send(self, data: bytes) -> None:
        arrives = self._arrival()
        self._is_stalled = self._is_stalled or arrives is None
        if arrives is not None and not self._is_stalled and self._peer is not None:
            self._last = max(self._last, arrives)
            self._peer._inbox.put(self._last, data)


def stream_pair(arrival: Arrival, arrival_back: Arrival) -> tuple[SimulatedStream, SimulatedStream]:
    """Both ends of a connection. arrival: of what the first end sends."""
    one, other = SimulatedStream(arrival), SimulatedStream(arrival_back)
    one.connect(other)
    other.connect(one)
    return one, other
