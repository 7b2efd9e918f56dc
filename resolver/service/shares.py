"""Whose turn is it when more waits than can be begun at once? Networks take turns, in each its machines, by what work they bring.

Deficit round robin (Shreedhar and Varghese, 1995), charged once the work is done, as nobody knows before what it takes. Who
asks for less than a fair share is served first; who floods waits behind what it has sent itself, and has no more places to wait
in than are still free, in all and of its network's (dynamic thresholds, Choudhury and Hahne, 1998).
"""

from collections import deque
from collections.abc import Callable
from typing import Final, final

from resolver.policy.views import machine_of, network_behind

QUANTUM: Final = 0.0002  # s of work at a time: what one question takes whose answer is not known
MOST_DEBT: Final = 50 * QUANTUM  # s of work: who waits gets it back in so many rounds, and each is the loop's time
PLACES: Final = 4096  # to wait in, each of
NETWORK_PLACES: Final = PLACES // 2  # that all machines of a network share
PLACE_OCTETS: Final = 512  # that what waits in one place may hold, beside as many for its waiting
FEW: Final = 8  # places that every machine may have however full it is
MAX_CLIENTS: Final = 4096  # addresses whose lines are known; others are looked for

Begin = Callable[[], None]


@final
class _Line:
    """What waits of one machine; it stays, empty, while more was done for it than was its turn."""

    __slots__ = ("credit", "is_gone", "key", "network", "places", "waiting")

    def __init__(self, key: bytes, network: "_Network") -> None:
        self.key: Final = key
        self.network: Final = network
        self.is_gone = False  # nothing waits in it, and nothing is owed
        self.credit = 0.0  # s of work, less than nothing: it has had more
        self.places = 0
        self.waiting: deque[tuple[Begin, int]] = deque()


@final
class _Network:
    """Its machines, and what they have together. ring: whose turn it is comes first."""

    __slots__ = ("credit", "key", "lines", "places", "ring")

    def __init__(self, key: bytes) -> None:
        self.key: Final = key
        self.credit = 0.0
        self.places = 0
        self.lines: dict[bytes, _Line] = {}
        self.ring: deque[_Line] = deque()

    def line_of(self, machine: bytes) -> _Line:
        line = self.lines.get(machine)
        if line is None:
            line = self.lines[machine] = _Line(machine, self)
            self.ring.append(line)
        return line

    def next_line(self) -> _Line:
        """That whose turn it is; there must be one that waits."""
        while True:
            line = self.ring[0]
            if line.credit <= 0.0:
                line.credit = _after_a_turn(line.credit, is_alone=len(self.ring) == 1)
                self.ring.rotate(-1)
            elif not line.waiting:  # it has waited long enough for what it had
                self.ring.popleft()
                del self.lines[line.key]
                line.is_gone = True
            else:
                return line

    def end(self) -> None:
        """Nothing is owed by it any more. Its lines know it, as it knows them: kept so, only the collector would find them."""
        for line in self.ring:
            line.is_gone = True
        self.ring.clear()
        self.lines.clear()


@final
class Shares:
    """What waits, in all. Bounded in places; who has nothing waiting, and owes nothing, takes no memory."""

    def __init__(self) -> None:
        self.waiting = 0
        self.places = 0
        self._networks: dict[bytes, _Network] = {}
        self._ring: deque[_Network] = deque()
        self._by_client: dict[bytes, _Line] = {}  # what was looked up of late

    def put(self, client: bytes, begin: Begin, octets: int) -> bool:
        """Have what came from this packed address wait for its turn; False: it has no place.

        octets: that it holds on to.
        """
        places = 1 + octets // PLACE_OCTETS
        if self.places + places > 2 * PLACES:  # a thousand networks, each with its few
            return False
        line = self._by_client.get(client)
        if line is None or line.is_gone:
            line = self._find(client)
        network = line.network
        if line.places >= max(FEW, min(PLACES - self.places, NETWORK_PLACES - network.places)):
            return False
        line.waiting.append((begin, places))
        line.places += places
        network.places += places
        self.places += places
        self.waiting += 1
        return True

    def take(self) -> Begin | None:
        """What is to be begun now; None: nothing waits, and all debts are forgiven."""
        if not self.waiting:
            for network in self._ring:
                network.end()
            self._networks.clear()
            self._ring.clear()
            self._by_client.clear()
            return None
        while True:
            network = self._ring[0]
            if network.credit <= 0.0:
                network.credit = _after_a_turn(network.credit, is_alone=len(self._ring) == 1)
                self._ring.rotate(-1)
            elif not network.places:
                self._ring.popleft()
                del self._networks[network.key]
                network.end()
            else:
                return self._take_of(network)

    def charge(self, client: bytes, seconds: float) -> bool:
        """So much was done for this client; it counts while anybody waits. Has it a line here, to count in?"""
        line = self._line_of(client) if self.waiting else None
        if line is None:
            return False
        line.credit = max(line.credit - seconds, -MOST_DEBT)
        line.network.credit = max(line.network.credit - seconds, -MOST_DEBT)
        return True

    def has_waiting(self, client: bytes) -> bool:
        """Does anything of this machine's wait?"""
        return self.waiting > 0 and self.places_of(client) > 0

    def places_of(self, client: bytes) -> int:
        """In how many places this machine waits."""
        line = self._line_of(client)
        return line.places if line is not None else 0

    def waiting_by_machine(self) -> dict[bytes, int]:
        """How many wait of each machine of which any does."""
        return {
            line.key: len(line.waiting)
            for network in self._networks.values()
            for line in network.lines.values()
            if line.waiting
        }

    def _line_of(self, client: bytes) -> _Line | None:
        """The line in which this address is, if there is one."""
        line = self._by_client.get(client)
        if line is not None and not line.is_gone:
            return line
        network = self._networks.get(network_behind(client))
        return network.lines.get(machine_of(client)) if network is not None else None

    def _find(self, client: bytes) -> _Line:
        """The line in which this address is from now on."""
        key, machine = network_behind(client), machine_of(client)
        network = self._networks.get(key)
        if network is None:
            network = self._networks[key] = _Network(key)
            self._ring.append(network)
        line = network.line_of(machine)
        if len(self._by_client) >= MAX_CLIENTS:
            self._by_client.clear()
        self._by_client[client] = line
        return line

    def _take_of(self, network: _Network) -> Begin:
        line = network.next_line()
        begin, places = line.waiting.popleft()
        line.places -= places
        network.places -= places
        self.places -= places
        self.waiting -= 1
        return begin


def _after_a_turn(credit: float, *, is_alone: bool) -> float:
    """What who owes something has after its turn; one that is alone has all the turns until it owes nothing."""
    turns = int(-credit / QUANTUM) + 1 if is_alone else 1
    return credit + turns * QUANTUM
