"""What may replace what. Each row is one rule; mutating a rule must fail its row."""

import pytest

from cache.ranking import can_stand_beside, heir, may_replace, survivors
from cache.rrset import Entry, Rank, Security
from tests.build import denial, rrset

A1, A2 = "www.example. 60 A 192.0.2.1", "www.example. 60 A 192.0.2.2"
AAAA = "www.example. 60 AAAA 2001:db8::1"
ALIAS = "www.example. 60 CNAME target.example."
NS1, NS2 = "example. 60 NS ns1.example.", "example. 60 NS ns2.example."
GLUE = Rank.ADDITIONAL
BOGUS, SECURE, INSECURE = Security.BOGUS, Security.SECURE, Security.INSECURE

NOW = 10.0  # what is received at 0 is fresh then, what was received at -100 has expired


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(rrset(A1), rrset(A1, NOW), True, id="an answer is refreshed by a later one"),
        pytest.param(rrset(A1), rrset(A2, NOW), True, id="other data, same rank: the later"),
        pytest.param(rrset(A1, 5), rrset(A2, 4), False, id="a late write of something heard earlier"),
        pytest.param(rrset(A1), rrset(A2, NOW, rank=Rank.ANSWER), False, id="lower rank, fresh"),
        pytest.param(rrset(A1, -100), rrset(A2, NOW, rank=Rank.ANSWER), True, id="lower rank, expired"),
        pytest.param(rrset(A1, 5, rank=Rank.ANSWER), rrset(A2, 4), True, id="higher rank, though heard earlier"),
        pytest.param(rrset(A1), rrset(A2, NOW, security=BOGUS), False, id="bogus over good"),
        pytest.param(rrset(A1, -100), rrset(A2, NOW, security=BOGUS), False, id="bogus over expired good"),
        pytest.param(
            rrset(A1, -100, security=SECURE), rrset(A2, NOW, security=BOGUS), False, id="bogus over expired secure"
        ),
        pytest.param(
            rrset(A1, security=BOGUS),
            rrset(A2, NOW, rank=Rank.ANSWER),
            True,
            id="good over bogus, whatever its rank",
        ),
        pytest.param(rrset(A1, security=BOGUS), rrset(A2, NOW, security=BOGUS), True, id="bogus over bogus"),
        pytest.param(
            rrset(A1, security=SECURE), rrset(A2, NOW, security=INSECURE), False, id="unproven over fresh secure"
        ),
        pytest.param(
            rrset(A1, -100, security=SECURE),
            rrset(A2, NOW, security=INSECURE),
            True,
            id="unproven over expired secure: the zone may have gone insecure",
        ),
        pytest.param(rrset(A1), rrset(A2, NOW, rank=Rank.ANSWER, security=SECURE), True, id="secure over higher rank"),
        pytest.param(rrset(A1), denial("www.example. A", NOW), True, id="a denial ranks as an answer of its zone"),
        pytest.param(
            rrset(A1), denial("www.example. A", NOW, rank=Rank.ANSWER), False, id="a forwarder's denial is less"
        ),
        pytest.param(denial("www.example. A"), rrset(A1, NOW), True, id="an answer over an older denial"),
        pytest.param(denial("www.example. NXDOMAIN"), rrset(A1, NOW, rank=GLUE), False, id="glue over a fresh denial"),
        pytest.param(rrset(NS1), rrset(NS1, NOW), False, id="the same NS: no longer life"),
        pytest.param(rrset(NS1), rrset(NS2, NOW), True, id="another NS RRset"),
        pytest.param(rrset(NS1, -100), rrset(NS1, NOW), True, id="the same NS after its end"),
        pytest.param(rrset(A1, rank=GLUE), rrset(A1, NOW, rank=GLUE), False, id="the same glue: no longer life"),
        pytest.param(rrset(A1, rank=GLUE), rrset(A2, NOW, rank=GLUE), True, id="other glue"),
        pytest.param(rrset(A1, rank=GLUE), rrset(A1, NOW), True, id="an answer over the same glue"),
        pytest.param(rrset(A1, -50), rrset(A2, NOW, rank=Rank.ANSWER), True, id="lower rank, just expired"),
        pytest.param(rrset(A1, 5), rrset(A2, 5), True, id="heard at the same moment: what is put later"),
        pytest.param(rrset(NS1), rrset(NS2, NOW, rank=Rank.AUTHORITY_AA), False, id="NS beside an answer is less"),
        pytest.param(denial("example. NS"), rrset(NS1, NOW), True, id="NS over an older denial"),
        pytest.param(
            rrset(f"{A1}\n{A2}", rank=GLUE), rrset(f"{A2}\n{A1}", NOW, rank=GLUE), False, id="order is no difference"
        ),
    ],
)
def test_may_replace(old: Entry, new: Entry, expected: bool) -> None:
    assert may_replace(old, new, NOW) is expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(rrset(A1), rrset(AAAA), True, id="two types"),
        pytest.param(rrset(A1), rrset(A2), False, id="one type"),
        pytest.param(rrset(A1), denial("www.example. A"), False, id="an RRset and its denial"),
        pytest.param(rrset(A1), denial("www.example. AAAA"), True, id="an RRset and the denial of another type"),
        pytest.param(rrset(A1), rrset(ALIAS), False, id="a CNAME evicts an address"),
        pytest.param(rrset(ALIAS), rrset(A1), False, id="an address evicts a CNAME"),
        pytest.param(rrset(ALIAS), denial("www.example. A"), False, id="NODATA evicts a CNAME"),
        pytest.param(denial("www.example. A"), rrset(ALIAS), False, id="a CNAME evicts NODATA"),
        pytest.param(
            denial("www.example. CNAME"), rrset(A1), True, id="NODATA of CNAME hides no address (scenario 26)"
        ),
        pytest.param(denial("www.example. CNAME"), rrset(ALIAS), False, id="NODATA of CNAME and the CNAME"),
        pytest.param(denial("www.example. DS"), rrset(ALIAS), True, id="an alias has no DS"),
        pytest.param(rrset(ALIAS), denial("www.example. DS"), True, id="no DS at an alias"),
        pytest.param(
            rrset(ALIAS), rrset("www.example. 60 NSEC z.example. CNAME RRSIG NSEC"), True, id="CNAME and NSEC"
        ),
        pytest.param(
            rrset(A1), denial("www.example. NXDOMAIN"), True, id="an unvalidated NXDOMAIN leaves what is fresh"
        ),
        pytest.param(rrset(A1, -100), denial("www.example. NXDOMAIN"), False, id="NXDOMAIN evicts an expired RRset"),
        pytest.param(rrset(A1, -50), denial("www.example. NXDOMAIN"), False, id="NXDOMAIN evicts what ends just now"),
        pytest.param(rrset(A1, -47), denial("www.example. NXDOMAIN"), False, id="NXDOMAIN evicts one that is due"),
        pytest.param(
            rrset(A1),
            denial("www.example. NXDOMAIN", security=SECURE),
            False,
            id="a validated NXDOMAIN evicts an RRset",
        ),
        pytest.param(
            rrset(A1, security=SECURE), denial("www.example. NXDOMAIN"), False, id="an NXDOMAIN beside proven data"
        ),
        pytest.param(denial("www.example. A"), denial("www.example. NXDOMAIN"), False, id="NXDOMAIN evicts NODATA"),
        pytest.param(denial("www.example. NXDOMAIN"), rrset(A1), False, id="an RRset evicts NXDOMAIN"),
        pytest.param(denial("www.example. NXDOMAIN"), denial("www.example. A"), False, id="NODATA evicts NXDOMAIN"),
        pytest.param(rrset(NS1, rank=GLUE), denial("example. NXDOMAIN"), True, id="a denial leaves a referral"),
        pytest.param(rrset("example. 60 CNAME x.example."), rrset(NS1, rank=GLUE), True, id="a referral at an alias"),
        pytest.param(rrset(A1, -100), rrset(A2, rank=GLUE), True, id="glue leaves the last good answer"),
        pytest.param(rrset(A1, -50), rrset(A2, rank=GLUE), True, id="glue leaves what has just expired"),
        pytest.param(denial("www.example. RRSIG"), rrset(ALIAS), True, id="a denial of RRSIG stands beside an alias"),
        pytest.param(rrset(A1), rrset(A2, rank=GLUE), False, id="glue and a fresh answer"),
        pytest.param(rrset(A1, -100, rank=GLUE), rrset(A2, rank=GLUE), False, id="glue and expired glue"),
    ],
)
def test_can_stand_beside(old: Entry, new: Entry, expected: bool) -> None:
    assert can_stand_beside(old, new, NOW) is expected


