"""What must be true of every reply, whatever the servers and the network do (design.md section 5)? Pure.

Each function yields a sentence per violation. Nothing here knows Cistern's code: replies are read by dnspython, and the truth
is what authorities have published.
"""

from collections.abc import Iterator
from copy import copy

import dns.flags
from dns.edns import EDECode, EDEOption
from dns.message import Message
from dns.name import Name
from dns.rcode import Rcode
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.CNAME import CNAME
from dns.rdtypes.ANY.DNAME import DNAME
from dns.rrset import RRset

from tests.simulation.published import MAX_ALIASES, Outcome, Published, Told

ANSWER, AUTHORITY, ADDITIONAL = 1, 2, 3
OF_DNSSEC = frozenset({RdataType.RRSIG, RdataType.NSEC, RdataType.NSEC3})
ANCOUNT = slice(6, 8)  # RFC 1035 §4.1.1
STALE_TTL = 30  # s, RFC 8767 §5
MAX_STALE = 86_400  # s past its expiry
MAX_TTL, MAX_NEGATIVE_TTL = 86_400, 3600  # s; longer ones are cut
ROUNDING = 1.0  # s: TTLs are whole seconds
TRANSIT = 5.0  # s between a server's reading of its zone and a client's of the reply, at most
STALE_CODES = frozenset({EDECode.STALE_ANSWER, EDECode.STALE_NXDOMAIN_ANSWER})
BESIDE_CNAME = frozenset({RdataType.CNAME})
FAULT = "an internal error"  # what a client is told of a fault of the program


def violations(reply: Message, published: Published, now: float, *, is_validated: bool = False) -> Iterator[str]:
    """Every way in which this reply to a question about a public name, come in now, breaks an invariant.

    is_validated: the daemon checks signatures. What proves an answer is judged by the client's own validator, not here.
    """
    yield from header_violations(reply, is_validated=is_validated)
    reply = without_proofs(reply)
    yield from chain_violations(reply)
    yield from data_violations(reply, published)
    yield from rcode_violations(reply, published)
    yield from age_violations(reply, published, now)


def without_proofs(reply: Message) -> Message:
    """The reply without signatures, NSEC and NSEC3, but where these are what was asked for."""
    bare = copy(reply)
    bare.sections = list(reply.sections)
    for number in (ANSWER, AUTHORITY, ADDITIONAL):
        section = reply.sections[number]
        bare.sections[number] = [
            one for one in section if one.rdtype not in OF_DNSSEC or one.rdtype == reply.question[0].rdtype
        ]
    return bare


def header_violations(reply: Message, *, is_validated: bool = False) -> Iterator[str]:
    """What a recursive server says of itself, and of its answer."""
    if not reply.flags & dns.flags.RA:
        yield "no RA"
    if reply.flags & dns.flags.AA:
        yield "AA on public data"
    if reply.flags & dns.flags.AD and not is_validated:
        yield "AD, though nothing was validated"
    if reply.flags & dns.flags.AD and is_marked_stale(reply):
        yield "AD on stale data"
    assert reply.wire is not None
    records = int.from_bytes(reply.wire[ANCOUNT], "big")
    if records != sum(map(len, reply.answer)):  # dnspython has merged what came twice
        yield "a record stands twice in the answer"


def chain_violations(reply: Message) -> Iterator[str]:
    """Chain closure: aliases first, in order, once; then the type asked, or a negative with its SOA, or a failure."""
    asked = reply.question[0]
    aliases, end = walk(reply)
    rest = reply.answer[aliases:]
    if sum(rrset.rdtype == RdataType.CNAME for rrset in reply.answer[:aliases]) > MAX_ALIASES:
        yield f"more than {MAX_ALIASES} aliases"
    if any(len(rrset) > 1 for rrset in reply.answer[:aliases]):
        yield "two aliases at one owner"
    is_any = asked.rdtype == RdataType.ANY
    is_too_much = len(rest) > 1 and not is_any
    if is_too_much or any(rrset.name != end or (rrset.rdtype != asked.rdtype and not is_any) for rrset in rest):
        yield f"records that are not of the chain, which ends at {end}: {[rrset.to_text() for rrset in rest]}"
    if reply.rcode() != Rcode.NOERROR and rest:
        yield f"{reply.rcode().name} with an answer"
    if reply.rcode() in (Rcode.NOERROR, Rcode.NXDOMAIN) and not rest:
        soas = [rrset for rrset in reply.authority if rrset.rdtype == RdataType.SOA]
        if len(soas) != 1:
            yield f"{reply.rcode().name} without the type asked, and {len(soas)} SOAs that would deny it"
        elif not end.is_subdomain(soas[0].name):
            yield f"the SOA of {soas[0].name} proves nothing of {end}"


def data_violations(reply: Message, published: Published) -> Iterator[str]:
    """Nothing is said that no authority ever said, nor for longer."""
    is_stale = is_marked_stale(reply)
    for rrset in (*reply.answer, *reply.authority, *reply.additional):
        versions = _versions(rrset, published)
        if rrset.rdtype == RdataType.NSEC:
            continue  # asked for: the signer makes it of the zone, and it is validated
        if not versions:
            yield f"never published: {rrset.to_text()}"
            continue
        longest = max(one.rrset.ttl for one in versions)
        if rrset in reply.authority and rrset.rdtype == RdataType.SOA:
            longest = published.negative_ttl(rrset.name)
        if rrset.ttl > max(longest, STALE_TTL if is_stale else 0):
            yield f"TTL {rrset.ttl} of {rrset.name} {rrset.rdtype.name}: it was never more than {longest}"


