"""Who asks beside what one machine does: how long did each question take, by the kernel's clock at either end?

`python -m tests.bench.beside.victim ADDRESS RATE` reads lines `PORT SECONDS` and answers each with a line of JSON: a list of
seconds, null for no answer, which is no reply or one with an error. The questions are the same for each line, so that from the
second one on all are asked again.
"""

import json
import selectors
import socket
import struct
import sys
import time
from collections.abc import Iterable, Iterator
from random import Random
from typing import Final

from resolver.wire.layout import RCODE_BITS
from tests.bench.latency.figures import NOERROR
from tests.bench.latency.records import A, wire
from tests.bench.latency.world import build, questions

PATIENCE: Final = 2.0  # s after the last question for replies to come
RD: Final = 0x0100
SEED: Final = 5
# asm-generic/socket.h: when the kernel had the reply; what the victim itself waits for the CPU is no fault of who is measured
SO_TIMESTAMPNS: Final = 35
ROOM: Final = socket.CMSG_SPACE(16)

Took = list[float | None]


def serve(lines: Iterable[str], address: str, rate: float) -> Iterator[Took]:
    """What each line's questions took."""
    names = build().names
    for line in lines:
        port, seconds = line.split()
        count = int(rate * float(seconds))
        yield ask((address, int(port)), rate, questions(names, count, Random(SEED)))


def ask(server: tuple[str, int], rate: float, asked: list[str]) -> Took:
    """In the order of asking; they are asked by chance, `rate` of them a second."""
    messages = [
        struct.pack("!6H", number, RD, 1, 0, 0, 0) + wire(name) + struct.pack("!HH", A, 1)
        for number, name in enumerate(asked)
    ]
    sent, took = [0.0] * len(asked), Took([None] * len(asked))
    rng = Random()
    with socket.socket(type=socket.SOCK_DGRAM) as sock, selectors.DefaultSelector() as selector:
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        sock.connect(server)
        sock.setblocking(False)
        selector.register(sock, selectors.EVENT_READ)
        due, number, left = time.monotonic(), 0, len(asked)
        while left and time.monotonic() < due + PATIENCE:
            if number < len(asked) and time.monotonic() >= due:
                sent[number] = time.clock_gettime(time.CLOCK_REALTIME)
                sock.send(messages[number])
                number += 1
                due += rng.expovariate(rate) if number < len(asked) else 0.0
            until = due if number < len(asked) else due + PATIENCE
            if selector.select(max(0.0, until - time.monotonic())):
                left -= take_replies(sock, sent, took)
    return took


def take_replies(sock: socket.socket, sent: list[float], took: Took) -> int:
    """Note what has come; how many questions are answered by it."""
    count = 0
    while True:
        try:
            reply, ancillary, _, _ = sock.recvmsg(4096, ROOM)
        except BlockingIOError:
            return count
        number = int.from_bytes(reply[:2], "big")
        if took[number] is None and reply[3] & RCODE_BITS == NOERROR:
            seconds, nanoseconds = struct.unpack("qq", ancillary[0][2])
            took[number] = seconds + nanoseconds / 1e9 - sent[number]
            count += 1


if __name__ == "__main__":
    for found in serve(sys.stdin, sys.argv[1], float(sys.argv[2])):
        print(json.dumps(found), flush=True)
