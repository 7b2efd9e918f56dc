"""A client that floods: questions for names that nobody has asked for, at a given rate, whatever comes back.

`python -m tests.bench.fair.flood ADDRESS PORT SOURCE RATE SECONDS FIRST` prints a line when it begins, and a JSON
object at the end, which may come early by SIGTERM: what was sent, in how many seconds, and replies by RCODE. FIRST: the number in
the first name, from which they are counted up.
"""

import json
import signal
import socket
import struct
import sys
import time
from collections import Counter
from typing import Final

from tests.bench.latency.records import A, wire
from tests.bench.latency.world import PROVIDERS, provider_zone

RD: Final = 0x0100
TICK: Final = 0.002  # s between bursts


def flood(server: tuple[str, int], source: str, rate: float, seconds: float, first: int) -> dict[str, object]:
    """Send for `seconds`; what cannot be sent in time is not made up for."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    sock.bind((source, 0))
    sock.connect(server)
    sock.setblocking(False)
    zones = [wire(provider_zone(number)) for number in range(PROVIDERS)]
    rcodes: Counter[int] = Counter()
    ended = list[int]()
    signal.signal(signal.SIGTERM, lambda number, frame: ended.append(number))
    sent = 0
    began = time.monotonic()
    while (now := time.monotonic() - began) < seconds and not ended:
        due = min(int(rate * now), sent + int(rate * TICK) * 2)
        while sent < due:
            name = b"\x0af%09d" % (first + sent) + zones[sent % len(zones)]
            try:
                sock.send(struct.pack("!6H", sent & 0xFFFF, RD, 1, 0, 0, 0) + name + struct.pack("!HH", A, 1))
            except BlockingIOError:
                break
            sent += 1
        _take_replies(sock, rcodes)
        time.sleep(TICK / 2)
    return {"sent": sent, "seconds": now, "rcodes": dict(rcodes)}


def _take_replies(sock: socket.socket, rcodes: Counter[int]) -> None:
    while True:
        try:
            rcodes[sock.recv(4096)[3] & 0x0F] += 1
        except BlockingIOError:
            return


if __name__ == "__main__":
    host, port, source, rate, seconds, first = sys.argv[1:]
    print("begins", flush=True)
    json.dump(flood((host, int(port)), source, float(rate), float(seconds), int(first)), sys.stdout)