@pytest.mark.parametrize(
    ("old", "new", "expires"),
    [
        pytest.param(rrset(NS1), rrset(NS2, NOW), 60, id="NS ends with the NS it replaces"),
        pytest.param(rrset(NS1, rank=GLUE), rrset(NS1, NOW), 60, id="the child's NS ends with the parent's"),
        pytest.param(rrset(NS1, -100), rrset(NS2, NOW), 70, id="expired NS limits nothing"),
        pytest.param(rrset(NS1), rrset("example. 5 NS ns2.example.", NOW), 15, id="a shorter TTL stays shorter"),
        pytest.param(rrset(A1, rank=GLUE), rrset(A2, NOW, rank=GLUE), 60, id="glue ends with the glue it replaces"),
        pytest.param(rrset(A1, rank=GLUE), rrset(A2, NOW), 70, id="an answer has its own TTL"),
        pytest.param(denial("example. NS"), rrset(NS1, NOW), 70, id="NS after its denial has its own TTL"),
        pytest.param(denial("example. NXDOMAIN"), rrset(NS1, NOW), 70, id="NS after NXDOMAIN has its own TTL"),
        pytest.param(
            rrset("example. 60 CNAME x.example."), rrset(NS1, NOW), 70, id="NS after an alias has its own TTL"
        ),
        pytest.param(rrset(NS1), denial("example. NS", NOW), 70, id="a denial after NS has its own TTL"),
        pytest.param(rrset(NS1, -50), rrset(NS2, NOW), 70, id="NS that has just expired limits nothing"),
    ],
)
def test_what_delegates_lives_no_longer_than_what_it_replaces(old: Entry, new: Entry, expires: float) -> None:
    assert heir(old, new, NOW).expires == expires


