"""Which queries are logged, for as long as somebody wants to see them? All, some, or those of one network; bounded a second."""

import ipaddress
from collections.abc import Callable
from typing import Final, Literal

import structlog

from cache.names import WireName, to_text
from resolver.observe.sampled import Sampled
from resolver.observe.tap import Ends
from resolver.wire.layout import HEADER_OCTETS, RCODE_BITS, number_at
from resolver.wire.names import end_of_name
from resolver.wire.text import rcode_to_text, type_to_text

Mode = Literal["off", "sampled", "all"]
PAUSES: Final[dict[Mode, float]] = {"sampled": 0.1, "all": 0.001}  # s between two that are logged

log = structlog.get_logger()


class QueryLog:
    """A ClientTap (observe.tap) that makes lines of the log, at the level info."""

    def __init__(
        self,
        mode: Mode,
        network: int | None,
        network_of: Callable[[bytes, bytes], int | None],
        now: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        """mode: not off. network: only its clients; None: all. network_of: of a client and the address that it asked.

        now: monotonic seconds.
        """
        self.mode: Final = mode
        self.network: Final = network
        self.wall = wall
        self._network_of = network_of
        self._now = now
        self._sampled = Sampled(PAUSES[mode])

    def client_query(self, data: bytes, ends: Ends) -> None:
        """Its reply says it all."""

    def client_response(self, reply: bytes, ends: Ends, asked_at: float) -> None:
        """A client is answered."""
        if self.network is not None and self._network_of(ends.client, ends.local) != self.network:
            return
        unlogged = self._sampled.unlogged(self._now())
        if unlogged is None:
            return
        name, rtype = question_of(reply)
        log.info(
            "query",
            name=name,
            type=rtype,
            rcode=rcode_to_text(reply[3] & RCODE_BITS),
            client=str(ipaddress.ip_address(ends.client)),
            network=self._network_of(ends.client, ends.local),
            transport="tcp" if ends.is_tcp else "udp",
            ms=round(1000 * max(0.0, self.wall() - asked_at), 2),
            octets=len(reply),
            unlogged=unlogged,
        )


def question_of(reply: bytes) -> tuple[str, str]:
    """Name and type of the question that a reply of ours repeats; ("", "") when it has none."""
    if not int.from_bytes(reply[4:6], "big"):
        return "", ""
    end = end_of_name(reply, HEADER_OCTETS)
    return to_text(WireName(reply[HEADER_OCTETS:end].lower())), type_to_text(number_at(reply, end))
