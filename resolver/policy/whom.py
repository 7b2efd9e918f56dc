"""Whom would the resolution ask now, and what? The beginning of an iteration, told instead of done: nothing is marked as used."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import msgspec

from cache.answer import Question
from cache.chain import Link
from cache.names import ROOT, WireName, to_text
from cache.options import StaleOptions
from cache.peeking import PeekedFailures, Peeking
from cache.rrtypes import AAAA, A
from cache.servers import ServerState
from resolver.engine import Memory
from resolver.engine.state import State, state_of
from resolver.env import Address
from resolver.iterate.delegation import Delegation, Origin, closest, closest_to
from resolver.iterate.manner import shorten
from resolver.iterate.options import RecursionOptions
from resolver.policy.rebinding import Guard
from resolver.upstream.choose import expected_of
from resolver.upstream.learning import is_known, is_lame, is_silent
from resolver.wire.text import rdata_to_text, type_to_text

MAX_SHOWN: Final = 4  # servers named in a text for people; `cistern servers ZONE` has them all

NO_PREFIXES: Final = Guard()


def nothing_proven(question: Question) -> Link | None:
    """Nothing is validated."""
    return None


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """All that decides what is answered and whom to ask. zones: forward and stub zones; hints: when nothing else is known.

    proven: what validated answers to other questions prove of one, for which nobody is asked (RFC 8198).
    """

    memory: Memory
    hints: Delegation
    zones: Mapping[WireName, Delegation]
    options: RecursionOptions
    stale: StaleOptions
    guard: Guard = NO_PREFIXES
    proven: Callable[[Question], Link | None] = nothing_proven

    @property
    def cache(self) -> Peeking:
        """What is cached, to be read without marking it as used."""
        return Peeking(self.memory.cache)

    def state_of(self, question: Question, now: float) -> State:
        """How a question stands: as the answering walk finds it. Raises SubstitutionTooLong."""
        return state_of(self.cache, PeekedFailures(self.memory.failures), question, now, self.stale)

    def closest(self, name: WireName, now: float) -> Delegation:
        """The closest delegation at or above `name`."""
        return closest_to(name, self.cache, self.zones, now, ()) or self.hints


def next_query(question: Question, known: Known, now: float) -> str:
    """What an iteration for `question` would ask first, and whom, the likeliest first:

    `www.example.com. A, of which com. A is shown, from the servers of .: 192.0.2.1 (ns1.nic.example., 12 ms), …`
    """
    delegation = closest(question, known.cache, known.zones, now) or known.hints
    shown = question
    if not delegation.is_forwarder:
        shown = shorten(question, delegation.zone, 0, known.options.qname_minimisation)
    what = _text(question) if shown == question else f"{_text(question)}, of which {_text(shown)} is shown,"
    return f"{what} from {_whose(delegation)}: {_likeliest(delegation, shown, known, now)}"


def servers_of(delegation: Delegation, known: Known, now: float) -> Iterator[tuple[str, list[Address]]]:
    """Each name server and its addresses known here; "" is the name of addresses that come from configuration or hints."""
    if delegation.servers:
        yield "", list(delegation.servers)
    for name in delegation.name_servers:
        yield to_text(name), list(_addresses(name, known, now))


def _addresses(name: WireName, known: Known, now: float) -> Iterator[Address]:
    for rtype, wanted in ((A, known.options.ipv4), (AAAA, known.options.ipv6)):
        rrset = known.cache.get(name, rtype) if wanted else None
        if rrset is not None and now < rrset.expires:
            for rdata in rrset.rdatas:
                yield Address(rdata_to_text(rtype, rdata), known.options.port)


def _whose(delegation: Delegation) -> str:
    if delegation.is_forwarder:
        return f"the forwarders of {to_text(delegation.zone)}"
    if delegation.origin is Origin.HINTS and delegation.zone == ROOT:
        return "the root servers of the hints"
    return f"the servers of {to_text(delegation.zone)}"


def _likeliest(delegation: Delegation, shown: Question, known: Known, now: float) -> str:
    """The servers in the order in which they are likely to be asked (upstream.choose), with what is known of them."""
    found: list[tuple[bool, float, str]] = []
    for name, addresses in servers_of(delegation, known, now):
        if not addresses:
            found.append((True, float("inf"), f"{name} (its address would be looked up)"))
        for address in addresses:
            state = known.memory.servers.peek(address) or ServerState()
            doubt = _doubt(address, state, delegation.zone, shown, known, now)
            said = ", ".join(filter(None, (name, _speed(state), doubt)))
            found.append((bool(doubt), expected_of(state, known.memory.typical), f"{address.host} ({said})"))
    found.sort(key=lambda item: item[:2])
    return ", ".join(text for _, _, text in found[:MAX_SHOWN]) + (", …" if len(found) > MAX_SHOWN else "")


def _doubt(address: Address, state: ServerState, zone: WireName, shown: Question, known: Known, now: float) -> str:
    """Why it would be asked after the others, or not at all; "" if there is no reason."""
    until = known.memory.server_failures.paused_until(address, shown, now)
    if until is not None:
        return f"failed at this, left alone for {until - now:.0f} s"
    if is_silent(state):
        return f"silent, held down for {max(0.0, state.probe_at - now):.0f} s"
    if is_lame(state, zone, now):
        return "lame"
    is_ipv6 = ":" in address.host
    return f"IPv{6 if is_ipv6 else 4} seems not to work here" if is_ipv6 in known.memory.families.closed else ""


def _speed(state: ServerState) -> str:
    return f"{1000 * state.srtt:.0f} ms" if is_known(state) else "not heard yet"


def _text(question: Question) -> str:
    return f"{to_text(question.qname)} {type_to_text(question.qtype)}"
