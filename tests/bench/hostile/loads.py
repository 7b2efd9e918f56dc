"""What one hostile machine does, one thing at a time: `python -m tests.bench.hostile.loads LOAD ADDRESS PORT NAME SECONDS`.

NAME is one that is cached; everything comes from 127.0.0.66. Prints a line when it begins, and how much was sent at the end.
"""

import contextlib
import socket
import struct
import sys
import time
from collections.abc import Callable
from itertools import count
from random import Random
from typing import Final

from resolver.wire.frames import framed

SOURCE: Final = "127.0.0.66"
RATE: Final = 2000  # datagrams a second
TICK: Final = 0.005  # s
A, ANY, IN, CHAOS, RD = 1, 255, 1, 3, 0x0100
STATUS: Final = 2 << 11  # an opcode that nobody implements

Load = Callable[[tuple[str, int], str, float], int]


def wire(name: str) -> bytes:
    return b"".join(bytes((len(label),)) + label.encode() for label in name.rstrip(".").split(".")) + b"\0"


def query(number: int, name: bytes, *, qtype: int = A, qclass: int = IN, flags: int = RD, padding: int = -1) -> bytes:
    """padding: octets of an EDNS option; -1: no EDNS."""
    opt = b""
    if padding >= 0:
        opt = (
            b"\0" + struct.pack("!HHIH", 41, 1232, 0, 4 + padding) + struct.pack("!HH", 65001, padding) + bytes(padding)
        )
    head = struct.pack("!6H", number & 0xFFFF, flags, 1, 0, 0, int(bool(opt)))
    return head + name + struct.pack("!HH", qtype, qclass) + opt


def flood(make: Callable[[int, bytes, Random], bytes]) -> Load:
    """Datagrams at RATE, replies unread."""

    def run(server: tuple[str, int], name: str, seconds: float) -> int:
        octets, rng = wire(name), Random(1)
        with socket.socket(type=socket.SOCK_DGRAM) as sock:
            sock.bind((SOURCE, 0))
            sock.connect(server)
            sock.setblocking(False)
            began, sent = time.monotonic(), 0
            while (passed := time.monotonic() - began) < seconds:
                for _ in range(min(int(RATE * passed) - sent, int(2 * RATE * TICK))):
                    with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
                        sock.send(make(sent, octets, rng))
                    sent += 1
                with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
                    while sock.recv(4096):
                        pass
                time.sleep(TICK)
        return sent

    return run


def other_case(number: int, name: bytes, rng: Random) -> bytes:
    return query(number, bytes(octet ^ 0x20 * rng.getrandbits(1) if 97 <= octet <= 122 else octet for octet in name))


def below(number: int, name: bytes, rng: Random) -> bytes:
    """A name that nobody has asked for and that is not there (water torture)."""
    return query(number, b"\x0a%010x" % rng.getrandbits(40) + name)


def connected(server: tuple[str, int]) -> socket.socket:
    return socket.create_connection(server, 2.0, (SOURCE, 0))


def silent(server: tuple[str, int], name: str, seconds: float) -> int:
    """As many connections as can be had, which say nothing."""
    began, opened = time.monotonic(), list[socket.socket]()
    while time.monotonic() - began < seconds:
        with contextlib.suppress(OSError):
            opened.append(connected(server))
        time.sleep(TICK)
    return len(opened)


def over_tcp(make: Callable[[int, bytes], bytes], *, reads: bool) -> Load:
    """Messages over eight connections as fast as they are taken."""

    def run(server: tuple[str, int], name: str, seconds: float) -> int:
        began, sent, octets = time.monotonic(), 0, wire(name)
        streams = list[socket.socket]()
        for number in count():
            if time.monotonic() - began >= seconds:
                return sent
            try:
                if len(streams) < 8:
                    streams.append(connected(server))
                    streams[-1].settimeout(0.05)
                stream = streams[number % len(streams)]
                stream.sendall(framed(make(number, octets)))
                sent += 1
                if reads:
                    stream.recv(65536)
            except TimeoutError:
                continue
            except OSError:
                streams.clear()
                time.sleep(TICK)
        return sent

    return run


def churn(server: tuple[str, int], name: str, seconds: float) -> int:
    """A connection, a question, and away, without end."""
    began, opened = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        with contextlib.suppress(OSError), connected(server) as stream:
            stream.sendall(framed(query(opened, wire(name))))
            opened += 1
        time.sleep(TICK / 5)
    return opened


LOADS: Final[dict[str, Load]] = {
    "hits": flood(lambda number, name, rng: query(number, name)),
    "hits in any case": flood(other_case),
    "made-up names": flood(below),
    "garbage": flood(lambda number, name, rng: rng.randbytes(40)),
    "no such opcode": flood(lambda number, name, rng: query(number, name, flags=STATUS)),
    "another class": flood(lambda number, name, rng: query(number, name, qclass=CHAOS)),
    "ANY": flood(lambda number, name, rng: query(number, name, qtype=ANY)),
    "large options": flood(lambda number, name, rng: query(number, name, padding=1200)),
    "silent connections": silent,
    "large queries, TCP": over_tcp(lambda number, name: query(number, name, padding=60_000), reads=True),
    "replies unread, TCP": over_tcp(lambda number, name: query(number, name), reads=False),
    "connections without end": churn,
}


def main() -> None:
    load, host, port, name, seconds = sys.argv[1:]
    print("begins", flush=True)
    print(LOADS[load]((host, int(port)), name, float(seconds)))


if __name__ == "__main__":
    main()
