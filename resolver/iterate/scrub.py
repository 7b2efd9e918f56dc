"""What of a response may its server say, and what of that was asked for? Everything else is dropped here.

A scrubber only removes. What it lets through is: the alias chain from the name asked, as far as its owners lie in the
zone asked; one SOA and its proof; one NS RRset of the zone or below it; the addresses of exactly those name servers.
"""

from collections.abc import Set as AbstractSet
from typing import Final, final

from mypy_extensions import mypyc_attr

from cache.lookup import NEVER_ALIASED
from cache.names import WireName, fold, is_at_or_below, is_below, parent, substitute
from cache.ranking import STANDS_BESIDE_CNAME
from cache.rrset import RRset
from cache.rrtypes import AAAA, ANY, CNAME, DNAME, DS, NS, NSEC, NSEC3, SOA, A
from cache.value import Value
from resolver.wire.message import RawRRset, Response

MAX_CHAIN: Final = (
    12  # one more than the aliases that are followed (resolvers.md 2.1): longer chains end in a failure anyway
)
# What one question tries: name servers of a delegation, MAX_DP_TARGET_COUNT (NRDelegation, CVE-2022-3204); and addresses of a
# name server, in each family, BIND's. Of a delegation some more are held, and each question tries a random choice of them
MAX_NAME_SERVERS: Final = 16
MAX_GLUE_PER_NAME: Final = 6
MAX_NAME_SERVERS_HELD: Final = 64
MAX_GLUE_HELD: Final = 24
MAX_OF_ANY: Final = 32  # RRsets of one name: an apex has a dozen, and each takes a signature and a place in the cache
ADDRESS_TYPES: Final = frozenset((A, AAAA))
PROOF_TYPES: Final = frozenset((NSEC, NSEC3))


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Scrubbed(Value):
    """What is left of a response.

    aliases: in order from the name asked. A DNAME stands alone: the CNAME synthesized from it is dropped and made anew. end: the
    name at which they end; the negative or the referral speaks of it. wanted: its RRset of the type asked, of ANY each one that
    was said; () if there is none.
    ds: the DS RRset beside a referral's NS RRset, of the same owner.
    name_servers: the NS RRset of the authority section that may be used: of the zone itself or below it, above `end`.
    glue: in-zone addresses of those name servers; far_glue: addresses of theirs outside the zone, which are not cached.
    points_upward: there was an NS above the zone, which its server has no business to say. (A SOA of a zone above, which some
    servers put beside a denial, is dropped like all that they have no say about; but it refers nobody.)
    flaw: why nothing in it can be used, or "". dropped: RRsets removed.
    """

    __slots__ = (
        "aliases",
        "dropped",
        "ds",
        "end",
        "far_glue",
        "flaw",
        "glue",
        "name_servers",
        "points_upward",
        "proof",
        "soa",
        "wanted",
    )

    def __init__(
        self,
        aliases: tuple[RawRRset, ...],
        end: WireName,
        wanted: tuple[RawRRset, ...] = (),
        soa: RawRRset | None = None,
        proof: tuple[RawRRset, ...] = (),
        ds: RawRRset | None = None,
        name_servers: RawRRset | None = None,
        glue: tuple[RawRRset, ...] = (),
        far_glue: tuple[RawRRset, ...] = (),
        points_upward: bool = False,
        flaw: str = "",
        dropped: int = 0,
    ) -> None:
        self.aliases: Final = aliases
        self.end: Final = end
        self.wanted: Final = wanted
        self.soa: Final = soa
        self.proof: Final = proof
        self.ds: Final = ds
        self.name_servers: Final = name_servers
        self.glue: Final = glue
        self.far_glue: Final = far_glue
        self.points_upward: Final = points_upward
        self.flaw: Final = flaw
        self.dropped: Final = dropped

    def parts(self) -> tuple[object, ...]:
        return (
            self.aliases,
            self.end,
            self.wanted,
            self.soa,
            self.proof,
            self.ds,
            self.name_servers,
            self.glue,
            self.far_glue,
            self.points_upward,
            self.flaw,
            self.dropped,
        )


def scrub(
    response: Response, qname: WireName, qtype: int, zone: WireName, apexes: AbstractSet[WireName] = frozenset()
) -> Scrubbed:
    """What a server of `zone` may say in `response` to this question. Pure.

    apexes: of zones whose servers are configured. Of those below `zone` it says nothing, but where it is asked for the name.
    """
    others = tuple(one for one in apexes if is_below(one, zone) and not is_at_or_below(qname, one)) if apexes else ()
    aliases, end, wanted, flaw = _follow(response.answer, qname, qtype, zone, others)
    if flaw:
        return Scrubbed((), end, flaw=flaw)
    soa = name_servers = ds = None
    proof: list[RawRRset] = []
    points_upward = False
    for rrset in response.authority:
        owner = rrset.owner
        if others and (_is_within(owner, others) or _is_within(end, others)):
            continue
        if rrset.rtype == SOA or rrset.rtype == NS:
            points_upward = points_upward or (rrset.rtype == NS and is_below(zone, owner))
            if not is_at_or_below(owner, zone) or not is_at_or_below(end, owner):
                continue
            if rrset.rtype == SOA:
                soa = soa or rrset
            elif name_servers is None or len(owner) > len(name_servers.owner):
                name_servers = rrset
        elif rrset.rtype in PROOF_TYPES and is_at_or_below(owner, zone):
            proof.append(rrset)
        elif rrset.rtype == DS and is_below(owner, zone):
            ds = rrset
    if ds is not None and (name_servers is None or name_servers.owner != ds.owner):
        ds = None
    told_servers = _name_servers_in(wanted) or name_servers
    additional = response.additional
    if told_servers is not None and not response.is_authoritative:
        # some parents give the address of a name server where it was asked for, and do not know that this is glue
        additional = (*additional, *response.answer)
    if others:
        additional = tuple(rrset for rrset in additional if not _is_within(rrset.owner, others))
    glue, far_glue = _glue(additional, told_servers, zone)
    kept = (
        len(aliases) + len(wanted) + len(proof) + len(glue) + sum(part is not None for part in (soa, ds, name_servers))
    )
    total = len(response.answer) + len(response.authority) + len(response.additional)
    return Scrubbed(
        aliases=aliases,
        end=end,
        wanted=wanted,
        soa=soa,
        proof=tuple(proof),
        ds=ds,
        name_servers=name_servers,
        glue=glue,
        far_glue=far_glue,
        points_upward=points_upward,
        dropped=total - kept,
    )


