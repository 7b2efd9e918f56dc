"""The story of an answer, told from a cache of values."""

import pytest

from cache.answer import Answer, Question
from cache.names import WireName, from_text
from cache.rrset import Denial, Rank, RRset
from cache.rrtypes import AAAA, CNAME, DNAME, DS, NS, NXDOMAIN, SOA, A
from resolver.errors import NO_REACHABLE_AUTHORITY
from resolver.policy.explain import IN_ITS_NETWORK, ExplainRow, LinkRow, VerdictRow, explain, explain_local
from resolver.policy.rebinding import Guard
from tests.build import replace
from tests.resolver.policy.test_whom import known

NOW = 1000.0
FROM_ROOT = "from the root servers of the hints: 192.0.2.250 (not heard yet)"
WWW = from_text("www.example.")
WEB = from_text("web.test.")
ADDRESS = b"\xc0\0\2P"


def rrset(owner: WireName, rtype: int, *rdatas: bytes, ttl: int = 60, age: float = 0) -> RRset:
    received = NOW - age
    return RRset(
        owner=owner,
        rtype=rtype,
        rdatas=rdatas,
        ttl=ttl,
        received=received,
        expires=received + ttl,
        rank=Rank.ANSWER_AA,
        lease=received + 86400,
        alias_target=WireName(rdatas[0]) if rtype == CNAME else None,
        source="192.0.2.53",
    )


def nxdomain(owner: WireName) -> Denial:
    zone = from_text("test.")
    soa = rrset(zone, SOA, zone + zone + bytes(20))
    return Denial(owner=owner, rtype=None, soa=soa, ttl=60, received=NOW, expires=NOW + 60, rank=Rank.AUTHORITY_AA)


class Known:
    """A cache and what failed."""

    def __init__(self, *entries: RRset | Denial) -> None:
        self.known = known(*entries)

    def failed(self, name: WireName, rtype: int = A) -> "Known":
        self.known.memory.failures.remember(Question(name, rtype), NO_REACHABLE_AUTHORITY, "no server answers", NOW)
        return self

    def explain(self, name: WireName, rtype: int = A) -> tuple[list[LinkRow], VerdictRow]:
        return split(explain(self.known, Question(name, rtype), NOW))


def split(rows: list[ExplainRow]) -> tuple[list[LinkRow], VerdictRow]:
    *links, verdict = rows
    assert isinstance(verdict, VerdictRow)
    return [link for link in links if isinstance(link, LinkRow)], verdict


def states(links: list[LinkRow]) -> list[tuple[str, str]]:
    return [(link.owner, link.state) for link in links]


def test_a_fresh_record_is_told_with_its_age_server_and_what_is_left() -> None:
    (link,), verdict = Known(rrset(WWW, A, ADDRESS, age=12)).explain(WWW)
    assert link == LinkRow(
        owner="www.example.",
        type="A",
        origin="cache",
        state="fresh",
        age=12.0,
        ttl_left=48.0,
        lease_left=86388.0,
        rank="answer_aa",
        security="unchecked",
        server="192.0.2.53",
        rdata=("192.0.2.80",),
    )
    assert verdict == VerdictRow("NOERROR")


def test_a_chain_has_a_row_for_each_link() -> None:
    links, verdict = Known(rrset(WWW, CNAME, WEB), rrset(WEB, A, ADDRESS)).explain(WWW)
    assert [(link.owner, link.type, link.rdata) for link in links] == [
        ("www.example.", "CNAME", ("web.test.",)),
        ("web.test.", "A", ("192.0.2.80",)),
    ]
    assert verdict.rcode == "NOERROR"


def test_a_dname_has_a_row_and_so_has_the_alias_that_comes_of_it() -> None:
    dname = replace(rrset(from_text("example."), DNAME, from_text("test.")), alias_target=from_text("test."))
    links, _ = Known(dname).explain(from_text("web.example."))
    assert [(link.owner, link.type, link.state, link.rdata) for link in links] == [
        ("example.", "DNAME", "fresh", ("test.",)),
        ("web.example.", "CNAME", "fresh", ("web.test.",)),
        ("web.test.", "A", "missing", ()),
    ]


def test_a_name_that_does_not_exist_is_negative() -> None:
    (link,), verdict = Known(nxdomain(WEB)).explain(WEB)
    assert (link.state, link.rdata) == ("negative", ("NXDOMAIN, SOA of test.",))
    assert verdict == VerdictRow("NXDOMAIN")


def test_nothing_known_would_be_asked_of_the_root() -> None:
    (link,), verdict = Known().explain(WWW)
    assert (link.origin, link.state) == ("upstream", "missing")
    assert verdict == VerdictRow("", next=f"www.example. A, of which example. A is shown, {FROM_ROOT}")


def test_a_missing_target_would_be_asked_of_the_closest_servers_known() -> None:
    servers = rrset(from_text("test."), NS, from_text("ns1.test."), from_text("ns2.test."))
    address = rrset(from_text("ns1.test."), A, b"\xc0\0\2\1")
    links, verdict = Known(rrset(WWW, CNAME, WEB), servers, address).explain(WWW)
    assert states(links) == [("www.example.", "fresh"), ("web.test.", "missing")]
    assert verdict.next == (
        "web.test. A from the servers of test.: 192.0.2.1 (ns1.test., not heard yet), "
        "ns2.test. (its address would be looked up)"
    )


