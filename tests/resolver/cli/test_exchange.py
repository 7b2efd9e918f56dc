"""One question put to one server, over a network of values."""

from collections.abc import Callable

import dns.flags
import dns.message
import dns.rrset
import pytest
import trio
import trio.testing

from cache.names import from_text
from cache.rrtypes import A
from resolver.cli.exchange import TRIES, Ask, NoAnswer, Reply, exchange
from resolver.env import Address
from resolver.wire.frames import framed

SERVER = Address("192.0.2.53", 53)
ASK = Ask(from_text("www.example."), A)

Respond = Callable[[dns.message.Message], list[bytes]]


def answer(query: dns.message.Message) -> list[bytes]:
    response = dns.message.make_response(query)
    response.answer.append(dns.rrset.from_text("www.example.", 60, "IN", "A", "192.0.2.80"))
    return [response.to_wire()]


def truncated(query: dns.message.Message) -> list[bytes]:
    response = dns.message.make_response(query)
    response.flags |= dns.flags.TC
    return [response.to_wire()]


def silence(query: dns.message.Message) -> list[bytes]:
    return []


def strays_first(query: dns.message.Message) -> list[bytes]:
    (mine,) = answer(query)
    return [bytes((mine[0] ^ 1,)) + mine[1:], mine]


class Channel:
    """A UdpChannel to a server that answers by `respond`."""

    def __init__(self, respond: Respond) -> None:
        self._respond = respond
        self._waiting: list[bytes] = []

    def send(self, message: bytes) -> None:
        self._waiting += self._respond(dns.message.from_wire(message))

    async def receive(self) -> bytes:
        if not self._waiting:
            await trio.sleep_forever()
        await trio.lowlevel.checkpoint()
        return self._waiting.pop(0)

    def close(self) -> None: ...


class World:
    """An Env whose one server answers by two functions; notes every query."""

    def __init__(self, over_udp: Respond, over_tcp: Respond = answer) -> None:
        self.over_udp, self.over_tcp = over_udp, over_tcp
        self.queries: list[tuple[str, dns.message.Message]] = []
        self.network = self.rng = self

    def now(self) -> float:
        return trio.current_time()

    def getrandbits(self, k: int, /) -> int:
        return 0x1234

    def open_udp(self, server: Address) -> Channel:
        return Channel(lambda query: self._note("udp", query, self.over_udp))

    async def open_tcp(self, server: Address) -> trio.abc.Stream:
        stream, server_end = trio.testing.memory_stream_pair()

        async def serve() -> None:
            octets = bytes(await server_end.receive_some())
            assert int.from_bytes(octets[:2], "big") == len(octets) - 2
            for response in self._note("tcp", dns.message.from_wire(octets[2:]), self.over_tcp):
                octets = framed(response)
                await server_end.send_all(octets[:12])
                await server_end.send_all(octets[12:])
            await server_end.aclose()

        trio.lowlevel.spawn_system_task(serve)
        return stream

    def _note(self, transport: str, query: dns.message.Message, respond: Respond) -> list[bytes]:
        self.queries.append((transport, query))
        return respond(query)


def run(world: World, ask: Ask = ASK) -> Reply:
    async def main() -> Reply:
        return await exchange(world, SERVER, ask)  # type: ignore[arg-type]  # World is as much of an Env as is used

    return trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_the_answer_over_udp_is_the_reply() -> None:
    reply = run(World(answer))
    assert (reply.server, reply.is_tcp) == (SERVER, False)
    assert reply.response.answer[0].rdatas == (b"\xc0\0\2P",)


def test_the_question_is_put_as_asked() -> None:
    world = World(answer)
    run(world, Ask(from_text("www.example."), A, recurse=False, dnssec=True))
    (_, query) = world.queries[0]
    assert query.question[0].to_text() == "www.example. IN A"
    assert not query.flags & dns.flags.RD
    assert query.ednsflags & dns.flags.DO


def test_a_truncated_answer_is_fetched_over_tcp() -> None:
    world = World(truncated)
    assert run(world).is_tcp
    assert [transport for transport, _ in world.queries] == ["udp", "tcp"]


def test_tcp_alone_on_demand() -> None:
    world = World(answer)
    assert run(world, Ask(from_text("www.example."), A, tcp=True)).is_tcp
    assert [transport for transport, _ in world.queries] == ["tcp"]


def test_a_reply_to_another_question_is_not_ours() -> None:
    assert run(World(strays_first)).response.id == 0x1234


def test_a_silent_server_is_asked_again_and_then_given_up() -> None:
    world = World(silence)
    with pytest.raises(NoAnswer, match=r"no answer from 192\.0\.2\.53:53"):
        run(world)
    assert len(world.queries) == TRIES


def test_a_connection_that_closes_without_an_answer_is_no_answer() -> None:
    with pytest.raises(NoAnswer, match="closed the connection"):
        run(World(truncated, silence))


def test_a_server_that_cannot_be_reached_is_named_with_the_reason() -> None:
    def refuse(query: dns.message.Message) -> list[bytes]:
        raise ConnectionRefusedError(111, "Connection refused")

    with pytest.raises(NoAnswer, match=r"192\.0\.2\.53:53 cannot be asked: Connection refused"):
        run(World(refuse))


def test_octets_that_are_no_response_are_named_so() -> None:
    with pytest.raises(NoAnswer, match="no DNS response"):
        run(World(lambda query: [query.id.to_bytes(2, "big") + b"junk"]))
