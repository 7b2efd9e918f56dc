"""The values of what is known."""

import pytest

from cache.rrset import Entry, Rank, Security
from tests.build import denial, replace, rrset


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param(
            rrset("www.example. 53 A 192.0.2.1\nwww.example. 53 A 192.0.2.2", security=Security.SECURE),
            "<RRset www.example. A x2 ttl=53 ANSWER_AA SECURE>",
            id="RRset",
        ),
        pytest.param(denial("www.example. A"), "<Denial www.example. NODATA A ttl=60 UNCHECKED>", id="NODATA"),
        pytest.param(denial("x.example. NXDOMAIN"), "<Denial x.example. NXDOMAIN ttl=60 UNCHECKED>", id="NXDOMAIN"),
    ],
)
def test_reprs_are_short_and_exact(entry: object, expected: str) -> None:
    assert repr(entry) == expected


def test_only_a_denial_without_a_type_is_an_nxdomain() -> None:
    assert denial("x.example. NXDOMAIN").is_nxdomain
    assert not denial("x.example. A").is_nxdomain


def test_trust_follows_rfc_2181_and_doubt_is_below_proof() -> None:
    assert Rank.ADDITIONAL < Rank.ANSWER < Rank.AUTHORITY_AA < Rank.ANSWER_AA < Rank.LOCAL
    assert Security.UNCHECKED < Security.BOGUS < Security.INDETERMINATE < Security.INSECURE < Security.SECURE


@pytest.mark.parametrize("entry", [rrset("www.example. 60 A 192.0.2.1", 100.0), denial("www.example. AAAA", 100.0)])
@pytest.mark.parametrize(("lease", "expires"), [(130.0, 130.0), (160.0, 160.0), (500.0, 160.0)])
def test_an_entry_is_fresh_no_longer_than_its_lease(entry: Entry, lease: float, expires: float) -> None:
    assert entry.expires == 160.0
    assert replace(entry, lease=lease).expires == entry.replace(lease=lease).expires == expires
