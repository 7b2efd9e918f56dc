"""The story of an answer, told from a cache of values."""

import pytest

from cache.answer import Answer, Question
from cache.failures import Failures
from cache.names import WireName, from_text
from cache.options import CacheOptions, StaleOptions
from cache.rrset import Denial, RRset, Trust
from cache.rrtypes import AAAA, CNAME, DS, NS, NXDOMAIN, SOA, A
from cache.store import RRsetCache
from resolver.errors import NO_REACHABLE_AUTHORITY
from resolver.policy.explain import ExplainRow, LinkRow, VerdictRow, explain, explain_local

NOW = 1000.0
STALE = StaleOptions()
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
        trust=Trust.ANSWER_AA,
        lease=received + 86400,
        alias_target=WireName(rdatas[0]) if rtype == CNAME else None,
        source="192.0.2.53",
    )


def nxdomain(owner: WireName) -> Denial:
    zone = from_text("test.")
    soa = rrset(zone, SOA, zone + zone + bytes(20))
    return Denial(owner=owner, rtype=None, soa=soa, ttl=60, received=NOW, expires=NOW + 60, trust=Trust.AUTHORITY_AA)


class Known:
    """A cache and what failed."""

    def __init__(self, *entries: RRset | Denial) -> None:
        self.cache = RRsetCache(CacheOptions())
        self.failures = Failures()
        for entry in entries:
            assert self.cache.put(entry, entry.received)

    def failed(self, name: WireName, rtype: int = A) -> "Known":
        self.failures.remember(Question(name, rtype), NO_REACHABLE_AUTHORITY, "no server answers", NOW)
        return self

    def explain(self, name: WireName, rtype: int = A) -> tuple[list[LinkRow], VerdictRow]:
        return split(explain(self.cache, self.failures, Question(name, rtype), NOW, STALE))


def split(rows: list[ExplainRow]) -> tuple[list[LinkRow], VerdictRow]:
    *links, verdict = rows
    assert isinstance(verdict, VerdictRow)
    return [link for link in links if isinstance(link, LinkRow)], verdict


def states(links: list[LinkRow]) -> list[tuple[str, str]]:
    return [(link.name, link.state) for link in links]


def test_a_fresh_record_is_told_with_its_age_server_and_what_is_left() -> None:
    (link,), verdict = Known(rrset(WWW, A, ADDRESS, age=12)).explain(WWW)
    assert link == LinkRow(
        name="www.example.",
        type="A",
        origin="cache",
        state="fresh",
        age=12.0,
        remaining=48.0,
        lease_remaining=86388.0,
        trust="ANSWER_AA",
        security="UNCHECKED",
        server="192.0.2.53",
        records=("A 192.0.2.80",),
    )
    assert verdict == VerdictRow("NOERROR")


def test_a_chain_has_a_row_for_each_link() -> None:
    links, verdict = Known(rrset(WWW, CNAME, WEB), rrset(WEB, A, ADDRESS)).explain(WWW)
    assert [(link.name, link.records) for link in links] == [
        ("www.example.", ("CNAME web.test.",)),
        ("web.test.", ("A 192.0.2.80",)),
    ]
    assert verdict.rcode == "NOERROR"


def test_a_name_that_does_not_exist_is_negative() -> None:
    (link,), verdict = Known(nxdomain(WEB)).explain(WEB)
    assert (link.state, link.records) == ("negative", ("NXDOMAIN, SOA of test.",))
    assert verdict == VerdictRow("NXDOMAIN")


def test_nothing_known_would_be_asked_of_the_root() -> None:
    (link,), verdict = Known().explain(WWW)
    assert (link.origin, link.state) == ("upstream", "missing")
    assert verdict == VerdictRow("", next="www.example. A from the root servers")


def test_a_missing_target_would_be_asked_of_the_closest_servers_known() -> None:
    servers = rrset(from_text("test."), NS, from_text("ns1.test."), from_text("ns2.test."))
    links, verdict = Known(rrset(WWW, CNAME, WEB), servers).explain(WWW)
    assert states(links) == [("www.example.", "fresh"), ("web.test.", "missing")]
    assert verdict.next == "web.test. A from the servers of test.: ns1.test., ns2.test."


def test_a_ds_would_be_asked_of_the_parent() -> None:
    zone = from_text("example.")
    _, verdict = Known(rrset(zone, NS, from_text("ns1.example."))).explain(zone, DS)
    assert verdict.next == "example. DS from the root servers"


def test_expired_name_servers_are_not_whom_would_be_asked() -> None:
    old = rrset(from_text("test."), NS, from_text("ns1.test."), age=61)
    assert Known(old).explain(WEB)[1].next == "web.test. A from the root servers"


def test_a_failed_target_under_a_good_alias_is_servfail_and_not_the_bare_alias() -> None:
    links, verdict = Known(rrset(WWW, CNAME, WEB)).failed(WEB).explain(WWW)
    assert states(links) == [("www.example.", "fresh"), ("web.test.", "failed")]
    assert links[1].note == "no server answers"
    assert verdict == VerdictRow("SERVFAIL", errors=("EDE 13 (no server answers)",))


def test_a_stale_record_is_told_with_when_it_would_be_given_and_is_asked_for() -> None:
    (link,), verdict = Known(rrset(WWW, A, ADDRESS, age=100)).explain(WWW)
    assert (link.state, link.remaining) == ("stale", -40.0)
    assert link.note == "given if upstream fails or takes over 1.8 s"
    assert verdict.errors == ("EDE 3",)
    assert verdict.next == "www.example. A from the root servers"


def test_a_stale_record_whose_refresh_failed_is_given_at_once() -> None:
    (link,), verdict = Known(rrset(WWW, A, ADDRESS, age=100)).failed(WWW).explain(WWW)
    assert (link.state, link.note) == ("stale", "given at once: no server answers")
    assert verdict == VerdictRow("NOERROR", is_stale=True, errors=("EDE 3", "EDE 13 (no server answers)"))


def test_a_loop_of_aliases_is_a_dead_end() -> None:
    links, verdict = Known(rrset(WWW, CNAME, WEB), rrset(WEB, CNAME, WWW)).explain(WWW)
    assert states(links) == [("www.example.", "fresh"), ("web.test.", "fresh")]
    assert verdict.rcode == "SERVFAIL"
    assert verdict.errors[0].startswith("EDE 24 ")


@pytest.mark.parametrize("origin", ["internal", "special"])
def test_a_local_answer_is_told_by_its_records(origin: str) -> None:
    local = rrset(WWW, AAAA, bytes(15) + b"\1", ttl=5)
    links, verdict = split(explain_local(Answer(answer=(local,)), Question(WWW, AAAA), origin))
    assert [(link.origin, link.state, link.records) for link in links] == [(origin, "local", ("AAAA ::1",))]
    assert verdict == VerdictRow("NOERROR")


def test_a_local_denial_is_told_too() -> None:
    links, verdict = split(explain_local(Answer(rcode=NXDOMAIN), Question(WWW, A), "internal"))
    assert states(links) == [("www.example.", "negative")]
    assert verdict == VerdictRow("NXDOMAIN")
