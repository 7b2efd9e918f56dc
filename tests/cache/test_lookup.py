"""What the cache says to a question."""

import pytest

from cache.answer import Answer
from cache.lookup import Alias, SubstitutionTooLong, find, find_last_good, find_link
from cache.names import from_text
from cache.options import CacheOptions, StaleOptions
from cache.rrset import Entry, Rank, RRset, Security
from cache.rrtypes import CNAME, DNAME, NOERROR, NXDOMAIN, A
from cache.store import RRsetCache
from tests.build import denial, question, rrset

STALE = StaleOptions()
SECURE = Security.SECURE
GLUE = Rank.ADDITIONAL
LONG = ".".join(["a" * 63] * 3)


def store_of(*entries: Entry) -> RRsetCache:
    """Each put when it was received."""
    store = RRsetCache(CacheOptions())
    for entry in entries:
        assert store.put(entry, entry.received)
    return store


def asked(store: RRsetCache, text: str, now: float = 1.0) -> Answer | None:
    wanted = question(text)
    return find(store, wanted.qname, wanted.qtype, now)


def said(link: object) -> object:
    """The entry behind a link."""
    return link.shown[0] if isinstance(link, Alias) else link


WWW = rrset("www.example. 60 A 192.0.2.1")
ALIAS = rrset("alias.example. 300 CNAME www.example.")
OLD = rrset("old.example. 60 DNAME new.example.")
GONE = denial("gone.example. NXDOMAIN")
HERE = rrset("here.example. 300 A 192.0.2.1")
HERE_TOO = rrset("here.example. 300 CNAME www.example.")
GONE_HERE = denial("here.example. NXDOMAIN")
CUT = denial("cut.example. NXDOMAIN", security=SECURE)


@pytest.mark.parametrize(
    ("entries", "wanted", "expected"),
    [
        pytest.param([WWW], "www.example. A", WWW, id="the RRset"),
        pytest.param([WWW], "www.example. AAAA", None, id="another type"),
        pytest.param([ALIAS], "alias.example. A", ALIAS, id="an alias"),
        pytest.param([ALIAS], "alias.example. CNAME", ALIAS, id="the CNAME itself"),
        *(
            pytest.param([ALIAS], f"alias.example. {rtype}", None, id=f"{rtype} at an alias (scenario 48)")
            for rtype in ("ANY", "RRSIG", "NSEC")
        ),
        pytest.param([ALIAS], "alias.example. DS", ALIAS, id="DS at an alias (scenario 48)"),
        pytest.param(
            [ALIAS, rrset("alias.example. 300 NS ns.example.", rank=Rank.ADDITIONAL)],
            "alias.example. DS",
            None,
            id="DS of a zone that says that it is an alias: its parent's",
        ),
        pytest.param([HERE, GONE_HERE], "here.example. A", HERE, id="an unvalidated NXDOMAIN hides nothing fresh"),
        pytest.param([HERE, GONE_HERE], "here.example. AAAA", GONE_HERE, id="and counts for all that is not known"),
        pytest.param([HERE_TOO, GONE_HERE], "here.example. TXT", HERE_TOO, id="nor an alias"),
        pytest.param([HERE, GONE_HERE], "here.example. ANY", None, id="nor for ANY"),
        pytest.param([HERE, denial("here.example. TXT")], "here.example. ANY", None, id="what is held need not be all"),
        pytest.param([GONE], "gone.example. ANY", GONE, id="NXDOMAIN, ANY"),
        pytest.param([OLD], "www.old.example. ANY", OLD, id="ANY below a DNAME"),
        pytest.param([GONE], "gone.example. A", GONE, id="NXDOMAIN"),
        pytest.param([GONE], "gone.example. TXT", GONE, id="NXDOMAIN, any type"),
        pytest.param([GONE], "x.gone.example. A", None, id="below an NXDOMAIN nobody validated"),
        pytest.param([CUT], "y.x.cut.example. A", CUT, id="below a validated NXDOMAIN (RFC 8020)"),
        pytest.param([CUT], "notcut.example. A", None, id="beside a validated NXDOMAIN"),
        pytest.param([OLD], "www.old.example. A", OLD, id="below a DNAME"),
        pytest.param([OLD], "www.old.example. CNAME", OLD, id="CNAME below a DNAME"),
        pytest.param([OLD], "old.example. DNAME", OLD, id="the DNAME itself"),
        pytest.param([OLD], "old.example. A", None, id="at a DNAME (scenario 47)"),
        pytest.param([rrset("example. 60 DNAME test."), OLD], "a.old.example. A", OLD, id="the closest DNAME"),
        pytest.param([OLD, rrset("a.old.example. 60 A 192.0.2.7")], "b.old.example. A", OLD, id="beside a name"),
        pytest.param([rrset(". 60 DNAME test.")], ". A", None, id="a DNAME of the root is not above the root"),
        pytest.param([rrset("ns.example. 60 A 192.0.2.1", rank=GLUE)], "ns.example. A", None, id="glue is no answer"),
        pytest.param([rrset("example. 60 NS ns.example.", rank=GLUE)], "example. NS", None, id="nor is a referral"),
        pytest.param(
            [rrset("www.example. 60 A 192.0.2.1", security=Security.BOGUS)], "www.example. A", None, id="bogus"
        ),
        pytest.param([denial("www.example. CNAME"), WWW], "www.example. A", WWW, id="no CNAME, but A (scenario 26)"),
    ],
)
def test_the_link_that_is_known(entries: list[Entry], wanted: str, expected: Entry | None) -> None:
    store = store_of(*entries)
    name, qtype = question(wanted).qname, question(wanted).qtype
    assert said(find_link(store, name, qtype, 1.0)) is expected
    assert find_link(store, name, qtype, 400.0) is None


