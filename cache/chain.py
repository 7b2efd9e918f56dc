"""Is this answer whole? The one way from links to an Answer, which proves that the alias chain is closed (design.md §5.1).

A link is what is known of one name: the RRset asked for (all of them where ANY was), a denial of it, or an alias to another
name. Whoever collects
links, fresh or stale, hands them to a Chain in order; out of an open chain comes no Answer.
"""

from typing import Final, final

from mypy_extensions import mypyc_attr

from cache.answer import Answer, ExtendedError
from cache.names import WireName, is_at_or_below, substitute, to_text
from cache.rrset import Denial, Entry, RRset, Security
from cache.rrtypes import ANY, CNAME, NOERROR, NXDOMAIN, YXDOMAIN, mnemonic
from cache.value import Value

MAX_ALIASES: Final = 11  # Unbound and BIND follow as many (max-query-restarts); real chains are shorter


@final
@mypyc_attr(acyclic=True)
class Alias(Value):
    """A link that leads on to `target`. shown: the CNAME, or the DNAME and the CNAME synthesized from it."""

    __slots__ = ("shown", "target")

    def __init__(self, shown: tuple[RRset, ...], target: WireName) -> None:
        self.shown: Final = shown
        self.target: Final = target

    def parts(self) -> tuple[object, ...]:
        return self.shown, self.target


@final
@mypyc_attr(acyclic=True)
class Several(Value):
    """The link that ends a chain for ANY: all RRsets of one name that its zone gave, one at least (RFC 8482)."""

    __slots__ = ("rrsets",)

    def __init__(self, rrsets: tuple[RRset, ...]) -> None:
        self.rrsets: Final = rrsets

    def parts(self) -> tuple[object, ...]:
        return (self.rrsets,)


Link = RRset | Denial | Alias | Several


def first_of(link: Link) -> Entry:
    """What its zone said, or the first of it: of an alias the CNAME, or the DNAME that it is made of."""
    if isinstance(link, Alias):
        return link.shown[0]
    return link.rrsets[0] if isinstance(link, Several) else link


def entries_of(link: Link) -> tuple[Entry, ...]:
    """What a client is shown of it; one at least."""
    match link:
        case Alias():
            return link.shown
        case Several():
            return link.rrsets
        case _:
            return (link,)


class AliasLoop(Exception):
    """An alias leads back to a name that the chain has been at."""


class AliasesExhausted(Exception):
    """The chain has more than MAX_ALIASES aliases."""


class SubstitutionTooLong(Exception):
    """Substitution by `dname` gave a name of more than 255 octets: YXDOMAIN (RFC 6672 §2.2)."""

    def __init__(self, text: str, dname: RRset) -> None:
        super().__init__(text)
        self.dname = dname


def alias_of(rrset: RRset, name: WireName) -> Alias:
    """The alias that `name` is by `rrset`: its own CNAME, or a DNAME strictly above it. Raises SubstitutionTooLong."""
    assert rrset.alias_target is not None
    if rrset.rtype == CNAME:
        return Alias((rrset,), rrset.alias_target)
    target = substitute(name, rrset.owner, rrset.alias_target)
    if target is None:
        raise SubstitutionTooLong(f"{to_text(name)} by the DNAME of {to_text(rrset.owner)} is no name any more", rrset)
    # RFC 6672 §3.1: the synthesized CNAME has the DNAME's TTL; and so it has its end, its rank and its lease. Its end is
    # spelled as the DNAME's target
    spelled = name[: len(name) - len(rrset.owner)] + rrset.rdatas[0]
    synthesized = rrset.replace(owner=name, rtype=CNAME, rdatas=(spelled,), rrsigs=(), alias_target=target)
    return Alias((rrset, synthesized), target)


