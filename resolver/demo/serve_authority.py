"""The servers of an internet on sockets: each listens on its addresses, over UDP and TCP, real or simulated ones."""

from collections.abc import Iterable
from contextlib import ExitStack, suppress
from typing import Final, Never, Protocol

import trio

from resolver.demo.authority import Transport
from resolver.demo.behaviour import Delivery
from resolver.demo.internet import Internet
from resolver.env import Address, Env, Rng, TcpConnection, TcpListener, UdpListener
from resolver.service.messages import Messages
from resolver.wire.frames import framed

MAX_WAITING: Final = (
    1000  # replies of one server that wait for their delay; more queries are dropped, as busy servers do
)
MAX_CONNECTION: Final = 30.0  # s that a connection may last


class Answering(Protocol):
    """A server: where it is, and what it sends back."""

    @property
    def addresses(self) -> tuple[str, ...]: ...

    def answer(self, query: bytes, transport: Transport, rng: Rng) -> list[Delivery]: ...


async def serve_internet(
    internet: Internet, env: Env, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    """Serve until cancelled; started when every server listens. Raises OSError for an address that cannot be had."""
    await serve_servers(internet.servers.values(), internet.port, env, task_status=task_status)


async def serve_servers(
    servers: Iterable[Answering],
    port: int,
    env: Env,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """As serve_internet."""
    with ExitStack() as opened:  # closed by whom they were opened, however far their tasks have come
        async with trio.open_nursery() as nursery:
            for server in servers:
                for host in server.addresses:
                    address = Address(host, port)
                    udp = await env.network.listen_udp(address)
                    opened.callback(udp.close)
                    nursery.start_soon(_serve_udp, server, env, udp)
                    tcp = await env.network.listen_tcp(address)
                    opened.callback(tcp.close)
                    nursery.start_soon(_serve_tcp, server, env, tcp)
            task_status.started()


async def _serve_udp(server: Answering, env: Env, listener: UdpListener) -> Never:
    async with trio.open_nursery() as replying:
        while True:
            for datagram in await listener.receive_batch():
                if len(replying.child_tasks) >= MAX_WAITING:
                    continue
                for delivery in server.answer(datagram.data, Transport.UDP, env.rng):
                    replying.start_soon(_reply, listener, delivery, datagram.reply_to)


async def _reply(listener: UdpListener, delivery: Delivery, reply_to: bytes) -> None:
    await trio.sleep(delivery.after)
    listener.send_batch([(delivery.message, reply_to)])


async def _serve_tcp(server: Answering, env: Env, listener: TcpListener) -> Never:
    async with trio.open_nursery() as nursery:
        while True:
            nursery.start_soon(_serve_connection, server, env, await listener.accept())


async def _serve_connection(server: Answering, env: Env, connection: TcpConnection) -> None:
    """Answer one query after the other until the client goes away, or has been here for long."""
    stream = connection.stream
    messages = Messages(stream)
    async with stream:
        with trio.move_on_after(MAX_CONNECTION), suppress(trio.BrokenResourceError):  # it may go away in the middle
            while (query := await messages.read()) is not None:
                for delivery in server.answer(query, Transport.TCP, env.rng):
                    await trio.sleep(delivery.after)
                    await stream.send_all(framed(delivery.message))