@pytest.mark.parametrize(
    ("wanted", "is_heard"),
    [
        pytest.param("mail.lab.cut.example. A", False, id="below the apex"),
        pytest.param("lab.cut.example. A", False, id="at the apex"),
        pytest.param("lab.cut.example. DS", True, id="of the apex' DS"),
        pytest.param("mail.lab.cut.example. DS", False, id="of a DS below it"),
        pytest.param("x.cut.example. A", True, id="beside it"),
    ],
)
def test_nothing_from_above_the_apex_of_a_configured_zone_speaks_of_it_but_for_its_ds(
    wanted: str, is_heard: bool
) -> None:
    name, qtype = question(wanted).qname, question(wanted).qtype
    for above in (CUT, rrset("cut.example. 60 DNAME test.")):
        store = store_of(above)
        assert find_link(store, name, qtype, 1.0) is not None
        store.apexes = {from_text("lab.cut.example.")}
        assert (find_link(store, name, qtype, 1.0) is not None) is is_heard
        assert (find_last_good(store, name, qtype, 70.0, STALE) is not None) is is_heard
    own = denial("x.lab.cut.example. NXDOMAIN", security=SECURE)  # of the zone's own servers
    store = store_of(own)
    store.apexes = {from_text("lab.cut.example.")}
    assert said(find_link(store, from_text("y.x.lab.cut.example."), A, 1.0)) is own


@pytest.mark.parametrize(("now", "is_known"), [(59.9, True), (60.0, False)])
def test_data_is_fresh_until_it_expires_and_not_at_that_moment(now: float, is_known: bool) -> None:
    for entry, wanted in ((WWW, "www.example. A"), (OLD, "x.old.example. A"), (GONE, "gone.example. A")):
        assert (find_link(store_of(entry), question(wanted).qname, A, now) is not None) is is_known


def test_what_stands_at_a_name_counts_before_what_stands_above_it() -> None:
    exact = rrset("www.old.example. 60 A 192.0.2.1")
    assert find_link(store_of(OLD, exact), exact.owner, A, 1.0) is exact


def test_substitution_into_too_long_a_name() -> None:
    store = store_of(rrset(f"example. 60 DNAME {LONG}.test."))
    name = from_text(f"{'b' * 63}.example.")
    with pytest.raises(SubstitutionTooLong):
        find_link(store, name, A, 1.0)
    assert find(store, name, A, 1.0) is None
    assert find_last_good(store, name, A, 70.0, STALE) is None
    shorter = from_text("b.example.")
    assert find_last_good(store, shorter, A, 70.0, STALE) is not None


