"""A daemon whose messages are told."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, Never

import msgspec
import trio

from resolver.daemon.counters import Counts
from resolver.daemon.tapping import Tapping, make_tapping, tap_of_clients, tapped_network, tapped_streams
from resolver.engine import StreamReply
from resolver.env import Address, UdpChannel
from resolver.observe.dnstap import Kind
from resolver.observe.options import DnstapOptions
from resolver.policy.options import IdentityOptions
from tests.resolver.daemon.alone import ALONE, simulated

SERVER: Final = Address("198.51.100.1", 53)
QUERY, RECURSIVE, REPLY = b"\0\1\0\0query", b"\0\1\1\0query", b"\0\1\x80\0reply"


class Ways:
    """A network and streams on which each question is answered when `answer` is called."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.is_closed = False
        self.answer: Callable[[bytes], None] = lambda said: None
        self.fail: Callable[[OSError], None] = lambda error: None

    def connect_udp(self, server: Address, take: Callable[[bytes | OSError], None]) -> UdpChannel:
        self.answer, self.fail = take, take
        return self

    def ask(self, server: Address, message: bytes, patience: float, take: Callable[[StreamReply], None]) -> "Ways":
        self.sent.append(message)
        self.answer, self.fail = take, take
        return self

    def send(self, message: bytes) -> None:
        self.sent.append(message)

    def close(self) -> None:
        self.is_closed = True

    def call_off(self) -> None:
        self.is_closed = True


def octets_of(file: Path, table: dict[str, object], work: Callable[[Tapping], None]) -> bytes:
    """What stands in the file after `work` with the tapping of this table."""

    async def main() -> None:
        dnstap = msgspec.convert({"file": str(file), **table}, DnstapOptions)
        options = msgspec.structs.replace(ALONE, dnstap=dnstap, identity=IdentityOptions(id="host1"))
        counts = Counts()
        tapping = make_tapping(options, simulated(), counts, None, "0")
        assert tapping is not None
        tapping.start()
        work(tapping)
        tapping.tell_end()
        tapping.wait_for_end()
        assert counts.dnstap.dropped == 0

    trio.run(main)
    return file.read_bytes() if file.exists() else b""


def kinds(octets: bytes) -> list[Kind]:
    """Of the messages in the file, by the field that each begins with."""
    return [
        Kind(octets[at + 1]) for at in range(len(octets)) if octets[at : at + 1] == b"\x08" and octets[at + 2] == 0x10
    ]


def test_what_is_asked_of_servers_is_told_as_it_is_heard(tmp_path: Path) -> None:
    ways = Ways()
    heard: list[object] = []

    def work(tapping: Tapping) -> None:
        for query, is_tcp in ((QUERY, False), (RECURSIVE, False), (QUERY, True)):
            if is_tcp:
                tapped_streams(ways, tapping).ask(SERVER, query, 1.0, heard.append)
            else:
                channel = tapped_network(ways, tapping).connect_udp(SERVER, heard.append)
                channel.send(query)
                channel.close()
            ways.answer(REPLY)
            ways.fail(ConnectionRefusedError())

    octets = octets_of(tmp_path / "tap", {}, work)
    assert kinds(octets) == [
        *(Kind.RESOLVER_QUERY, Kind.RESOLVER_RESPONSE),
        *(Kind.FORWARDER_QUERY, Kind.FORWARDER_RESPONSE),
        *(Kind.RESOLVER_QUERY, Kind.RESOLVER_RESPONSE),
    ]
    assert b"host1" in octets
    assert ways.sent == [QUERY, RECURSIVE, QUERY]
    assert ways.is_closed
    assert [one for one in heard if isinstance(one, bytes)] == [REPLY] * 3
    assert sum(isinstance(one, OSError) for one in heard) == 3


def test_nobody_who_is_not_heard_is_listened_to(tmp_path: Path) -> None:
    ways = Ways()

    def work(tapping: Tapping) -> None:
        assert tapped_network(ways, tapping) is ways
        assert tapped_streams(ways, tapping) is ways
        assert tap_of_clients(tapping) is not None

    octets_of(tmp_path / "tap", {"messages": ["client_query"]}, work)
    assert tap_of_clients(None) is None
    assert tapped_network(ways, None) is ways


def _no_collector(path: str) -> Never:
    raise AssertionError("nobody is to be sought")


def test_without_a_destination_there_is_no_tap() -> None:
    async def main() -> None:
        assert make_tapping(ALONE, simulated(), Counts(), _no_collector, "0") is None

    trio.run(main)
