"""What does one server of the small internet do with a query? It counts it, and answers as its zones and behaviours say."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

import dns.exception
import dns.message
from dns.name import Name
from dns.rdatatype import RdataType

from resolver.demo.authority import Authority, Transport
from resolver.demo.behaviour import Asking, Behaviour, Delivery, altered
from resolver.demo.zone import Zone
from resolver.env import Rng

MAX_COUNTED: Final = 10_000  # questions told apart; whoever asks more has them counted from 0 again


class Server:
    """An authoritative server. behaviours may be changed at any time; usual: those that it has when it is well."""

    def __init__(
        self,
        name: str,
        addresses: tuple[str, ...],
        versions: Iterable[tuple[Zone, ...]],
        *,
        delay: float = 0.0,
        behaviours: tuple[Behaviour, ...] = (),
    ) -> None:
        """versions: the zones it serves; of several versions, one is picked for each query. delay: seconds."""
        self.name = name
        self.addresses = addresses
        self.delay = delay
        self.behaviours = self.usual = behaviours
        self.authorities = tuple(map(Authority, versions))
        self._asked: Counter[tuple[str, str]] = Counter()

    def answer(self, query: bytes, transport: Transport, rng: Rng) -> list[Delivery]:
        """What leaves the server, and when, because of this query."""
        self._note(query)
        authority = self.authorities[rng.randrange(0, len(self.authorities))]
        response = authority.respond(query, transport)
        if response is None:
            return []
        return altered([Delivery(self.delay, response)], self.behaviours, Asking(query, transport, rng))

    def times_asked(self, qname: str | None = None, qtype: str | None = None) -> int:
        """How many queries came in since the count began; of that name, of that type. qname: with its final dot."""
        return sum(
            count
            for (of_name, of_type), count in self._asked.items()
            if qname in (None, of_name) and qtype in (None, of_type)
        )

    def forget_asked(self) -> None:
        """Begin counting anew."""
        self._asked.clear()

    def change(self, origin: Name, change: Callable[[Zone], Zone]) -> list[Zone]:
        """Serve changed versions of the zone from now on; these, [] when it is not served here."""
        changed = []
        for authority in self.authorities:
            if origin in authority.zones:
                changed.append(change(authority.zones[origin]))
                authority.publish(changed[-1])
        return changed

    def _note(self, query: bytes) -> None:
        try:
            asked = dns.message.from_wire(query, question_only=True).question[0]
        except (dns.exception.DNSException, ValueError, IndexError):
            return
        if len(self._asked) >= MAX_COUNTED:
            self._asked.clear()
        self._asked[asked.name.canonicalize().to_text(), RdataType.to_text(asked.rdtype)] += 1
