"""Where the daemon is asked: its addresses, opened and closed while it runs."""

from dataclasses import dataclass, field
from typing import Final

import trio

from resolver.engine import Mesh
from resolver.env import Address, Network, TcpListener, UdpListener, address_from_text
from resolver.service.handler import Handler
from resolver.service.tcp import Connections, serve_tcp
from resolver.service.udp import serve_udp

GRACE: Final = 1.0  # s for queries that are on their way over connections of a daemon that is replaced


@dataclass(frozen=True, slots=True)
class Door:
    """One address, open on both transports; queries wait in the kernel until it is served."""

    address: Address
    udp: UdpListener
    tcp: TcpListener
    draining: trio.Event = field(default_factory=trio.Event)
    closing: trio.Event = field(default_factory=trio.Event)

    def close(self) -> None:
        """Give it up unserved."""
        self.udp.close()
        self.tcp.close()


class Doors:
    """The open addresses, by the text that the config has for each."""

    def __init__(
        self, network: Network, handler: Handler, mesh: Mesh, connections: Connections, serving: trio.Nursery
    ) -> None:
        """mesh: in whose turns queries come in. serving: where each address is served."""
        self._network = network
        self._handler = handler
        self._mesh = mesh
        self._connections = connections
        self._serving = serving
        self._doors: dict[str, Door] = {}

    @property
    def addresses(self) -> tuple[Address, ...]:
        """With the ports that they really have."""
        return tuple(door.address for door in self._doors.values())

    @property
    def texts(self) -> frozenset[str]:
        return frozenset(self._doors)

    async def open(self, texts: tuple[str, ...]) -> dict[str, Door]:
        """All of these addresses, or none: raises OSError for the first that cannot be had."""
        opened: dict[str, Door] = {}
        try:
            for text in texts:
                opened[text] = await self._open(address_from_text(text))
        except OSError:
            for door in opened.values():
                door.close()
            raise
        return opened

    def serve(self, doors: dict[str, Door]) -> None:
        """Answer on these, too, from now on."""
        for text, door in doors.items():
            self._doors[text] = door
            self._serving.start_soon(serve_udp, door.udp, self._handler, self._mesh, door.draining)
            self._serving.start_soon(serve_tcp, door.tcp, self._handler, self._connections, door.draining, door.closing)

    def drain(self, texts: frozenset[str] | None = None, *, gently: bool = False) -> None:
        """Take no more queries at these addresses, or (None) at all; each closes when what it began is answered.

        gently: read for a little longer what comes over connections that are accepted already.
        """
        for text in self.texts if texts is None else texts:
            door = self._doors.pop(text)
            door.draining.set()
            if gently:
                self._serving.start_soon(_close_later, door)
            else:
                door.closing.set()

    async def _open(self, address: Address) -> Door:
        udp = await self._network.listen_udp(address)
        try:
            return Door(udp.address, udp, await self._network.listen_tcp(udp.address))
        except OSError:
            udp.close()
            raise


async def _close_later(door: Door) -> None:
    await trio.sleep(GRACE)
    door.closing.set()