def name_servers_of(rrset: RawRRset | RRset) -> tuple[WireName, ...]:
    """The names in an NS RRset, folded, at most MAX_NAME_SERVERS_HELD of them."""
    names = [fold(rdata) for rdata in rrset.rdatas[:MAX_NAME_SERVERS_HELD]]  # a generator takes twice as long
    return tuple(names)


def _follow(
    answer: tuple[RawRRset, ...], qname: WireName, qtype: int, zone: WireName, others: tuple[WireName, ...]
) -> tuple[tuple[RawRRset, ...], WireName, tuple[RawRRset, ...], str]:
    """The aliases, where they end, what was asked for there, and what is wrong with it."""
    if len(answer) == 1 and answer[0].owner == qname and answer[0].rtype == qtype and qtype != CNAME:
        return (), qname, answer, ""  # nearly every answer
    by_key = {(rrset.owner, rrset.rtype): rrset for rrset in answer}
    aliases: list[RawRRset] = []
    name = qname
    while len(aliases) < MAX_CHAIN and is_at_or_below(name, zone) and not (others and _is_within(name, others)):
        alias = _dname_above(by_key, name, zone) or by_key.get((name, CNAME))
        wanted = _wanted(answer, by_key, name, qtype, alias)
        if wanted:
            flaw = _flaw_of(alias) if alias is not None and alias in wanted else ""
            return tuple(aliases), name, wanted, flaw
        if alias is None:
            break
        flaw = _flaw_of(alias)
        if flaw:
            return (), name, (), flaw
        aliases.append(alias)
        target = target_of(alias, name)
        if target is None or any(one.owner == target for one in aliases):
            return tuple(aliases), target or name, (), ""
        name = target
    return tuple(aliases), name, (), ""


def _wanted(
    answer: tuple[RawRRset, ...],
    by_key: dict[tuple[WireName, int], RawRRset],
    name: WireName,
    qtype: int,
    alias: RawRRset | None,
) -> tuple[RawRRset, ...]:
    """What was asked for of `name`, which is an alias by `alias` if that is not None; () where there is none, or it leads on."""
    if alias is not None and (alias.rtype == DNAME or qtype not in NEVER_ALIASED):
        return ()
    if qtype != ANY:
        wanted = by_key.get((name, qtype))
        return () if wanted is None else (wanted,)
    of_name = [rrset for rrset in answer if rrset.owner == name]
    return tuple(one for one in of_name if alias is None or one.rtype in STANDS_BESIDE_CNAME)[:MAX_OF_ANY]


def _name_servers_in(wanted: tuple[RawRRset, ...]) -> RawRRset | None:
    for rrset in wanted:
        if rrset.rtype == NS:
            return rrset
    return None


def _is_within(name: WireName, zones: tuple[WireName, ...]) -> bool:
    return any(is_at_or_below(name, zone) for zone in zones)


def target_of(alias: RawRRset, name: WireName) -> WireName | None:
    """Where a CNAME or DNAME leads `name`; None when the DNAME's substitution is too long (RFC 6672 §2.2)."""
    target = fold(alias.rdatas[0])
    return target if alias.rtype == CNAME else substitute(name, alias.owner, target)


def _dname_above(by_key: dict[tuple[WireName, int], RawRRset], name: WireName, zone: WireName) -> RawRRset | None:
    if not any(rtype == DNAME for _, rtype in by_key):
        return None
    owner = name
    while owner != zone and len(owner) > 1:
        owner = parent(owner)
        if (owner, DNAME) in by_key:
            return by_key[owner, DNAME]
    return None


def _flaw_of(alias: RawRRset) -> str:
    """What is wrong with it. Other data at its owner is none of that: the alias counts, and they do not (RFC 1034 §3.6.2)."""
    if len(alias.rdatas) > 1:
        return f"two {'CNAMEs' if alias.rtype == CNAME else 'DNAMEs'} at one owner"  # RFC 2181 §10.1, RFC 6672 §2.4
    return ""


def _glue(
    additional: tuple[RawRRset, ...], name_servers: RawRRset | None, zone: WireName
) -> tuple[tuple[RawRRset, ...], tuple[RawRRset, ...]]:
    """The addresses of these name servers: (in the zone, elsewhere). Glue stands beside NS RRsets only (CVE-2026-42960)."""
    if name_servers is None:
        return (), ()
    names = name_servers_of(name_servers)
    near: list[RawRRset] = []
    far: list[RawRRset] = []
    for rrset in additional:
        if rrset.rtype in ADDRESS_TYPES and rrset.owner in names:
            (near if is_at_or_below(rrset.owner, zone) else far).append(_bounded(rrset))
    return tuple(near), tuple(far)


def _bounded(rrset: RawRRset) -> RawRRset:
    if len(rrset.rdatas) <= MAX_GLUE_HELD:
        return rrset
    return RawRRset(rrset.owner, rrset.rtype, rrset.ttl, rrset.rdatas[:MAX_GLUE_HELD])