def age_violations(reply: Message, published: Published, now: float) -> Iterator[str]:
    """TTLs only shrink: what is left of a TTL tells how long ago it was fetched at most, and then it must have been true.

    Stale data must have been the truth when it was fetched at the latest, its TTL and the longest stale time ago.
    """
    if is_marked_stale(reply):
        for rrset in reply.answer:
            if not any(now - one.rrset.ttl - MAX_STALE - TRANSIT <= one.until for one in _versions(rrset, published)):
                yield f"too old even to be stale: {rrset.to_text()}"
        return
    for rrset in reply.answer:
        if rrset.rdtype != RdataType.NSEC and not any(
            _was_fetched_in_time(rrset.ttl, one, now, MAX_TTL) for one in _versions(rrset, published)
        ):
            yield f"untrue when it must have been fetched: {rrset.to_text()}"
    aliases, end = walk(reply)
    if reply.rcode() in (Rcode.NOERROR, Rcode.NXDOMAIN) and len(reply.answer) == aliases:
        is_nxdomain = reply.rcode() == Rcode.NXDOMAIN
        denials = published.denials(end, reply.question[0].rdtype, is_nxdomain=is_nxdomain)
        for soa in reply.authority:
            if denials and not any(_was_fetched_in_time(soa.ttl, one, now, MAX_NEGATIVE_TTL) for one in denials):
                yield f"denied with {soa.ttl} s left, though it was there when that must have been said"


def rcode_violations(reply: Message, published: Published) -> Iterator[str]:
    """Doubt is never a negative answer: what is denied was denied by an authority. A failure says why."""
    asked = reply.question[0]
    aliases, end = walk(reply)
    match reply.rcode():
        case Rcode.NOERROR:
            is_answered = len(reply.answer) > aliases
            if not is_answered and not published.was_denied(end, asked.rdtype, is_nxdomain=False):
                yield f"NODATA, but {end} never was without {asked.rdtype.name}"
        case Rcode.NXDOMAIN:
            if not published.was_denied(end, asked.rdtype, is_nxdomain=True):
                yield f"NXDOMAIN, but {end} has always existed"
        case Rcode.YXDOMAIN:
            if not published.was_too_long(end, asked.rdtype):
                yield f"YXDOMAIN, but no DNAME makes {end} too long"
        case Rcode.SERVFAIL:
            codes = extended_errors(reply)
            if reply.edns >= 0 and not codes:
                yield "SERVFAIL without a reason (RFC 8914)"
            if any(said.text == FAULT for said in reply.options if isinstance(said, EDEOption)):
                yield "a fault of the program"
        case other:
            yield f"{other.name} for an ordinary question"


def outcome(reply: Message) -> Outcome:
    """What the reply comes to, its aliases left out."""
    aliases, _ = walk(reply)
    return Outcome(reply.rcode(), frozenset(rdata.to_text() for rrset in reply.answer[aliases:] for rdata in rrset))


def walk(reply: Message) -> tuple[int, Name]:
    """How many RRsets at the answer's head are its alias chain, and the name at which that ends."""
    asked = reply.question[0]
    name = asked.name
    seen = {name}
    for place, rrset in enumerate(reply.answer):
        if _leads_on(rrset, name, reply.answer[place + 1 : place + 2]):
            continue  # a DNAME stands before the CNAME that is synthesized from it
        is_made = place > 0 and _leads_on(reply.answer[place - 1], name, [rrset])  # a DNAME leads every type on
        leads_on = is_made or asked.rdtype not in (*BESIDE_CNAME, RdataType.ANY)
        target = _target(rrset) if leads_on and rrset.name == name else None
        if target is None or target in seen:
            return place, name
        seen.add(target)
        name = target
    return len(reply.answer), name


def is_marked_stale(reply: Message) -> bool:
    return not STALE_CODES.isdisjoint(extended_errors(reply))


def extended_errors(reply: Message) -> list[EDECode]:
    """The INFO-CODEs of a reply."""
    return [option.code for option in reply.options if isinstance(option, EDEOption)]


def _versions(rrset: RRset, published: Published) -> list[Told]:
    """The versions of an RRset that have just these records."""
    return [one for one in published.told(rrset.name, rrset.rdtype) if set(one.rrset) == set(rrset)]


def _was_fetched_in_time(shown: int, told: Told, now: float, longest: int) -> bool:
    """Can it have been served, no longer ago than the part of its TTL that is over?

    The delegation's end may have cut the TTL (design.md 5.4), so that it was fetched later than it seems.
    """
    age = min(told.rrset.ttl, longest) - shown
    return now - age - ROUNDING - TRANSIT <= told.until


def _target(rrset: RRset) -> Name | None:
    rdata = rrset[0]
    return rdata.target if isinstance(rdata, CNAME) else None


def _leads_on(rrset: RRset, name: Name, following: list[RRset]) -> bool:
    """Is this a DNAME above `name`, with the CNAME that it makes behind it, or without where that would be too long?"""
    if not isinstance(rrset[0], DNAME) or name == rrset.name or not name.is_subdomain(rrset.name):
        return False
    if not following:
        return True
    substituted = name.relativize(rrset.name).concatenate(rrset[0].target)
    return following[0].name == name and _target(following[0]) == substituted