@pytest.mark.parametrize(
    ("held", "restored", "left"),
    [
        pytest.param(rrset(A2, 5), rrset(A1, 0), "held", id="what was heard since has replaced it"),
        pytest.param(rrset("www.example. 1 A 192.0.2.2", 5), rrset(A1, 0), "held", id="though it expired since"),
        pytest.param(rrset(A2, 5, rank=Rank.ANSWER), rrset(A1, 0), "restored", id="what it would have outranked"),
        pytest.param(rrset(A2, 70, rank=Rank.ANSWER), rrset(A1, 0), "held", id="what came after it had expired"),
        pytest.param(rrset(ALIAS, 5), rrset(A1, 0), "held", id="an alias since"),
        pytest.param(denial("www.example. NXDOMAIN", 5), rrset(A1, 0), "both", id="an unvalidated NXDOMAIN since"),
        pytest.param(denial("www.example. NXDOMAIN", 70), rrset(A1, 0), "held", id="an NXDOMAIN since it expired"),
        pytest.param(rrset(A1, 5), denial("www.example. NXDOMAIN", 0), "held", id="an address since an NXDOMAIN"),
        pytest.param(rrset(A1, 5), denial("www.example. NXDOMAIN", 5), "both", id="an NXDOMAIN of the same moment"),
        pytest.param(rrset(AAAA, 5), rrset(A1, 0), "both", id="another type"),
        pytest.param(rrset(A2, 5, rank=GLUE), rrset(A1, -100), "both", id="glue since, beside the last good answer"),
        pytest.param(rrset(A2, 5, security=BOGUS), rrset(A1, -100), "restored", id="a bogus refresh since"),
        pytest.param(rrset(A2, 5, security=SECURE), rrset(A1, 0), "held", id="proven since"),
        pytest.param(rrset(A2, 0), rrset(A1, 5), "restored", id="an import that was heard later"),
        pytest.param(rrset(A2, 0), rrset(A1, 5, rank=GLUE), "held", id="an import that is outranked"),
        pytest.param(rrset(A2, -100), rrset(A1, 5, rank=GLUE), "both", id="imported glue beside a stale answer"),
        pytest.param(rrset(A1, 5), rrset(A1, 5), "held", id="the same"),
        pytest.param(rrset(A2, 5), rrset(A1, 5), "held", id="heard at the same moment"),
    ],
)
def test_what_comes_back_is_judged_as_if_it_had_been_there_all_the_while(
    held: Entry, restored: Entry, left: str
) -> None:
    expected = {"held": [held], "restored": [restored], "both": [held, restored]}[left]
    assert sorted(survivors(held, restored), key=repr) == sorted(expected, key=repr)


def test_restored_name_servers_end_no_later_than_the_live_ones_they_replace() -> None:
    held = rrset("example. 60 NS ns1.example.", 0, rank=GLUE)
    (left,) = survivors(held, rrset("example. 600 NS ns2.example.", 5, rank=GLUE))
    assert left.expires == held.expires


def test_name_servers_heard_since_keep_their_end_whatever_is_restored() -> None:
    held = rrset("example. 600 NS ns2.example.", 5, rank=GLUE)
    assert survivors(held, rrset("example. 60 NS ns1.example.", 0, rank=GLUE)) == (held,)
