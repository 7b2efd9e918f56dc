"""One part at work while callgrind counts its instructions (see callgrind.py); started by bench_instructions."""

import itertools
import sys
from collections.abc import Callable
from typing import Final

import trio
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from resolver.dnssec.anchors import read
from resolver.options import Options
from resolver.service.counts import ServiceCounts
from resolver.service.fast import FastPath, ReplyStyle
from tests.bench.bench_miss import ZONE, Network, Saying, queries_for, reply_to, signed_replies, wired
from tests.bench.bench_service import LOOPBACK, QUERY, AtHome, Known, query_of
from tests.bench.callgrind import DONE, READY, meet
from tests.bench.dearest import DEAR
from tests.build import rrset
from tests.signing import SignedZone

WARMING: Final = 200  # calls before: caches are filled, and the interpreter has specialised its code
TTL: Final = 86400
MISS: Final = "a miss"
SIGNED_MISS: Final = "a signed miss"
VERIFICATION: Final = "the arithmetic of a signed miss"


def hit() -> Callable[[], object]:
    """The reply as it was rendered before."""
    fast = _fast_path()
    return lambda: fast.answer(QUERY, LOOPBACK, LOOPBACK, 0.0)


def composed() -> Callable[[], object]:
    """The reply composed of what is cached, since a second has passed."""
    fast = _fast_path()
    seconds = itertools.count(0.0)
    return lambda: fast.answer(QUERY, LOOPBACK, LOOPBACK, next(seconds) % TTL)


def hit_of_three() -> Callable[[], object]:
    """As hit, of a name with three addresses, each reply in another order."""
    known = Known()
    known.cache.put(rrset("\n".join(f"web.example. 86400 AAAA 2001:db8::{number}" for number in (1, 2, 3))), 0.0)
    fast, query = FastPath(known, known.cache, ServiceCounts(), ReplyStyle(seed=1)), query_of("web.example.")
    return lambda: fast.answer(query, LOOPBACK, LOOPBACK, 0.0)


def truncated_hit() -> Callable[[], object]:
    """As hit, of a name with 250 addresses over UDP: as many as there is room for, others each time."""
    known = Known()
    known.cache.put(rrset("\n".join(f"web.example. 86400 AAAA 2001:db8::{number:x}" for number in range(250))), 0.0)
    fast, query = FastPath(known, known.cache, ServiceCounts(), ReplyStyle(seed=1)), query_of("web.example.")
    return lambda: fast.answer(query, LOOPBACK, LOOPBACK, 0.0)


def internal_hit() -> Callable[[], object]:
    """The same of an internal name: an app with three machines."""
    home = AtHome()
    fast, query = FastPath(home, home.cache, ServiceCounts(), ReplyStyle(seed=1)), query_of("web.internal.")
    return lambda: fast.answer(query, LOOPBACK, LOOPBACK, 0.0)


def verification() -> Callable[[], object]:
    """What of a signed miss nobody can do without: the library's arithmetic, its key read before."""
    private = ec.generate_private_key(ec.SECP256R1())
    digest, signed = ec.ECDSA(hashes.SHA256()), bytes(150)
    key, signature = private.public_key(), private.sign(signed, digest)
    return lambda: key.verify(signature, signed, digest)


def dearest() -> Callable[[], object]:
    """Of all that the public can have cached, what takes longest to answer with: as many hints as a message has room for."""
    return DEAR["HTTPS with 3,900 hints"]()


def dearest_names() -> Callable[[], object]:
    """The same of names, of which none has anything in common with another."""
    return DEAR["240 MX of names of 127 labels"]()


def dearest_internal() -> Callable[[], object]:
    """The same of internal names: as many addresses as a message has room for, in an order that is this client's alone."""
    return DEAR["top9999.nearest.of of 10,000"]()


# one call after the other; a miss needs the daemon's parts around it
PARTS: Final = {
    "a hit": hit,
    "a hit, composed": composed,
    "a hit of three addresses": hit_of_three,
    "a hit of three internal addresses": internal_hit,
    "a hit, truncated": truncated_hit,
    VERIFICATION: verification,
    "the dearest cached query": dearest,
    "the dearest cached names": dearest_names,
    "the dearest internal query": dearest_internal,
}


def _fast_path() -> FastPath:
    known = Known()
    return FastPath(known, known.cache, ServiceCounts())


async def miss(calls: int) -> None:
    """From a query to its reply, all but the sockets: one exchange with a server that answers at once."""
    async with wired(Network(reply_to("name.zone.test.").to_wire())) as daemon:
        daemon.seconds_for(queries_for(range(WARMING)))
        queries = queries_for(range(WARMING, WARMING + calls))
        meet(READY)
        daemon.seconds_for(queries)
        meet(DONE)
        assert daemon.parts.counts.resolve.flights == WARMING + calls, "each was a miss"


async def signed_miss(calls: int) -> None:
    """The same, validated: one signature by a key that is known (ECDSA P-256)."""
    zone = SignedZone(ZONE)
    network = Saying(signed_replies(zone, range(WARMING + calls)))
    async with wired(network, Options(), read(zone.anchor)) as daemon:
        daemon.seconds_for(queries_for(range(WARMING)))
        queries = queries_for(range(WARMING, WARMING + calls))
        meet(READY)
        daemon.seconds_for(queries)
        meet(DONE)
        assert daemon.parts.counts.dnssec.secure >= WARMING + calls, "each was a miss, and is secure"


def main(part: str, calls: int) -> None:
    if part in (MISS, SIGNED_MISS):
        trio.run(miss if part == MISS else signed_miss, calls)
        return
    work = PARTS[part]()
    for _ in range(WARMING):
        work()
    meet(READY)
    for _ in range(calls):
        work()
    meet(DONE)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
