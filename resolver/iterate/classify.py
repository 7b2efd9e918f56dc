"""What does a scrubbed response mean for the question: an answer, an alias, a referral, a denial, or nothing?"""

from enum import Enum
from typing import Final, final

from mypy_extensions import mypyc_attr

from cache.answer import Question
from cache.names import WireName, is_at_or_below
from cache.rrtypes import DNAME, DS, NOERROR, NXDOMAIN, REFUSED, SERVFAIL, YXDOMAIN
from cache.value import Value
from resolver.iterate.scrub import Scrubbed, target_of
from resolver.wire.message import RA, RawRRset, Response


class Reason(Enum):
    """Why a reply is useless; the values are metric labels."""

    MALFORMED = "malformed data"
    ERROR = "error"
    REFUSED = "refused"
    LAME_REFERRAL = "lame referral"
    NOT_AUTHORITATIVE = "not authoritative"
    CHILD_SIDE = "child side of a zone cut"
    UNSUPPORTED = "denial without SOA"


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Answered(Value):
    """The RRset asked for, at the name asked; of ANY each one that was said, which need not be all that there are (RFC 8482)."""

    __slots__ = ("rrsets",)

    def __init__(self, rrsets: tuple[RawRRset, ...]) -> None:
        self.rrsets: Final = rrsets

    def parts(self) -> tuple[object, ...]:
        return (self.rrsets,)


@final
@mypyc_attr(acyclic=True)
class Aliased(Value):
    """The name asked is an alias; target None: DNAME substitution gives too long a name (RFC 6672 §2.2)."""

    __slots__ = ("alias", "target")

    def __init__(self, alias: RawRRset, target: WireName | None) -> None:
        self.alias: Final = alias
        self.target: Final = target

    def parts(self) -> tuple[object, ...]:
        return self.alias, self.target


@final
@mypyc_attr(acyclic=True)
class Referred(Value):
    """Servers of a zone further down know."""

    __slots__ = ("name_servers",)

    def __init__(self, name_servers: RawRRset) -> None:
        self.name_servers: Final = name_servers

    def parts(self) -> tuple[object, ...]:
        return (self.name_servers,)


@final
@mypyc_attr(acyclic=True)
class Denied(Value):
    """There is no such name (rtype None) or no such type; soa None: unproven, good for this one answer only."""

    __slots__ = ("owner", "rtype", "soa")

    def __init__(self, owner: WireName, rtype: int | None, soa: RawRRset | None) -> None:
        self.owner: Final = owner
        self.rtype: Final = rtype
        self.soa: Final = soa

    def parts(self) -> tuple[object, ...]:
        return self.owner, self.rtype, self.soa

    def below(self, name: WireName) -> "Denied":
        """The same of `name`, at or below it (RFC 8020 §2: where a name does not exist, nothing below it does)."""
        return Denied(name, self.rtype, self.soa)


Told = Answered | Aliased | Referred | Denied


@final
@mypyc_attr(acyclic=True)
class Useless(Value):
    """Nothing to go on with. last_resort: what the reply would have said, to be believed when no other server says more."""

    __slots__ = ("last_resort", "reason", "text")

    def __init__(self, reason: Reason, text: str, last_resort: Told | None = None) -> None:
        self.reason: Final = reason
        self.text: Final = text
        self.last_resort: Final = last_resort

    def parts(self) -> tuple[object, ...]:
        return self.reason, self.text, self.last_resort


Verdict = Told | Useless

USABLE_RCODES: Final = frozenset((NOERROR, NXDOMAIN, YXDOMAIN))


