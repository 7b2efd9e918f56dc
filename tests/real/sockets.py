"""Ports that are free, and which addresses a process's network namespace listens on, read from /proc."""

import ipaddress
import random
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle
from pathlib import Path
from typing import Final

TCP_LISTEN: Final = "0A"
UDP_UNCONNECTED: Final = "07"
POLL: Final = 0.02  # s
TRIES: Final = 100


def is_listening(pid: int, address: str, port: int) -> bool:
    """Do both UDP and TCP of `address` and `port` belong to somebody in the network namespace of `pid`?"""
    ip = ipaddress.ip_address(address)
    suffix = "" if ip.version == 4 else "6"
    words = [ip.packed[at : at + 4][::-1] for at in range(0, len(ip.packed), 4)]  # /proc shows host byte order
    local = f"{b''.join(words).hex().upper()}:{port:04X}"
    return all(
        _is_in_table(Path(f"/proc/{pid}/net/{transport}{suffix}"), local, state)
        for transport, state in (("udp", UDP_UNCONNECTED), ("tcp", TCP_LISTEN))
    )


def wait_until(is_true: Callable[[], bool], timeout: float) -> bool:
    """Did it become true within `timeout` seconds?"""
    deadline = time.monotonic() + timeout
    while not is_true():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL)
    return True


def free_port(address: str = "127.0.0.1") -> int:
    """A port that neither UDP nor TCP of `address` uses, that nobody gets unasked, and that this process says once."""
    for _ in range(TRIES):
        port = next(_PORTS)
        try:
            for sock in _pair_at(address, port):
                sock.close()
        except OSError:
            continue
        return port
    raise AssertionError(f"no port of {address} is free for both UDP and TCP")


@contextmanager
def bound_pair(address: str = "127.0.0.1") -> Iterator[tuple[socket.socket, socket.socket]]:
    """A UDP and a TCP socket, bound to the same port; neither listens yet."""
    for _ in range(TRIES):
        try:
            udp, tcp = _pair_at(address, next(_PORTS))
        except OSError:
            continue
        with udp, tcp:
            yield udp, tcp
        return
    raise AssertionError(f"no port of {address} is free for both UDP and TCP")


def _pair_at(address: str, port: int) -> tuple[socket.socket, socket.socket]:
    """UDP and TCP sockets bound there, or an OSError and none."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with ExitStack() as stack:
        udp = stack.enter_context(socket.socket(family, socket.SOCK_DGRAM))
        tcp = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as a daemon binds: old connections do no harm
        udp.bind((address, port))
        tcp.bind((address, port))
        stack.pop_all()
        return udp, tcp


def _ports() -> Iterator[int]:
    """Ports that are no socket's that binds to port 0 or connects, round and round, from a random one on."""
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports = range(10_000, first) if first > 11_000 else range(61_000, 65_536)
    start = random.randrange(len(ports))
    return cycle((*ports[start:], *ports[:start]))


_PORTS: Final = _ports()


def _is_in_table(table: Path, local: str, state: str) -> bool:
    try:
        rows = table.read_text().splitlines()[1:]
    except OSError:  # the process is gone
        return False
    return any(fields[1] == local and fields[3] == state for fields in map(str.split, rows))
