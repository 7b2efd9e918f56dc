"""The servers of a scenario: which entry answers this query at this step, and with which octets?"""

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
from dns.message import Message

from resolver.demo.authority import Transport
from resolver.demo.behaviour import Delivery
from resolver.env import Rng
from tests.replay.format import Entry, Scenario

MIN_OCTETS = 512


class Stage:
    """What the servers of a scenario have in common. undefined: queries that the scenario has no answer for."""

    def __init__(self, scenario: Scenario, roots: tuple[str, ...]) -> None:
        """roots: hosts whose priming query is answered without an entry: with themselves."""
        self.scenario = scenario
        self.roots = roots
        self.step = scenario.steps[0].number
        self.undefined: list[str] = []

    def hosts(self) -> tuple[str, ...]:
        """Every address that is served, once."""
        served = [host for here in self.scenario.ranges for host in here.hosts]
        return tuple(dict.fromkeys((*self.roots, *served)))

    def find(self, host: str, query: Message, transport: Transport) -> Entry | None:
        """The first entry of the step's ranges that answers the query at this host."""
        for here in self.scenario.ranges:
            if here.first <= self.step <= here.last and (not here.hosts or host in here.hosts):
                for entry in here.entries:
                    if answers(entry, query, transport):
                        return entry
        return None


class StagedServer:
    """One host of the stage, as resolver.demo.serve_authority.Answering wants it."""

    def __init__(self, stage: Stage, host: str) -> None:
        self.addresses = (host,)
        self._stage = stage
        self._host = host

    def answer(self, query: bytes, transport: Transport, rng: Rng) -> list[Delivery]:
        """What goes back for a query, and when."""
        message = dns.message.from_wire(query)
        entry = self._stage.find(self._host, message, transport)
        if entry is None and self._host in self._stage.roots and _is_priming(message):
            return [Delivery(0.0, _priming(message, self._stage.roots))]
        if entry is None:
            asked = message.question[0]
            rtype = dns.rdatatype.to_text(asked.rdtype)
            self._stage.undefined.append(
                f"step {self._stage.step}: {self._host} was asked {asked.name.canonicalize()} {rtype}"
            )
            reply = dns.message.make_response(message)
            reply.set_rcode(dns.rcode.SERVFAIL)
            return [Delivery(0.0, reply.to_wire())]
        if "do_not_answer" in entry.adjust:
            return []
        return [Delivery(entry.delay, reply_of(entry, message, transport))]


def answers(entry: Entry, query: Message, transport: Transport) -> bool:
    """Is the entry meant for the query? Only what its MATCH line names is compared."""
    match, asked = entry.match, query.question[0]
    if ("UDP" in match and transport is not Transport.UDP) or ("TCP" in match and transport is not Transport.TCP):
        return False
    if "DO" in match and not query.ednsflags & dns.flags.DO:
        return False
    if entry.question is None:
        return True
    qname, qtype = entry.question
    if "subdomain" in match and not asked.name.is_subdomain(qname):
        return False
    if ("qname" in match and asked.name != qname) or ("qtype" in match and asked.rdtype != qtype):
        return False
    return "qcase" not in match or asked.name.labels == qname.labels


def reply_of(entry: Entry, query: Message, transport: Transport) -> bytes:
    """The entry as a reply to the query: truncated when it does not fit."""
    reply = dns.message.make_response(query, our_payload=1232)
    reply.flags = dns.flags.Flag(entry.flags)
    reply.set_rcode(dns.rcode.Rcode(entry.rcode))
    if "copy_query" not in entry.adjust and entry.question is not None:
        asked = query.question[0]
        qname, qtype = entry.question
        # a server keeps the letter case of what it was asked (0x20)
        reply.question = [dns.rrset.RRset(asked.name if asked.name == qname else qname, asked.rdclass, qtype)]
    for section, name in ((reply.answer, "ANSWER"), (reply.authority, "AUTHORITY"), (reply.additional, "ADDITIONAL")):
        section += entry.records[name]
    wire = reply.to_wire(max_size=65535)
    room = max(MIN_OCTETS, query.payload if query.edns >= 0 else 0)
    if transport is Transport.UDP and len(wire) > room:
        for section in (reply.answer, reply.authority, reply.additional):
            section.clear()
        reply.flags |= dns.flags.TC
        wire = reply.to_wire()
    return wire


def _is_priming(query: Message) -> bool:
    asked = query.question[0]
    return asked.name == dns.name.root and asked.rdtype == dns.rdatatype.NS


def _priming(query: Message, roots: tuple[str, ...]) -> bytes:
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.AA
    names = [f"{chr(ord('a') + at)}.root." for at in range(len(roots))]
    reply.answer = [dns.rrset.from_text_list(".", 518400, "IN", "NS", names)]
    for name, host in zip(names, roots, strict=True):
        reply.additional.append(dns.rrset.from_text(name, 518400, "IN", "AAAA" if ":" in host else "A", host))
    return reply.to_wire()