def test_a_ds_would_be_asked_of_the_parent() -> None:
    zone = from_text("example.")
    _, verdict = Known(rrset(zone, NS, from_text("ns1.example."))).explain(zone, DS)
    assert verdict.next == f"example. DS {FROM_ROOT}"


def test_expired_name_servers_are_not_whom_would_be_asked() -> None:
    old = rrset(from_text("test."), NS, from_text("ns1.test."), age=61)
    assert Known(old).explain(WEB)[1].next.endswith(FROM_ROOT)


def test_a_failed_target_under_a_good_alias_is_servfail_and_not_the_bare_alias() -> None:
    links, verdict = Known(rrset(WWW, CNAME, WEB)).failed(WEB).explain(WWW)
    assert states(links) == [("www.example.", "fresh"), ("web.test.", "failed")]
    assert links[1].note == "failed once: EDE 22 (no server answers)"
    assert verdict == VerdictRow("SERVFAIL", errors=("EDE 13 (no server answers)",))


def test_a_stale_record_is_told_with_when_it_would_be_given_and_is_asked_for() -> None:
    (link,), verdict = Known(rrset(WWW, A, ADDRESS, age=100)).explain(WWW)
    assert (link.state, link.ttl_left) == ("stale", -40.0)
    assert link.note == "given if upstream fails or takes over 1.8 s"
    assert verdict.errors == ("EDE 3",)
    assert verdict.next.endswith(FROM_ROOT)


def test_a_stale_record_whose_refresh_failed_is_given_at_once() -> None:
    (link,), verdict = Known(rrset(WWW, A, ADDRESS, age=100)).failed(WWW).explain(WWW)
    assert (link.state, link.note) == ("stale", "given at once: failed once: EDE 22 (no server answers)")
    assert verdict == VerdictRow("NOERROR", is_stale=True, errors=("EDE 3", "EDE 13 (no server answers)"))


def test_a_loop_of_aliases_is_a_dead_end() -> None:
    links, verdict = Known(rrset(WWW, CNAME, WEB), rrset(WEB, CNAME, WWW)).explain(WWW)
    assert states(links) == [("www.example.", "fresh"), ("web.test.", "fresh")]
    assert verdict.rcode == "SERVFAIL"
    assert verdict.errors[0].startswith("EDE 24 ")


def test_an_alias_into_this_platform_and_an_address_of_it_are_refused_as_they_would_be() -> None:
    inside = from_text("web.internal.")
    _, verdict = Known(rrset(WWW, CNAME, inside)).explain(WWW)
    assert verdict == VerdictRow("REFUSED", errors=("EDE 15 (a public alias to a name of this platform)",))
    (link,), verdict = Known(rrset(WWW, AAAA, b"\xfd\xaa" + bytes(14))).explain(WWW, AAAA)
    assert link.state == "fresh"
    assert verdict == VerdictRow("REFUSED", errors=("EDE 15 (a public name with an address of this platform)",))


def test_what_leads_into_this_platform_is_told_as_it_is_answered_where_that_is_allowed() -> None:
    here = Known(rrset(WWW, CNAME, from_text("web.internal.")), rrset(WEB, AAAA, b"\xfd\xaa" + bytes(14)))
    here.known = replace(here.known, guard=Guard("resolve"))
    (_, inside), verdict = here.explain(WWW)
    assert (inside.owner, inside.origin, inside.note) == ("web.internal.", "internal", IN_ITS_NETWORK)
    assert verdict.rcode == "", "it depends on the client"
    assert here.explain(WEB, AAAA)[1].rcode == "NOERROR"


def test_a_dname_that_gives_too_long_a_name_is_yxdomain() -> None:
    long = from_text(".".join(["a" * 63] * 3 + ["b" * 50, "test"]))
    below = from_text("c" * 20 + ".example.")
    dname = replace(rrset(from_text("example."), DNAME, long), alias_target=long)
    _, verdict = Known(dname).explain(below)
    assert verdict == VerdictRow("YXDOMAIN")


def test_a_record_about_to_expire_is_told_to_be_fetched_anew() -> None:
    (link,), _ = Known(rrset(WWW, A, ADDRESS, age=57)).explain(WWW)
    assert link.note == "soon to expire: whoever asks has it fetched anew"


def test_an_explanation_changes_nothing() -> None:
    here = Known(rrset(WWW, CNAME, WEB), rrset(from_text("test."), NS, from_text("ns1.test."))).failed(WEB, AAAA)
    for rtype in (A, AAAA):
        here.explain(WWW, rtype)
    for name in (WWW, from_text("test."), from_text("ns1.test.")):
        node = here.known.cache.use(name)
        assert node is None or node.hits == 0
    assert len(here.known.memory.servers) == 0


@pytest.mark.parametrize("origin", ["internal", "special"])
def test_a_local_answer_is_told_by_its_records(origin: str) -> None:
    local = rrset(WWW, AAAA, bytes(15) + b"\1", ttl=5)
    links, verdict = split(explain_local(Answer(answer=(local,)), Question(WWW, AAAA), origin))
    assert [(link.origin, link.state, link.rdata) for link in links] == [(origin, "local", ("::1",))]
    assert verdict == VerdictRow("NOERROR")


def test_a_local_denial_is_told_too() -> None:
    links, verdict = split(explain_local(Answer(rcode=NXDOMAIN), Question(WWW, A), "internal"))
    assert states(links) == [("www.example.", "negative")]
    assert verdict == VerdictRow("NXDOMAIN")
