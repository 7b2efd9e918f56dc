"""Every door at which octets come in, as a function that takes any octets and must not fail; and what honest ones look like."""

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import dns.message
import msgspec
import trio
import trio.testing

from cache.answer import Question
from cache.names import from_text
from cache.options import CacheOptions
from cache.rrtypes import A
from cache.snapshot import Unloadable
from internal_zones.feeds import BEGINNING, Caught, Notice, advance, read_line
from resolver.dnssec.anchors import BadAnchors
from resolver.dnssec.anchors import read as read_anchors
from resolver.env import Address
from resolver.iterate import BadHints, parse_hints
from resolver.iterate.classify import Useless, classify
from resolver.iterate.delegation import Delegation, Origin
from resolver.iterate.learn import Voice, learn
from resolver.iterate.scrub import scrub
from resolver.observe.http_messages import respond
from resolver.observe.pages import pages
from resolver.options import ConfigError
from resolver.options.reading import parse
from resolver.service.control import serve_operator
from resolver.service.control_protocol import CacheFlush, CacheList, Explain, Stats
from resolver.service.counts import ServiceCounts
from resolver.service.handler import Handler
from resolver.service.options import LimitOptions
from resolver.wire import read_response
from resolver.wire.frames import Frames, framed
from resolver.wire.message import Unreadable
from tests.build import rrset
from tests.cache.snapshot.made import load, saved_octets
from tests.resolver.service.pretended_daemon import PretendedDaemon
from tests.resolver.service.world import LOOPBACK, CachedAnswers, ask, cache_of

WWW: Final = "www.example. 300 A 192.0.2.1"
ZONE: Final = from_text("example.")
ROOT: Final = Path(__file__).parents[2]
Take = Callable[[bytes], None]


class Target(NamedTuple):
    """take: must return, whatever it is given. honest: what it is usually given."""

    take: Take
    honest: Sequence[bytes]


def _handler() -> Handler:
    answers = CachedAnswers(cache_of(rrset(WWW), rrset("alias.example. 300 CNAME www.example.")))
    return Handler(lambda: 1.0, answers, answers.cache, LimitOptions(), ServiceCounts(), answers.mesh)


def take_query(data: bytes) -> None:
    """A datagram of a client's: a reply, a question that waits, or silence; never a fault."""
    handler = _handler()
    for over_tcp in (False, True):
        handler.begin(data, LOOPBACK, LOOPBACK, handler.now(), over_tcp=over_tcp)
    assert not handler.boundary.counts.met, handler.boundary.counts.met


def take_response(data: bytes) -> None:
    """A server's message, all the way to what is kept of it: nothing of another zone's."""
    response = read_response(data)
    if isinstance(response, Unreadable):
        return
    delegation = Delegation(zone=ZONE, origin=Origin.CACHE)
    question = Question(from_text("www.example."), A)
    scrubbed = scrub(response, question.qname, question.qtype, ZONE, {from_text("lab.example.")})
    told = classify(question, ZONE, response, scrubbed, is_forwarder=False)
    if isinstance(told, Useless):
        return
    if told.__class__.__name__ == "Referred":
        return
    voice = Voice(
        delegation=delegation,
        server=Address("192.0.2.53", 53),
        now=0.0,
        rcode=response.rcode,
        is_authoritative=response.is_authoritative,
        is_proven=True,
    )
    for entry in learn(question, told, scrubbed, voice, CacheOptions()).learned:
        assert entry.owner.endswith(ZONE)
        assert not entry.owner.endswith(from_text("lab.example."))


def take_stream(data: bytes) -> None:
    """What a TCP client sends, cut anywhere: its messages, one by one, and no octet twice."""
    frames, taken = Frames(), b""
    for at in range(0, len(data), 7):
        frames.add(data[at : at + 7])
        while (message := frames.take()) is not None:
            taken += framed(message)
    assert data.startswith(taken)


