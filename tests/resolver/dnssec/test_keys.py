"""Which keys a DS vouches for."""

import dns.dnssec
import dns.name
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.rrset import RRset
from resolver.dnssec import keys
from tests.build import rrset
from tests.resolver.dnssec.signing import Signer, ed25519_signer, wire_of

KSK, ZSK = ed25519_signer(1, 0x0101), ed25519_signer(2)


def dnskeys(*signers: Signer) -> RRset:
    return rrset("\n".join(f"example. 60 DNSKEY {one.dnskey.to_text()}" for one in signers))


def ds(of: Signer, digest: str = "SHA256") -> bytes:
    return wire_of(
        dns.dnssec.make_ds(dns.name.from_text("example."), of.dnskey, digest, policy=dns.dnssec.allow_all_policy)
    )


def with_algorithm(record: bytes, algorithm: int) -> bytes:
    return record[:2] + bytes((algorithm,)) + record[3:]


@pytest.mark.parametrize("digest", ["SHA1", "SHA256", "SHA384"])
def test_the_key_that_a_ds_describes_is_vouched_for_and_no_other(digest: str) -> None:
    assert keys.matching(dnskeys(ZSK, KSK), [ds(KSK, digest)]) == (KSK.rdata,)


def test_sha1_counts_only_where_nothing_better_is_given() -> None:
    """RFC 4509 §3."""
    assert keys.matching(dnskeys(KSK, ZSK), [ds(ZSK, "SHA1"), ds(KSK)]) == (KSK.rdata,)


def test_a_digest_of_another_owner_does_not_match() -> None:
    other = rrset(f"other. 60 DNSKEY {KSK.dnskey.to_text()}")
    assert keys.matching(other, [ds(KSK)]) == ()


@pytest.mark.parametrize("flags", [pytest.param(0x0181, id="revoked"), pytest.param(0x0001, id="no zone key")])
def test_a_key_that_must_not_be_used_is_not_vouched_for(flags: int) -> None:
    one = ed25519_signer(1, flags)
    assert keys.matching(dnskeys(one), [ds(one)]) == ()


def test_tags_are_those_of_dnspython() -> None:
    assert keys.key_tag(KSK.rdata) == dns.dnssec.key_id(KSK.dnskey)


def test_the_ds_made_here_is_that_of_dnspython() -> None:
    assert keys.make_ds(dnskeys(KSK).owner, KSK.rdata) == ds(KSK)


@pytest.mark.parametrize(
    ("records", "supported"),
    [
        pytest.param([], False, id="none"),
        pytest.param([with_algorithm(ds(KSK), 12)], False, id="an algorithm that is not"),
        pytest.param([ds(KSK)[:3] + b"\x03" + ds(KSK)[4:]], False, id="a digest that is not"),
        pytest.param([with_algorithm(ds(KSK), 12), ds(KSK)], True, id="one of two"),
        pytest.param([ds(KSK)[:10]], True, id="a digest cut short is no reason to trust blindly"),
    ],
)
def test_a_zone_can_be_checked_if_one_ds_is_supported(records: list[bytes], supported: bool) -> None:
    assert keys.is_supported(records) is supported


def test_no_more_than_four_keys_of_one_tag_are_tried() -> None:
    turned = [KSK.rdata[:4] + KSK.rdata[4 + at :] + KSK.rdata[4 : 4 + at] for at in range(0, 32, 2)]
    assert [len(same) for same in keys.usable_keys(turned).values()] == [keys.MAX_SAME_TAG]


def test_no_more_than_64_keys_of_a_zone_are_looked_at() -> None:
    """2,000 fit into 64 kB, and each cost its time again for each RRset that its zone had signed."""
    many = [KSK.rdata[:4] + number.to_bytes(2) for number in range(2000)]
    assert len(keys.usable_keys(many)) == keys.MAX_KEYS == 64
    assert len(keys.usable_keys([*many, KSK.rdata])) == 64


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_garbage_is_vouched_for_by_nothing(key: bytes, record: bytes) -> None:
    junk = RRset(
        owner=dnskeys(KSK).owner, rtype=48, rdatas=(key,), ttl=1, received=0, expires=1, rank=dnskeys(KSK).rank
    )
    assert keys.matching(junk, [record]) == ()
