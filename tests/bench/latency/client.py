"""Clients that ask at a given rate whatever happens: how long did each question take, and what came of it?

`python -m tests.bench.latency.client ADDRESS PORT RATE SECONDS` prints one JSON list of [seconds, rcode]; rcode null: no reply.
"""

import json
import selectors
import socket
import struct
import sys
import time
from random import Random
from typing import Final

from tests.bench.latency.records import A, wire
from tests.bench.latency.world import build, questions

PATIENCE: Final = 10.0  # s after which a client has given up
RD: Final = 0x0100
SEED: Final = 5

Result = tuple[float, int | None]


def ask(server: tuple[str, int], rate: float, seconds: float) -> list[Result]:
    """The results in the order of asking; the questions come by chance, `rate` of them a second."""
    rng = Random(SEED)
    asked = questions(build().names, int(rate * seconds), rng)
    due, at = [], 0.0
    for _ in asked:
        at += rng.expovariate(rate)
        due.append(at)
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    sock.connect(server)
    sock.setblocking(False)
    run = _Run(sock, asked, due)
    with selectors.DefaultSelector() as selector:
        selector.register(sock, selectors.EVENT_READ)
        while (wait := run.send_what_is_due()) is not None:
            selector.select(wait)
            run.take_replies()
    return [(run.took[number], run.rcodes[number]) for number in range(len(asked))]


class _Run:
    """The number of a question is its message ID."""

    def __init__(self, sock: socket.socket, asked: list[str], due: list[float]) -> None:
        self._sock = sock
        self._messages = [
            struct.pack("!6H", number, RD, 1, 0, 0, 0) + wire(name) + struct.pack("!HH", A, 1)
            for number, name in enumerate(asked)
        ]
        self._began = time.monotonic()
        self._due = due
        self._next = 0
        self._open: dict[int, float] = {}
        self.took = [PATIENCE] * len(asked)
        self.rcodes: list[int | None] = [None] * len(asked)

    def send_what_is_due(self) -> float | None:
        """Seconds until something else is; None when all is over."""
        now = time.monotonic() - self._began
        while self._next < len(self._due) and self._due[self._next] <= now:
            self._open[self._next] = time.monotonic()
            self._sock.send(self._messages[self._next])
            self._next += 1
        if self._next < len(self._due):
            return max(0.0, self._due[self._next] - now)
        left = self._due[-1] + PATIENCE - now
        return left if self._open and left > 0 else None

    def take_replies(self) -> None:
        while True:
            try:
                reply = self._sock.recv(4096)
            except BlockingIOError:
                return
            number = int.from_bytes(reply[:2], "big")
            sent_at = self._open.pop(number, None)
            if sent_at is not None:
                self.took[number] = time.monotonic() - sent_at
                self.rcodes[number] = reply[3] & 0x0F


if __name__ == "__main__":
    json.dump(ask((sys.argv[1], int(sys.argv[2])), float(sys.argv[3]), float(sys.argv[4])), sys.stdout)
