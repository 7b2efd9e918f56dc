"""Does the daemon answer? Asked of itself as a client asks, over a UDP socket, before it is called ready or takes over."""

from collections.abc import Sequence
from typing import Final

import trio

from cache.answer import Question
from cache.names import from_text, to_text
from cache.rrset import RRset
from cache.rrtypes import A
from cache.store import RRsetCache
from resolver.daemon.parts import Parts
from resolver.env import Address, Env
from resolver.service.udp import serve_udp
from resolver.wire import compose_query, question_octets, read_response
from resolver.wire.message import Unreadable

TRIES: Final = 3
PATIENCE: Final = 1.0  # s for one reply
READY_WITHIN: Final = 5.0  # s in which the state database must be as well as the daemon before us had it
POLL: Final = 0.05  # s
LOCALHOST: Final = Question(from_text("localhost."), A)
LOOPBACK: Final = Address("127.0.0.1", 0)
LOOPBACKS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # where a daemon that listens everywhere is asked
LOOKED_AT: Final = 200  # names of the cache among which one is looked for that can be asked


async def faults_of_successor(parts: Parts, problems_before: Sequence[str]) -> tuple[str, ...]:
    """Why a daemon that nobody asks yet must not take over, one sentence each; () when it may.

    problems_before: of the daemon before it, for which it need not be better.
    """
    listener = await parts.env.network.listen_udp(LOOPBACK)
    draining = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve_udp, listener, parts.handler, parts.mesh, draining)
        faults = await _faults(parts, listener.address, problems_before)
        nursery.cancel_scope.cancel()
    return faults


async def answers(env: Env, address: Address, question: Question = LOCALHOST) -> bool:
    """Does a reply come from this address, whatever it says?"""
    for _ in range(TRIES):
        with trio.move_on_after(PATIENCE):
            if await _is_answered(env, address, question):
                return True
    return False


async def _faults(parts: Parts, address: Address, problems_before: Sequence[str]) -> tuple[str, ...]:
    env = parts.env
    if not await answers(env, address):
        return (f"no answer for localhost. A came within {TRIES * PATIENCE:.0f} s",)
    known = _cached(parts.memory.cache, env.now())
    if known is not None and not await answers(env, address, known):
        return (f"no answer for {to_text(known.qname)} A, which is cached, came within {TRIES * PATIENCE:.0f} s",)
    if not problems_before:
        with trio.move_on_after(READY_WITHIN):
            while parts.problems():  # noqa: ASYNC110  # nobody tells of a first look
                await trio.sleep(POLL)
    return () if problems_before else parts.problems()


async def _is_answered(env: Env, address: Address, question: Question) -> bool:
    """Does what comes first answer this?"""
    ident = env.rng.getrandbits(16)
    asked = question_octets(question.qname, question.qtype)
    channel = env.network.open_udp(Address(LOOPBACKS.get(address.host, address.host), address.port))
    try:
        channel.send(compose_query(id=ident, asked=asked, rd=False, edns_payload=1232, do=False))
        response = read_response(await channel.receive())
    except OSError:
        return False
    finally:
        channel.close()
    return not isinstance(response, Unreadable) and response.id == ident


def _cached(cache: RRsetCache, now: float) -> Question | None:
    """A question whose answer is in the cache, if one is found soon."""
    for count, node in enumerate(cache.walk_nodes()):
        for entry in node.entries:
            if type(entry) is RRset and entry.rtype == A and entry.expires > now + 60:
                return Question(entry.owner, A)
        if count == LOOKED_AT:
            break
    return None
