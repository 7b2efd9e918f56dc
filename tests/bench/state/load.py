"""Clients of many networks in one process: each query leaves from its network's own loopback address."""

import random
import socket
import struct
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from typing import Final

from cache.names import from_text
from cache.rrtypes import AAAA
from resolver.wire import compose_query, question_octets
from tests.internal_zones.large import SPREAD, name_of, network_of

WINDOW: Final = 64  # queries on their way at once when all are asked as fast as they are answered
GIVE_UP: Final = 2.0  # seconds without any reply
FIRST_WAIT: Final = 0.02
TICK: Final = 0.002  # seconds between the bursts of a steady load
WATCH_EVERY: Final = 0.001
RECEIVE_OCTETS: Final = 4096
BUFFER_OCTETS: Final = 1 << 22  # of the kernel, lest a burst of replies is lost here
IP_PKTINFO: Final = 8  # of linux/in.h; the socket module has it from Python 3.14 on
RCODE: Final = 0xF
NO_OPTIONS: Final = bytes(2)  # the length at the end of an OPT RR that says nothing
WATCHED_GROUP: Final = 1  # the sixth group of an address that tests.internal_zones.committing has set


@dataclass(slots=True)
class Heard:
    """What became of the queries. rcodes: how many replies of each; marked: those with an Extended DNS Error, as stale ones have;
    waits: seconds, of a steady load only.
    """

    sent: int = 0
    marked: int = 0
    seconds: float = 0.0
    rcodes: Counter[int] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)

    @property
    def answered(self) -> int:
        return self.rcodes.total()


def client_of(network: int) -> str:
    """The loopback address from which clients of the network ask."""
    return f"127.1.{network >> 8}.{network & 0xFF}"


def networks_table(apps: int) -> dict[str, int]:
    """The daemon's `[networks]` for clients of so many apps."""
    return {f"{client_of(network)}/32": network for network in range(1, network_of(apps - 1) + 1)}


class Load:
    """Asks a daemon on loopback for the addresses of apps by their numbers."""

    def __init__(self, port: int, seed: int = 1) -> None:
        self.port = port
        self._server = ("127.0.0.1", port)
        self._rng = random.Random(seed)
        self._socket = socket.socket(type=socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_OCTETS)
        self._socket.bind(("0.0.0.0", 0))
        watched = f"{0:06x}{seed * SPREAD & 0xFFFFFFFF:08x}.vm.{name_of(0)}.internal"
        self._watched = question_octets(from_text(watched), AAAA)
        self._asked_at: dict[int, float] = {}
        self._next_id = 0

    def close(self) -> None:
        self._socket.close()

    def first_answer(self) -> int | None:
        """The RCODE of a reply to one query; None: nobody answers, or not yet with an answer."""
        self._socket.settimeout(FIRST_WAIT)
        heard = Heard()
        self._ask(0, heard)
        try:
            return 0 if self._hear(heard) and heard.rcodes[0] else None
        except ConnectionRefusedError:
            time.sleep(FIRST_WAIT)
            return None

    def ask_each(self, apps: Iterable[int]) -> Heard:
        """Each app once, WINDOW at a time."""
        heard, waiting, began = Heard(), 0, time.monotonic()
        self._socket.settimeout(GIVE_UP)
        for app in apps:
            self._ask(app, heard)
            waiting += 1
            if waiting == WINDOW:
                waiting -= self._hear(heard)
        while waiting and self._hear(heard):
            waiting -= 1
        heard.seconds = time.monotonic() - began
        return heard

    def ask_steadily(self, apps: int, rate: int, seconds: float) -> Heard:
        """`rate` queries a second for random ones of the apps, whether they are answered or not."""
        self._socket.setblocking(False)
        while self._hear(Heard()):
            pass  # replies to those who asked before
        heard, began = Heard(), time.monotonic()
        while (now := time.monotonic()) < began + seconds:
            while heard.sent < (now - began) * rate:
                self._ask(self._rng.randrange(apps), heard)
            while self._hear(heard):
                pass
            time.sleep(max(0.0, now + TICK - time.monotonic()))
        heard.seconds = time.monotonic() - began
        return heard

    def watch(self, seconds: float) -> dict[int, float]:
        """When each number of the watched machine was first answered."""
        seen: dict[int, float] = {}
        began = time.monotonic()
        self._socket.settimeout(FIRST_WAIT)
        while (now := time.monotonic()) < began + seconds:
            self._send(self._watched, 0, network_of(0))
            try:
                number = _number_in(self._socket.recv(RECEIVE_OCTETS))
            except TimeoutError:
                continue
            if number is not None:
                seen.setdefault(number, time.monotonic())
            time.sleep(max(0.0, now + WATCH_EVERY - time.monotonic()))
        return seen

    def _ask(self, app: int, heard: Heard) -> None:
        heard.sent += 1
        self._next_id = self._next_id % 0xFFFF + 1
        self._asked_at[self._next_id] = time.monotonic()
        self._send(question_octets(from_text(f"{name_of(app)}.internal"), AAAA), self._next_id, network_of(app))

    def _send(self, asked: bytes, query_id: int, network: int) -> None:
        message = compose_query(id=query_id, asked=asked, rd=True, edns_payload=1232, do=False)
        leaves_from = struct.pack("=I4s4s", 0, socket.inet_aton(client_of(network)), bytes(4))
        self._socket.sendmsg([message], [(socket.IPPROTO_IP, IP_PKTINFO, leaves_from)], 0, self._server)

    def _hear(self, heard: Heard) -> bool:
        """Take one reply; False: there was none."""
        try:
            reply = self._socket.recv(RECEIVE_OCTETS)
        except (BlockingIOError, TimeoutError):
            return False
        now, query_id = time.monotonic(), int.from_bytes(reply[:2])
        heard.rcodes[reply[3] & RCODE] += 1
        heard.marked += reply[-2:] != NO_OPTIONS
        heard.waits.append(now - self._asked_at.pop(query_id, now))
        return True


def _number_in(reply: bytes) -> int | None:
    """What was committed to the watched machine: its address is the last thing in the answer, before the OPT RR of 11 octets.
    None: nothing yet, or no answer."""
    if reply[3] & RCODE or not int.from_bytes(reply[6:8]):
        return None
    groups = IPv6Address(reply[-27:-11]).exploded.split(":")
    return int(groups[6], 16) if int(groups[5], 16) == WATCHED_GROUP else None
