"""All servers of the simulated internet in one process: each address answers after its round-trip time, or does not.

`python -m tests.bench.latency.authority SOCKET [ANCHORS]`, inside a namespace to which all the addresses belong. SOCKET is a Unix
datagram socket over which the weather is set and the packets are counted. With ANCHORS all zones are signed, and the root's trust
anchor is written into that file.
"""

import heapq
import json
import selectors
import socket
import struct
import sys
import time
from collections.abc import Callable
from ipaddress import ip_address
from itertools import count
from pathlib import Path
from random import Random
from typing import Final

from resolver.wire.frames import Frames, framed
from tests.bench.latency.records import Zone, reply
from tests.bench.latency.signing import sign
from tests.bench.latency.world import World, build

PORT: Final = 53
IP_PKTINFO: Final = 8  # ip(7); not in the socket module before 3.13
IPV6_FREEBIND: Final = 78  # linux/in6.h: replies leave from addresses that no interface has by name
BATCH: Final = 64  # datagrams taken before the time is looked at again
BUFFER: Final = 4 << 20

Peer = tuple[str, int] | tuple[str, int, int, int]
Place = tuple[float, bool, dict[bytes, Zone]]  # round-trip time, among the dead?, zones


class Authority:
    """loss: the chance that a datagram is lost, each way. has_dead: are those dead that may be?"""

    def __init__(self, world: World) -> None:
        self.places: dict[bytes, Place] = {}
        for operator in world.operators:
            for host in operator.hosts:
                place = (host.rtt, host.may_be_dead, operator.zones)
                self.places[ip_address(host.ipv4).packed] = self.places[ip_address(host.ipv6).packed] = place
        self.set_weather(0.0, has_dead=False)
        self._later: list[tuple[float, int, Callable[[], object]]] = []
        self._order = count()

    def set_weather(self, loss: float, *, has_dead: bool) -> None:
        """Everything begins anew: the same chance, the count at 0."""
        self._loss, self._has_dead = loss, has_dead
        self._rng = Random(7)
        self.packets = 0

    def take_datagram(self, query: bytes, at: bytes, send: Callable[[bytes], object]) -> None:
        """A query that left the resolver for this address."""
        self.packets += 1
        place = self.places.get(at)
        if place is None or (self._has_dead and place[1]) or self._rng.random() < self._loss:
            return
        message = reply(query, place[2])
        if self._rng.random() >= self._loss:
            self.after(place[0], lambda: send(message))

    def take_stream(self, query: bytes, at: bytes, send: Callable[[bytes], object]) -> None:
        """A query over TCP, which loses nothing and takes a round trip more."""
        self.packets += 1
        place = self.places.get(at)
        if place is not None and not (self._has_dead and place[1]):
            message = reply(query, place[2])
            self.after(2 * place[0], lambda: send(framed(message)))

    def after(self, seconds: float, do: Callable[[], object]) -> None:
        heapq.heappush(self._later, (time.monotonic() + seconds, next(self._order), do))

    def do_what_is_due(self) -> float | None:
        """Send what has waited long enough; the seconds until something else has."""
        while self._later:
            wait = self._later[0][0] - time.monotonic()
            if wait > 0:
                return wait
            heapq.heappop(self._later)[2]()
        return None


def serve(control_path: str, anchors: str = "") -> None:
    world = build()
    if anchors:
        Path(anchors).write_text(sign(world) + "\n")
    authority, selector = Authority(world), selectors.DefaultSelector()
    control = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    for family in (socket.AF_INET, socket.AF_INET6):
        datagrams, streams = _sockets(family)
        selector.register(datagrams, selectors.EVENT_READ, _datagram_reader(authority, datagrams))
        selector.register(streams, selectors.EVENT_READ, _acceptor(authority, streams, selector))
    control.bind(control_path)
    selector.register(control, selectors.EVENT_READ, lambda: _obey(authority, control))
    while True:
        for key, _ in selector.select(authority.do_what_is_due()):
            key.data()


def _sockets(family: socket.AddressFamily) -> tuple[socket.socket, socket.socket]:
    host = "0.0.0.0" if family == socket.AF_INET else "::"
    datagrams, streams = socket.socket(family, socket.SOCK_DGRAM), socket.socket(family, socket.SOCK_STREAM)
    for one in (datagrams, streams):
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind((host, PORT))
        one.setblocking(False)
    datagrams.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    if family == socket.AF_INET:
        datagrams.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    else:
        datagrams.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        datagrams.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
    streams.listen(1024)
    return datagrams, streams


def _datagram_reader(authority: Authority, sock: socket.socket) -> Callable[[], None]:
    """Reads queries, and has each reply leave from the address that was asked."""

    def send_to(peer: Peer, at: bytes) -> Callable[[bytes], object]:
        if len(at) == 4:
            info = (socket.IPPROTO_IP, IP_PKTINFO, struct.pack("=I4s4x", 0, at))
        else:
            info = (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, at + bytes(4))
        return lambda message: sock.sendmsg([message], [info], 0, peer)

    def read() -> None:
        for _ in range(BATCH):
            try:
                query, ancillary, _, peer = sock.recvmsg(4096, 64)
            except BlockingIOError:
                return
            data = ancillary[0][2]
            at = data[8:12] if sock.family == socket.AF_INET else data[:16]
            authority.take_datagram(query, at, send_to(peer, at))

    return read


def _acceptor(authority: Authority, listener: socket.socket, selector: selectors.BaseSelector) -> Callable[[], None]:
    def accept() -> None:
        try:
            stream, _ = listener.accept()
        except BlockingIOError:
            return
        stream.setblocking(False)
        at, frames = ip_address(stream.getsockname()[0]).packed, Frames()

        def send(message: bytes) -> None:
            try:
                stream.send(message)
            except OSError:
                return  # it went away meanwhile

        def read() -> None:
            try:
                chunk = stream.recv(4096)
            except OSError:
                chunk = b""
            if not chunk:
                selector.unregister(stream)
                stream.close()
                return
            frames.add(chunk)
            while (query := frames.take()) is not None:
                authority.take_stream(query, at, send)

        selector.register(stream, selectors.EVENT_READ, read)

    return accept


def _obey(authority: Authority, control: socket.socket) -> None:
    message, peer = control.recvfrom(4096)
    asked = json.loads(message)
    packets = authority.packets
    if "loss" in asked:
        authority.set_weather(asked["loss"], has_dead=asked["has_dead"])
    control.sendto(json.dumps({"packets": packets}).encode(), peer)


if __name__ == "__main__":
    serve(*sys.argv[1:])