@pytest.mark.parametrize(
    ("entries", "wanted", "now", "expected"),
    [
        pytest.param([WWW], "www.example. A", 1.0, WWW, id="fresh"),
        pytest.param([WWW], "www.example. A", 70.0, WWW, id="stale"),
        pytest.param([WWW], "www.example. A", 60.0 + 86400, None, id="max_stale is over (scenario 32)"),
        pytest.param([rrset("a.example. 60 A 192.0.2.1", lease=80)], "a.example. A", 79.0, "A", id="within its lease"),
        pytest.param([rrset("a.example. 60 A 192.0.2.1", lease=80)], "a.example. A", 80.0, None, id="scenario 33"),
        pytest.param([GONE], "gone.example. A", 70.0, GONE, id="a stale NXDOMAIN"),
        pytest.param([ALIAS], "alias.example. A", 310.0, ALIAS, id="a stale alias"),
        pytest.param([ALIAS], "alias.example. DS", 310.0, None, id="a stale alias says nothing of DS"),
        pytest.param([OLD], "x.old.example. A", 70.0, OLD, id="a stale DNAME"),
        pytest.param([WWW, denial("www.example. NXDOMAIN", 70)], "www.example. A", 71.0, "NXDOMAIN", id="scenario 9"),
        pytest.param([ALIAS, denial("alias.example. A", 310)], "alias.example. A", 311.0, "NODATA", id="scenario 10"),
        pytest.param(
            [WWW, rrset("www.example. 60 CNAME b.test.", 70)], "www.example. A", 200.0, "CNAME", id="scenario 11"
        ),
        pytest.param(
            [ALIAS, rrset("alias.example. 60 A 192.0.2.8", 310)], "alias.example. A", 400.0, "A", id="scenario 12"
        ),
        pytest.param(
            [ALIAS, rrset("alias.example. 60 A 192.0.2.8", 310)], "alias.example. A", 311.0, "A", id="scenario 13"
        ),
        pytest.param(
            [WWW, rrset("www.example. 60 A 192.0.2.9", 70, rank=GLUE)], "www.example. A", 71.0, WWW, id="beside glue"
        ),
    ],
)
def test_the_stale_link_that_is_known(
    entries: list[Entry], wanted: str, now: float, expected: Entry | str | None
) -> None:
    name, qtype = question(wanted).qname, question(wanted).qtype
    link = said(find_last_good(store_of(*entries), name, qtype, now, STALE))
    if isinstance(expected, str):
        assert kind(link) == expected
    else:
        assert link is expected


def kind(link: object) -> str:
    if isinstance(link, RRset):
        return {A: "A", CNAME: "CNAME", DNAME: "DNAME"}[link.rtype]
    return "NXDOMAIN" if getattr(link, "is_nxdomain", False) else "NODATA"


def test_a_fresh_dname_counts_before_a_stale_rrset() -> None:
    stale = rrset("www.old.example. 5 A 192.0.2.1")
    assert said(find_last_good(store_of(stale, OLD), stale.owner, A, 10.0, STALE)) is OLD


def test_nothing_stale_when_that_is_switched_off() -> None:
    assert find_last_good(store_of(WWW), WWW.owner, A, 70.0, StaleOptions(enabled=False)) is None


def test_a_whole_chain_is_an_answer() -> None:
    store = store_of(ALIAS, WWW)
    answer = asked(store, "alias.example. A")
    assert answer is not None
    assert answer.answer == (ALIAS, WWW)
    assert answer.rcode == NOERROR
    assert (store.counts.hits, store.counts.misses) == (1, 0)


@pytest.mark.parametrize(
    ("entries", "now"),
    [
        pytest.param([ALIAS], 1.0, id="a target never fetched: the incident"),
        pytest.param([ALIAS, WWW], 61.0, id="a target that expired (scenario 23)"),
        pytest.param([rrset("alias.example. 60 CNAME alias.example.")], 1.0, id="a loop"),
    ],
)
def test_an_open_chain_is_a_miss(entries: list[Entry], now: float) -> None:
    store = store_of(*entries)
    assert asked(store, "alias.example. A", now) is None
    assert (store.counts.hits, store.counts.misses) == (0, 1)


def test_a_chain_too_long_is_a_miss() -> None:
    links = [rrset(f"a{number}.example. 60 CNAME a{number + 1}.example.") for number in range(12)]
    store = store_of(*links, rrset("a12.example. 60 A 192.0.2.1"))
    assert asked(store, "a0.example. A") is None
    assert asked(store, "a1.example. A") is not None


def test_an_alias_to_a_name_that_is_not_there() -> None:
    """Scenario 25: keyed at the target, for every type."""
    to_gone = rrset("b.example. 60 CNAME gone.example.")
    answer = asked(store_of(to_gone, GONE), "b.example. TXT")
    assert answer is not None
    assert (answer.rcode, answer.answer, answer.authority) == (NXDOMAIN, (to_gone,), (GONE.soa,))


def test_an_answer_says_how_secure_it_is() -> None:
    answer = asked(store_of(rrset("www.example. 60 A 192.0.2.1", security=SECURE)), "www.example. A")
    assert answer is not None
    assert answer.security is SECURE