@mypyc_attr(free_list_len=1)
class Chain:
    """The links of one answer, from qname on.

    name: where the next link is needed. aliases: how many have been followed. security: that of the weakest link so far.
    """

    __slots__ = ("_end", "_is_stale", "_proof", "_shown", "_visited", "aliases", "name", "qtype", "security")

    def __init__(self, qname: WireName, qtype: int) -> None:
        self.name = qname
        self.qtype = qtype
        self.aliases = 0
        self._visited = [qname]  # a list: of MAX_ALIASES, and most chains have none
        self._shown: list[RRset] = []
        self._proof: tuple[RRset, ...] = ()  # of what wildcards gave
        self._end: RRset | Denial | None = None
        self.security = Security.SECURE
        self._is_stale = False

    def follow(self, link: Link, now: float) -> bool:
        """Take the next link; True when the chain is closed. now: decides whether the link is a stale one.

        Raises AliasLoop and AliasesExhausted.
        """
        assert self._end is None, "a closed chain takes no link"
        if isinstance(link, Alias):
            self._follow_alias(link, now)
            return False
        assert self._answers(link), f"{link!r} says nothing of {to_text(self.name)} {mnemonic(self.qtype)}"
        if isinstance(link, Several):
            self._shown.extend(link.rrsets[:-1])
            for rrset in link.rrsets:
                self._follow_end(rrset, now)
        else:
            self._follow_end(link, now)
        return True

    def answer(self, *, authoritative: bool = False, errors: tuple[ExtendedError, ...] = ()) -> Answer:
        """The whole answer; its rcode is that of the last link (RFC 6604 §2.1), its security that of the weakest."""
        end = self._end
        assert end is not None, "an open chain is no answer"
        return Answer(
            rcode=NXDOMAIN if end.rtype is None else NOERROR,
            answer=tuple(self._shown) if isinstance(end, Denial) else (*self._shown, end),
            authority=_authority(end, self._proof) if isinstance(end, Denial) else self._proof,
            authoritative=authoritative,
            security=self.security,
            is_stale=self._is_stale,
            errors=errors,
        )

    def too_long(self, dname: RRset) -> Answer:
        """The answer of a chain that ends at this DNAME because its substitution gives no name (RFC 6672 §2.2)."""
        assert self._end is None, "a closed chain has an end already"
        return Answer(
            rcode=YXDOMAIN,
            answer=(*self._shown, dname),
            authority=self._proof,
            security=min(self.security, dname.security),
        )

    def _follow_alias(self, link: Alias, now: float) -> None:
        assert link.shown[-1].owner == self.name, "an alias of another name"
        if link.target in self._visited:
            raise AliasLoop(f"the alias {to_text(self.name)} leads back to {to_text(link.target)}")
        if self.aliases == MAX_ALIASES:
            raise AliasesExhausted(f"more than {MAX_ALIASES} aliases, at {to_text(self.name)}")
        for rrset in link.shown:
            if rrset not in self._shown:  # one DNAME may be passed twice
                self._shown.append(rrset)
        self._note(link.shown[0], now)
        if link.shown[0].proof:
            self._proof = _once(self._proof, link.shown[0].proof)
        self._visited.append(link.target)
        self.name = link.target
        self.aliases += 1

    def _follow_end(self, end: RRset | Denial, now: float) -> None:
        self._note(end, now)
        if type(end) is RRset and end.proof:
            self._proof = _once(self._proof, end.proof)
        self._end = end

    def _note(self, entry: RRset | Denial, now: float) -> None:
        self.security = min(self.security, entry.security)
        if entry.expires <= now and entry.ttl:  # TTL 0 is good for the answer it came for, and never stale
            self._is_stale = True

    def _answers(self, end: RRset | Denial | Several) -> bool:
        if isinstance(end, Several):
            return self.qtype == ANY and all(rrset.owner == self.name for rrset in end.rrsets)
        if end.rtype is None:
            return is_at_or_below(self.name, end.owner)  # RFC 8020: nothing is below a name that is not there
        return end.owner == self.name and end.rtype == self.qtype


def _authority(denial: Denial, proof: tuple[RRset, ...]) -> tuple[RRset, ...]:
    """The SOA, the denial's proof, and that of the wildcards on the way.

    A denial that came without an SOA is passed on once, and without.
    """
    proof = _once(denial.proof, proof) if proof else denial.proof
    return (denial.soa, *proof) if denial.soa.rdatas else proof


def _once(known: tuple[RRset, ...], more: tuple[RRset, ...]) -> tuple[RRset, ...]:
    """Both, without those of the second whose owner and type are among the first: a proof of two links stands once."""
    seen = {(one.owner, one.rtype) for one in known}
    return (*known, *(one for one in more if (one.owner, one.rtype) not in seen))
