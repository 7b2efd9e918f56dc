"""A client of the daemon in the simulation: sends a query, and reads the reply with dnspython."""

from collections.abc import Iterable

import dns.flags
import dns.message
import trio
from dns.message import Message

from resolver.env import Address, Network
from resolver.service.messages import Messages
from resolver.wire.frames import framed

PATIENCE = 20.0  # s; the daemon owes every query a reply well before
PAYLOAD = 1232


class Client:
    """A stub resolver that trusts nobody but dnspython. ids: of its queries, one after the other."""

    def __init__(self, network: Network, server: Address, first_id: int = 0) -> None:
        self._network = network
        self._server = server
        self._id = first_id

    async def ask(
        self, qname: str, qtype: str = "A", *, rd: bool = True, edns: bool = True, flags: str = ""
    ) -> Message | None:
        """The reply over UDP, or over TCP when it is truncated, as a stub resolver does; None if none comes.

        flags: of AD, CD and DO those that the query has, besides.
        """
        query = self._query(qname, qtype, rd=rd, edns=edns, flags=flags)
        channel = self._network.open_udp(self._server)
        try:
            channel.send(query.to_wire())
            with trio.move_on_after(PATIENCE):
                while True:
                    reply = dns.message.from_wire(await channel.receive())
                    if query.is_response(reply):
                        return await self.ask_tcp(qname, qtype, flags) if reply.flags & dns.flags.TC else reply
        finally:
            channel.close()
        return None

    async def send_all(self, queries: Iterable[bytes], seconds: float) -> list[tuple[float, bytes]]:
        """Send all at once from one port; what comes back within so many seconds, each with the moment it came."""
        channel = self._network.open_udp(self._server)
        came: list[tuple[float, bytes]] = []
        try:
            for query in queries:
                channel.send(query)
            with trio.move_on_after(seconds):
                while True:
                    reply = await channel.receive()
                    came.append((trio.current_time(), reply))
        finally:
            channel.close()
        return came

    async def ask_tcp(self, qname: str, qtype: str = "A", flags: str = "") -> Message | None:
        """The reply over a TCP connection of its own; None if none comes."""
        query = self._query(qname, qtype, rd=True, edns=True, flags=flags).to_wire()
        with trio.move_on_after(PATIENCE):
            async with await self._network.open_tcp(self._server) as stream:
                await stream.send_all(framed(query))
                reply = await Messages(stream).read()
                return None if reply is None else dns.message.from_wire(reply)
        return None

    def _query(self, qname: str, qtype: str, *, rd: bool, edns: bool, flags: str) -> Message:
        self._id = (self._id + 1) % 65536
        query = dns.message.make_query(qname, qtype, id=self._id, use_edns=0 if edns else -1, payload=PAYLOAD)
        if not rd:
            query.flags &= ~dns.flags.RD
        wanted = set(flags.split())
        query.flags |= dns.flags.from_text(" ".join(wanted - {"DO"}))
        if "DO" in wanted:
            query.want_dnssec(True)
        return query