def take_control(data: bytes) -> None:
    """What somebody writes to the control socket: each line is answered, or the connection ends."""

    async def main() -> None:
        operator, ours = trio.testing.memory_stream_pair()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve_operator, ours, PretendedDaemon())
            await operator.send_all(data)
            await operator.send_eof()
            with trio.move_on_after(0.2):
                while await operator.receive_some():
                    pass
            nursery.cancel_scope.cancel()

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def take_http(data: bytes) -> None:
    """What a client says: always a response, if it is anything."""

    async def exposition() -> bytes:
        return b"a 1\n"

    said = [data]

    async def receive(_: int) -> bytes:
        return said.pop() if said else b""

    response = trio.run(respond, receive, pages(exposition, exposition, tuple, tuple, tuple))
    assert response.startswith(b"HTTP/1.1 ") or not data.strip(b"\r\n")


def take_snapshot(data: bytes) -> None:
    """A saved cache: its entries, or why it is refused."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "cache.db"
        path.write_bytes(data)
        with contextlib.suppress(Unloadable, OSError):
            load(path)


def take_feed(data: bytes) -> None:
    """Lines of Corrosion's API."""
    place = BEGINNING
    for line in data.split(b"\n"):
        said = read_line(line)
        if isinstance(said, Notice | Caught):
            place = advance(place, said) or BEGINNING


def take_config(data: bytes) -> None:
    """An operator's file: options, or all that is wrong with it."""
    with contextlib.suppress(ConfigError):
        parse(data.decode(errors="replace"), ROOT / "conf" / "cistern.toml")


def take_anchors(data: bytes) -> None:
    """A file of trust anchors."""
    with contextlib.suppress(BadAnchors):
        read_anchors(data.decode(errors="replace"))


def take_hints(data: bytes) -> None:
    """A file of root hints."""
    with contextlib.suppress(BadHints):
        parse_hints(data.decode(errors="replace"), 53)


def _response(*lines: str) -> bytes:
    text = "id 7\nopcode QUERY\nrcode NOERROR\nflags QR AA\n;QUESTION\nwww.example. IN A\n" + "\n".join(lines)
    return dns.message.from_text(text).to_wire()


def _requests() -> list[bytes]:
    requests = [Stats(), CacheList(), CacheFlush("www.example."), Explain("www.example.")]
    return [msgspec.json.encode(request) + b"\n" for request in requests]


def targets() -> dict[str, Target]:
    """By name."""
    queries = [ask("www.example. A"), ask("alias.example. AAAA", edns=True), ask("new.example. ANY")]
    responses = [
        _response(";ANSWER", "www.example. 60 IN A 192.0.2.1"),
        _response(";ANSWER", "www.example. 60 IN CNAME a.lab.example.", "a.lab.example. 60 IN A 192.0.2.1"),
        _response(";AUTHORITY", "example. 60 IN SOA ns.example. host.example. 1 2 3 4 60"),
        _response(";AUTHORITY", "www.example. 60 IN NS ns.example.", ";ADDITIONAL", "ns.example. 60 IN A 192.0.2.2"),
    ]
    feed = [
        b'{"columns":["id"]}\n{"row":[1,["a"]]}\n{"eoq":{"time":0.1,"change_id":3}}\n{"change":["update",1,["b"],4]}'
    ]
    return {
        "query": Target(take_query, queries),
        "response": Target(take_response, responses),
        "stream": Target(take_stream, [b"".join(map(framed, queries))]),
        "control": Target(take_control, _requests()),
        "http": Target(take_http, [b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", b"HEAD /readyz?a HTTP/1.0\r\n\r\n"]),
        "snapshot": Target(take_snapshot, [saved_octets()]),
        "feed": Target(take_feed, feed),
        "config": Target(take_config, [(ROOT / "conf" / "cistern.toml").read_bytes()]),
        "anchors": Target(take_anchors, [(ROOT / "conf" / "root.key").read_bytes()]),
        "hints": Target(take_hints, [(ROOT / "conf" / "root.hints").read_bytes()]),
    }
