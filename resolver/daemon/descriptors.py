"""How many files and sockets may this process have open, and what fits into that?"""

import resource
from dataclasses import replace
from typing import Final

import msgspec

from resolver.daemon.prepared import Prepared
from resolver.service.options import LimitOptions

OWN: Final = 64  # files, the log, the state database, listeners, HTTP and the control socket's first connections
TCP_SHARE: Final = 4  # one in so many may be a client's connection, and one a connection to a server
TO_SERVERS: Final = 128  # connections to servers (upstream.connections)
OF_A_QUESTION: Final = 2  # sockets: a server that is late, and another
FEWEST: Final = 8  # questions and connections, however little there is


def raise_limit() -> int:
    """Have as many as the host lets us; returns how many that is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):  # some systems let nobody have what they say is the bound
        return soft
    return hard


def fitted(limits: LimitOptions, descriptors: int) -> LimitOptions:
    """The same, but no more questions and connections than so many descriptors are enough for. Pure."""
    usable = max(0, descriptors - OWN)
    connections = min(limits.tcp_connections, max(FEWEST, usable // TCP_SHARE))
    left = usable - connections - min(TO_SERVERS, usable // TCP_SHARE)
    in_flight = min(limits.in_flight, max(FEWEST, left // OF_A_QUESTION))
    if (connections, in_flight) == (limits.tcp_connections, limits.in_flight):
        return limits
    return msgspec.structs.replace(limits, tcp_connections=connections, in_flight=in_flight)


def fit(prepared: Prepared, descriptors: int) -> Prepared:
    """What was prepared, with limits that fit."""
    options = prepared.options
    limits = fitted(options.limits, descriptors)
    if limits is options.limits:
        return prepared
    return replace(prepared, options=msgspec.structs.replace(options, limits=limits))
