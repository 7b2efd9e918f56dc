"""Which TCP connections may be there? As many as the limits allow, shared by machines and networks (RFC 7766 §6.2.2).

While there is room everybody is taken. When there is none, a connection with nothing under way gives way, of the network and
the machine that have the most; whoever has as many as anybody else himself is refused instead.
"""

from collections import Counter
from typing import Final

import trio

from resolver.policy.views import machine_of, network_behind
from resolver.service.counts import ServiceCounts
from resolver.service.options import LimitOptions
from resolver.service.replies import Queued, Replies

MIN_IDLE: Final = 0.2  # s that a connection may be silent when there are as many as may be
AMPLE: Final = 0.5  # share of the connections that may be open before they must be silent for less long


class Slot:
    """The place of one connection.

    reads: the scope in which it reads queries at all; waits: that in which it waits for one, None while it does not.
    in_flight: its questions that wait for an answer. last_used: when its last query came, in monotonic seconds.
    is_evicted: had it to give way?
    """

    __slots__ = ("in_flight", "is_evicted", "last_used", "machine", "network", "reads", "replies", "waits")

    def __init__(self, machine: bytes, network: bytes, now: float, queued: Queued) -> None:
        self.machine = machine
        self.network = network
        self.replies = Replies(queued)
        self.in_flight = 0
        self.last_used = now
        self.reads = trio.CancelScope()
        self.waits: trio.CancelScope | None = None
        self.is_evicted = False

    @property
    def is_idle(self) -> bool:
        """Is nothing under way on it?"""
        return self.waits is not None and not self.in_flight and not self.replies.octets

    def evict(self) -> None:
        """Have it close."""
        self.is_evicted = True
        if self.waits is not None:
            self.waits.cancel()


class Connections:
    """The open connections; one for all listeners."""

    def __init__(self, limits: LimitOptions, counts: ServiceCounts) -> None:
        self.queued = Queued()
        self._limits = limits
        self._counts = counts
        self._slots: dict[int, Slot] = {}  # bounded by `tcp_connections`, and those that are closing
        self._by_machine: Counter[bytes] = Counter()
        self._by_network: Counter[bytes] = Counter()

    def adopt(self, limits: LimitOptions) -> None:
        """Go by these limits from now on; what is open stays open."""
        self._limits = limits

    def admit(self, client: bytes, now: float) -> Slot | None:
        """A place for one connection more; None: it must be closed."""
        machine, network = machine_of(client), network_behind(client)
        if not self._make_room(machine, network):
            self._counts.tcp_refused += 1
            return None
        slot = Slot(machine, network, now, self.queued)
        self._slots[id(slot)] = slot
        self._by_machine[machine] += 1
        self._by_network[network] += 1
        counts = self._counts
        counts.tcp_connections += 1
        counts.tcp_connections_current = len(self)
        counts.tcp_connections_peak = max(counts.tcp_connections_peak, len(self))
        return slot

    def release(self, slot: Slot) -> None:
        """A connection is closed."""
        slot.replies.give_up()
        if not slot.is_evicted:
            self._forget(slot)
        del self._slots[id(slot)]
        self._counts.tcp_connections_current = len(self)

    def shed(self) -> None:
        """Have all close that have nothing under way, a query that is not whole perhaps: the host lacks memory."""
        for slot in self._slots.values():
            if slot.is_idle and not slot.is_evicted:
                self._have_close(slot)

    def idle_time(self) -> float:
        """Seconds for which a connection may be silent: less, the fewer places are left."""
        left = 1.0 - len(self) / self._limits.tcp_connections
        return max(MIN_IDLE, self._limits.tcp_idle * min(1.0, left / (1.0 - AMPLE)))

    def __len__(self) -> int:
        """Those that are there and not about to close."""
        return self._by_machine.total()

    def _make_room(self, machine: bytes, network: bytes) -> bool:
        """May one more be there, when perhaps an idle one has given way?"""
        limits = self._limits
        if self._by_machine[machine] >= limits.tcp_connections_per_client:
            return self._evict([slot for slot in self._slots.values() if slot.machine == machine])
        if len(self) < limits.tcp_connections:
            return True
        of_network, of_machine = self._by_network[network], self._by_machine[machine]
        richer = [
            slot
            for slot in self._slots.values()
            if (slot.network != network and self._by_network[slot.network] > of_network)
            or (slot.network == network and self._by_machine[slot.machine] > of_machine)
        ]
        return self._evict(richer) or self._evict([slot for slot in self._slots.values() if slot.machine == machine])

    def _evict(self, slots: list[Slot]) -> bool:
        """Have the least useful of these that is idle give way; False: none is."""
        idle = [slot for slot in slots if slot.is_idle and not slot.is_evicted]
        if not idle:
            return False
        self._have_close(max(idle, key=self._burden))
        return True

    def _have_close(self, slot: Slot) -> None:
        slot.evict()
        self._counts.tcp_evicted += 1
        self._forget(slot)

    def _burden(self, slot: Slot) -> tuple[int, int, float]:
        return self._by_network[slot.network], self._by_machine[slot.machine], -slot.last_used

    def _forget(self, slot: Slot) -> None:
        for counter, key in ((self._by_machine, slot.machine), (self._by_network, slot.network)):
            counter[key] -= 1
            if not counter[key]:
                del counter[key]
