"""Which zone a name is in, and the records of the apexes."""

import pytest

from cache.names import from_text
from cache.rrtypes import NS, SOA
from internal_zones.apex import APEXES, FLYCAST, INTERNAL, REVERSE, apex_of, api_address, build_apexes, is_ours
from internal_zones.options import OWN_ZONES


@pytest.mark.parametrize(
    ("name", "apex"),
    [
        ("internal.", INTERNAL),
        ("web.internal.", INTERNAL),
        ("web.flycast.", FLYCAST),
        ("1.a.a.d.f.ip6.arpa.", REVERSE),
        ("xinternal.", None),
        ("internal.example.", None),
        ("ip6.arpa.", None),
        (".", None),
    ],
)
def test_names_at_or_below_our_apexes_are_ours(name: str, apex: bytes | None) -> None:
    assert apex_of(from_text(name)) == apex
    assert is_ours(from_text(name)) is (apex is not None)


def test_a_label_that_only_ends_like_an_apex_is_not_ours() -> None:
    assert not is_ours(from_text("a\\008internal."))  # \008 is the length octet of «internal»


def test_the_denying_soa_has_the_negative_ttl_in_both_places() -> None:
    for apex in APEXES:
        records = build_apexes(3)[apex]
        assert (records.soa.owner, records.soa.rtype, records.ns.rtype) == (apex, SOA, NS)
        assert (records.soa.ttl, records.denying.ttl) == (5, 3)
        assert int.from_bytes(records.soa.rdatas[0][-4:]) == 3  # MINIMUM, RFC 2308 §4


def test_the_api_address_is_3_of_the_network() -> None:
    assert api_address(0x18).hex() == "fdaa00000018" + "0" * 18 + "03"


def test_the_options_know_the_same_apexes() -> None:
    assert tuple(map(from_text, OWN_ZONES)) == APEXES
