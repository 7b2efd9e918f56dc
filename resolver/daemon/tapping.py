"""The Tap of a config, the writers that it hands messages to, and the ways to servers on which it listens."""

import ipaddress
from collections.abc import Callable
from functools import partial
from typing import Final

from resolver.daemon.counters import Counts
from resolver.engine import CallOff, StreamReply, Streams
from resolver.env import Address, Env, UdpChannel, WaysToServers
from resolver.observe.dnstap import Heard, Speaker
from resolver.observe.frame_sinks import Connect, FileSink, SocketSink
from resolver.observe.frame_writer import FrameWriter, Sink
from resolver.observe.tap import Tap
from resolver.options import Options

RD_OCTET: Final = 2  # of a message: where the flag stands that forwarders are asked with
RD_BIT: Final = 1


class Tapping:
    """A tap and its writers."""

    def __init__(self, tap: Tap, writers: list[FrameWriter]) -> None:
        self.tap = tap
        self._writers = writers

    def start(self) -> None:
        """Begin to write."""
        for writer in self._writers:
            writer.start()

    def tell_end(self) -> None:
        """Nothing more is written than what is queued."""
        for writer in self._writers:
            writer.tell_end()

    def wait_for_end(self) -> None:
        """Until that is written, within bounds; for a thread of its own."""
        for writer in self._writers:
            writer.wait_for_end()


def make_tapping(options: Options, env: Env, counts: Counts, connect: Connect | None, version: str) -> Tapping | None:
    """What `[dnstap]` says, not started; None: nothing. connect: to a collector; None: there is no way to one."""
    table = options.dnstap
    sinks: list[Sink] = []
    if table.socket and connect is not None:
        sinks.append(SocketSink(table.socket, connect))
    if table.file:
        sinks.append(FileSink(table.file, table.max_file_octets))
    if not sinks:
        return None
    speaker = Speaker(options.identity.id.encode(), f"cistern {version}".encode())
    writers = [FrameWriter(sink, speaker, counts.dnstap) for sink in sinks]

    def put(heard: Heard) -> None:
        for writer in writers:
            writer.put(heard)

    return Tapping(Tap(table, put, env.wall), writers)


def tap_of_clients(tapping: Tapping | None) -> Tap | None:
    """The tap that is told what clients ask, if it wants to know."""
    return tapping.tap if tapping is not None and tapping.tap.hears_clients else None


def tapped_network(network: WaysToServers, tapping: Tapping | None) -> WaysToServers:
    """The same ways to servers over UDP, listened to if need be."""
    return network if tapping is None or not tapping.tap.hears_servers else _TappedNetwork(network, tapping.tap)


def tapped_streams(streams: Streams, tapping: Tapping | None) -> Streams:
    """The same ways to servers over TCP, listened to if need be."""
    return streams if tapping is None or not tapping.tap.hears_servers else _TappedStreams(streams, tapping.tap)


class _Told:
    """One server's messages, told."""

    def __init__(self, tap: Tap, server: Address, *, is_tcp: bool) -> None:
        self._tap = tap
        self._host = ipaddress.ip_address(server.host).packed
        self._port = server.port
        self._is_tcp = is_tcp
        self._asked_at = 0.0
        self._is_forwarder = False

    def note_query(self, message: bytes) -> None:
        self._asked_at = self._tap.wall()
        self._is_forwarder = bool(message[RD_OCTET] & RD_BIT)
        self._tap.resolver_query(message, self._host, self._port, to_forwarder=self._is_forwarder, is_tcp=self._is_tcp)

    def note_response(self, message: bytes) -> None:
        self._tap.resolver_response(
            message, self._host, self._port, self._asked_at, from_forwarder=self._is_forwarder, is_tcp=self._is_tcp
        )


class _TappedChannel:
    """resolver.env.UdpChannel."""

    def __init__(self, channel: UdpChannel, told: _Told) -> None:
        self._channel = channel
        self._told = told
        self.close = channel.close

    def send(self, message: bytes) -> None:
        self._channel.send(message)
        self._told.note_query(message)


class _TappedNetwork:
    """resolver.env.WaysToServers."""

    def __init__(self, network: WaysToServers, tap: Tap) -> None:
        self._network = network
        self._tap = tap

    def connect_udp(self, server: Address, take: Callable[[bytes | OSError], None]) -> _TappedChannel:
        told = _Told(self._tap, server, is_tcp=False)

        def hear(data: bytes | OSError) -> None:
            if isinstance(data, bytes):
                told.note_response(data)
            take(data)

        return _TappedChannel(self._network.connect_udp(server, hear), told)


class _TappedStreams:
    """resolver.engine.Streams."""

    def __init__(self, streams: Streams, tap: Tap) -> None:
        self._streams = streams
        self._tap = tap

    def ask(self, server: Address, message: bytes, patience: float, take: Callable[[StreamReply], None]) -> CallOff:
        told = _Told(self._tap, server, is_tcp=True)
        told.note_query(message)
        return self._streams.ask(server, message, patience, partial(_hear, told, take))


def _hear(told: _Told, take: Callable[[StreamReply], None], said: StreamReply) -> None:
    if isinstance(said, bytes):
        told.note_response(said)
    take(said)