def classify(
    question: Question,
    zone: WireName,
    response: Response,
    scrubbed: Scrubbed,
    *,
    is_forwarder: bool,
    is_whole: bool = True,
) -> Verdict:
    """The meaning of a response from a server of `zone`. Pure.

    is_forwarder: a recursive server that may say all of `zone` without AA, but refers nobody. is_whole: the question is not a
    shortened one, of which nothing needs to be known but that it led to no referral.
    """
    if scrubbed.flaw:
        return Useless(Reason.MALFORMED, scrubbed.flaw)
    if response.rcode not in USABLE_RCODES:
        return _useless_rcode(response.rcode)
    has_authority = is_forwarder or response.is_authoritative
    if _is_referral(question, zone, scrubbed, response, has_authority=has_authority):
        if is_forwarder:
            return Useless(Reason.LAME_REFERRAL, "a forwarder referred")
        assert scrubbed.name_servers is not None
        return Referred(scrubbed.name_servers)
    told: Told
    if scrubbed.aliases or scrubbed.wanted:
        told = _first_link(question, scrubbed)
    elif question.qtype == DS and scrubbed.soa is not None and scrubbed.soa.owner == question.qname != zone:
        # RFC 4035 §3.1.4.1: a DS RRset is the parent's; what the child's side says about it means nothing
        return Useless(Reason.CHILD_SIDE, "DS denied by the child zone")
    else:
        told = Denied(question.qname, None if response.rcode == NXDOMAIN else question.qtype, scrubbed.soa)
    if response.rcode == YXDOMAIN and not isinstance(told, Aliased):
        return Useless(
            Reason.MALFORMED, "YXDOMAIN without an alias"
        )  # RFC 6672 §2.2: it speaks of a DNAME, and of nothing else
    if has_authority:
        return _with_authority(told, scrubbed, is_believed=is_forwarder or not is_whole)
    return _without_aa(told, response, scrubbed)


def substituted(told: Told, question: Question) -> tuple[Aliased, Scrubbed] | None:
    """What a DNAME says of all of `question`, whose shortened form it was met with; None: it was no DNAME. Pure.

    It stands above the name shown, and so above the whole name, of which nothing more needs to be asked (RFC 6672 §2.3).
    """
    if not isinstance(told, Aliased) or told.alias.rtype != DNAME:
        return None
    target = target_of(told.alias, question.qname)
    return Aliased(told.alias, target), Scrubbed((told.alias,), target or question.qname)


def _useless_rcode(rcode: int) -> Useless:
    if rcode == REFUSED:
        return Useless(Reason.REFUSED, "REFUSED")
    return Useless(Reason.ERROR, "SERVFAIL" if rcode == SERVFAIL else f"RCODE {rcode}")


def _is_referral(
    question: Question, zone: WireName, scrubbed: Scrubbed, response: Response, *, has_authority: bool
) -> bool:
    """Is there an NS RRset of a zone further down, and nothing that says more?

    With AA an answer outranks it, without AA the servers further down know better. A referral with a wrong AA exists too;
    an SOA says that it is a negative answer with needless NS records. NS records beside an alias may be of its target's zone,
    whose servers know nothing of the name asked.
    """
    cut = scrubbed.name_servers
    if cut is None or cut.owner == zone or response.rcode != NOERROR or scrubbed.soa is not None:
        return False
    if not is_at_or_below(question.qname, cut.owner):
        return False
    if question.qtype == DS and cut.owner == question.qname:
        return False  # the child's servers do not know its DS (RFC 4035 §3.1.4.1)
    return not (scrubbed.aliases or scrubbed.wanted) or not has_authority


def _first_link(question: Question, scrubbed: Scrubbed) -> Answered | Aliased:
    if not scrubbed.aliases:
        return Answered(scrubbed.wanted)
    first = scrubbed.aliases[0]
    return Aliased(first, target_of(first, question.qname))


def _with_authority(told: Told, scrubbed: Scrubbed, *, is_believed: bool) -> Verdict:
    """A reply with AA, or of a forwarder. A denial that nothing supports is worth asking another server (RFC 2308 §2.2)."""
    if not isinstance(told, Denied) or told.soa is not None:
        return told
    if scrubbed.points_upward:
        return Useless(Reason.LAME_REFERRAL, "a referral upwards")
    return told if is_believed else Useless(Reason.UNSUPPORTED, "a denial without SOA", told)


def _without_aa(told: Told, response: Response, scrubbed: Scrubbed) -> Verdict:
    """A reply that should have AA. Servers that forget it exist; so do recursive ones that answer from their cache."""
    if isinstance(told, Denied) and told.soa is None:
        if scrubbed.points_upward:
            return Useless(Reason.LAME_REFERRAL, "a referral upwards")
        if scrubbed.name_servers is not None:
            return Useless(Reason.LAME_REFERRAL, "a referral to itself")
        if response.flags & RA:
            return Useless(Reason.NOT_AUTHORITATIVE, "an empty reply of a recursive server")
        return Useless(Reason.NOT_AUTHORITATIVE, "an empty reply without AA", told)
    if response.flags & RA:
        return Useless(Reason.NOT_AUTHORITATIVE, "a recursive server", told)
    return told
