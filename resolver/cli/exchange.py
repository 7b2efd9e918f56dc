"""One question put to one server as a stub would, and what came back."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import trio

from cache.names import WireName
from resolver.env import Address, Env
from resolver.service.messages import Messages
from resolver.wire import compose_query, question_octets, read_response
from resolver.wire.frames import framed
from resolver.wire.message import Response, Unreadable

TRIES = 3  # UDP loses datagrams
PATIENCE = 6.0  # s per try; a cold answer may take the daemon longer than the 5 s of glibc
PAYLOAD = 1232  # octets that are asked for over UDP; what is longer comes over TCP
MAX_STRAY = 32  # datagrams of others that are read over before a try counts as lost


class NoAnswer(Exception):
    """No usable reply; the text says from whom and why."""


@dataclass(frozen=True, slots=True)
class Ask:
    """The question and how it is put."""

    qname: WireName
    qtype: int
    recurse: bool = True
    dnssec: bool = False
    tcp: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. took: seconds; octets: size of the message."""

    response: Response
    server: Address
    is_tcp: bool
    took: float
    octets: int


async def exchange(env: Env, server: Address, ask: Ask) -> Reply:
    """The server's reply, over TCP when UDP's is truncated. Raises NoAnswer."""
    ident = env.rng.getrandbits(16)
    asked = question_octets(ask.qname, ask.qtype)
    message = compose_query(id=ident, asked=asked, rd=ask.recurse, edns_payload=PAYLOAD, do=ask.dnssec)
    began = env.now()
    try:
        octets = None if ask.tcp else await _over_udp(env, server, message, ident)
        reply = None if octets is None else _reply(octets, server, False, env.now() - began)
        if reply is not None and not reply.response.is_truncated:
            return reply
        began = env.now()
        with trio.fail_after(PATIENCE):
            octets = await _over_tcp(env, server, message)
        return _reply(octets, server, True, env.now() - began)
    except OSError as error:
        raise NoAnswer(f"{server} cannot be asked: {error.strerror or error}") from None
    except trio.TooSlowError:
        raise NoAnswer(f"no answer from {server}") from None
    except trio.BrokenResourceError:
        raise NoAnswer(f"{server} closed the connection without an answer") from None


async def _over_udp(env: Env, server: Address, message: bytes, ident: int) -> bytes:
    for _ in range(TRIES):
        channel = env.network.open_udp(server)
        try:
            with trio.move_on_after(PATIENCE):
                channel.send(message)
                return await _receive(channel.receive, ident)
        finally:
            channel.close()
    raise trio.TooSlowError


async def _receive(receive: Callable[[], Awaitable[bytes]], ident: int) -> bytes:
    """The first datagram that has our ID."""
    for _ in range(MAX_STRAY):
        octets = await receive()
        if octets[:2] == ident.to_bytes(2, "big"):
            return octets
    raise trio.TooSlowError


async def _over_tcp(env: Env, server: Address, message: bytes) -> bytes:
    async with await env.network.open_tcp(server) as stream:
        await stream.send_all(framed(message))
        reply = await Messages(stream).read()
        if reply is None:
            raise trio.BrokenResourceError
        return reply


def _reply(octets: bytes, server: Address, is_tcp: bool, took: float) -> Reply:
    response = read_response(octets)
    if isinstance(response, Unreadable):
        raise NoAnswer(f"{server} sent what is no DNS response: {response.reason}")
    return Reply(response, server, is_tcp, took, len(octets))
