"""Whether an RRset is signed: valid ones, and each way of being none."""

from dataclasses import replace as changed

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.names import from_text
from cache.rrset import RRset
from resolver.dnssec import signatures
from resolver.dnssec.keys import usable_keys
from resolver.dnssec.numbers import ED25519, TAKES
from resolver.dnssec.signatures import TOO_MANY, Unverified, Verified, seconds_early, seconds_to
from resolver.dnssec.work import Work
from resolver.errors import WorkExhausted
from tests.build import replace, rrset
from tests.resolver.dnssec.signing import EXPIRATION, NOW, ZONE, at_once, ed25519_signer, sign, verify_now

KEY, OTHER = ed25519_signer(1), ed25519_signer(2)
WWW = sign("www.example. 60 A 192.0.2.1\nwww.example. 60 A 192.0.2.2", KEY)
WILD = sign("*.example. 60 TXT wild", KEY)


def outcome(signed: RRset, *keys: bytes, zone: str = "example.", wall: float = NOW) -> Verified | Unverified:
    return verify_now(signed, keys or (KEY.rdata,), from_text(zone), wall, Work(0.0))


def code(signed: RRset, *keys: bytes, zone: str = "example.", wall: float = NOW) -> int:
    found = outcome(signed, *keys, zone=zone, wall=wall)
    assert isinstance(found, Unverified)
    return found.info_code


def patched(signed: RRset, at: int, octets: bytes) -> RRset:
    rrsig = signed.rrsigs[0]
    return replace(signed, rrsigs=(rrsig[:at] + octets + rrsig[at + len(octets) :],))


def test_a_signature_tells_until_when_and_for_how_long_the_rrset_may_be_kept() -> None:
    assert outcome(WWW) == Verified(until=EXPIRATION, labels=2, ttl=60)


@pytest.mark.parametrize(
    "signed",
    [
        pytest.param(replace(WWW, ttl=5), id="a TTL counted down"),
        pytest.param(replace(WWW, ttl=9999), id="a TTL above the original: the caller cuts it"),
        pytest.param(replace(WWW, rdatas=WWW.rdatas[::-1]), id="in another order"),
        pytest.param(replace(WWW, rrsigs=(b"junk", *WWW.rrsigs)), id="beside junk"),
        pytest.param(sign("www.example. 60 CNAME WWW.Example.", KEY), id="names in capitals"),
        pytest.param(sign("example. 60 SOA ns.example. a.example. 65 66 67 68 69", KEY), id="at the apex"),
    ],
)
def test_what_changes_on_the_way_does_not_matter(signed: RRset) -> None:
    assert isinstance(outcome(signed), Verified)


@pytest.mark.parametrize(
    ("owner", "labels"),
    [("www.example.", 1), ("a.b.example.", 1), ("*.example.", 2), ("*.b.example.", 1)],
)
def test_an_expansion_tells_how_many_labels_exist(owner: str, labels: int) -> None:
    found = outcome(replace(WILD, owner=from_text(owner)))
    assert isinstance(found, Verified)
    assert found.labels == labels


@pytest.mark.parametrize(
    ("signed", "info_code"),
    [
        pytest.param(replace(WWW, rrsigs=()), 10, id="no signatures"),
        pytest.param(replace(WWW, rrsigs=WILD.rrsigs), 10, id="signatures of another type only"),
        pytest.param(sign("www.example. 60 A 192.0.2.1", KEY, expiration=NOW - 1), 7, id="expired"),
        pytest.param(sign("www.example. 60 A 192.0.2.1", KEY, inception=NOW + 1), 8, id="not yet valid"),
        pytest.param(
            sign("www.example. 60 A 192.0.2.1", KEY, inception=NOW + 9, expiration=NOW - 9), 25, id="never valid"
        ),
        pytest.param(sign("www.example. 60 A 192.0.2.1", OTHER), 9, id="by a key that is not the zone's"),
        pytest.param(sign("www.example. 60 A 192.0.2.1", KEY, zone="www.example."), 6, id="by a zone below"),
        pytest.param(sign("www.example. 60 A 192.0.2.1", KEY, zone="test."), 6, id="by a zone beside"),
        pytest.param(sign("www.test. 60 A 192.0.2.1", KEY), 6, id="an owner out of the zone"),
        pytest.param(patched(WWW, 2, b"\x0c"), 1, id="an algorithm that is not supported"),
        pytest.param(patched(WWW, 3, b"\x03"), 6, id="more labels than the owner has"),
        pytest.param(patched(WWW, 3, b"\x00"), 6, id="fewer labels than the signer has"),
        pytest.param(patched(WWW, 3, b"\x01"), 6, id="passed off as an expansion"),
        pytest.param(patched(WWW, 4, b"\x00\x01\x00\x00"), 6, id="another original TTL"),
        pytest.param(patched(WWW, 8, b"\x7f"), 6, id="a longer life"),
        pytest.param(replace(WWW, rdatas=WWW.rdatas[:1]), 6, id="a record taken away"),
        pytest.param(replace(WWW, rdatas=(*WWW.rdatas, b"\xc0\x00\x02\x03")), 6, id="a record added"),
        pytest.param(replace(WWW, owner=from_text("ftp.example.")), 6, id="moved to another owner"),
        pytest.param(replace(WWW, rrsigs=(WWW.rrsigs[0][:20],)), 6, id="cut off"),
    ],
)
def test_each_way_of_not_being_signed_has_its_reason(signed: RRset, info_code: int) -> None:
    assert code(signed) == info_code


@pytest.mark.parametrize("flags", [pytest.param(0x0180, id="revoked"), pytest.param(0x0000, id="no zone key")])
def test_a_key_that_must_not_sign_verifies_nothing(flags: int) -> None:
    key = ed25519_signer(1, flags)
    assert code(sign("www.example. 60 A 192.0.2.1", key), key.rdata) == 9


@pytest.mark.parametrize(
    "text",
    [
        "*.example. 60 NSEC www.example. TXT",
        "*.example. 60 DS 1 15 2 " + "00" * 32,
        "*.example. 60 DNAME other.example.",
        "*.example. 60 SOA ns.example. admin.example. 1 2 3 4 5",
    ],
)
def test_what_belongs_to_one_name_is_never_an_expansion(text: str) -> None:
    signed = sign(text, KEY)
    assert isinstance(outcome(signed), Verified)
    assert code(replace(signed, owner=from_text("www.example."))) == 6


def test_a_wildcard_above_the_signer_gives_nothing_though_its_signature_is_right() -> None:
    """The signer may not sign for `*.`, above its own zone (CVE-2026-44690)."""
    assert code(replace(sign("*. 60 TXT wild", KEY), owner=from_text("www.example."))) == 6


def test_time_goes_round_in_2_to_the_32() -> None:
    assert seconds_to(5, (1 << 32) - 5) == 10
    assert seconds_to((1 << 32) - 5, 5) == -10
    wall = (1 << 32) + 100.0  # in 2106
    late = sign("www.example. 60 A 192.0.2.1", KEY, inception=(1 << 32) - 100, expiration=1000)
    assert outcome(late, wall=wall) == Verified(until=(1 << 32) + 1000.0, labels=2, ttl=60)


def test_keytrap_costs_no_more_than_the_work_that_is_left() -> None:
    """CVE-2023-50387: many signatures, many keys of one tag, and none of them right."""
    rrsigs = tuple(WWW.rrsigs[0][:-1] + bytes((octet,)) for octet in range(100) if octet != WWW.rrsigs[0][-1])
    attack = replace(WWW, rrsigs=rrsigs)
    work = Work(0.0)
    assert verify_now(attack, [KEY.rdata], ZONE, NOW, work) is TOO_MANY
    assert work.signatures == Work(0.0).signatures - signatures.MAX_SIGNATURES
    spent = Work(0.0, signatures=3)
    with pytest.raises(WorkExhausted):
        verify_now(attack, [KEY.rdata], ZONE, NOW, spent)
    assert spent.signatures == 0


def test_what_is_refused_beforehand_costs_nothing() -> None:
    work = Work(0.0)
    verify_now(sign("www.example. 60 A 192.0.2.1", KEY, expiration=NOW - 1), [KEY.rdata], ZONE, NOW, work)
    assert work == Work(0.0)


@given(at=st.integers(0, len(WWW.rrsigs[0]) - 1), flip=st.integers(1, 255))
def test_no_octet_of_a_signature_can_be_changed(at: int, flip: int) -> None:
    """Save for the case of the signer's name, which is not part of it."""
    octets = bytearray(WWW.rrsigs[0])
    octets[at] ^= flip
    changed_one = replace(WWW, rrsigs=(bytes(octets),))
    is_same = bytes(octets).lower() == WWW.rrsigs[0].lower() and 18 <= at < 27
    assert isinstance(outcome(changed_one), Verified) == is_same


@given(at=st.integers(0, 7), flip=st.integers(1, 255))
def test_no_octet_of_the_records_can_be_changed(at: int, flip: int) -> None:
    octets = bytearray(b"".join(WWW.rdatas))
    octets[at] ^= flip
    assert isinstance(outcome(replace(WWW, rdatas=(bytes(octets[:4]), bytes(octets[4:])))), Unverified)


@given(rrsigs=st.lists(st.binary(max_size=120), max_size=12), key=st.binary(max_size=60), rdata=st.binary(max_size=40))
def test_garbage_never_raises(rrsigs: list[bytes], key: bytes, rdata: bytes) -> None:
    for rtype in (1, 6, 35, 47):
        junk = replace(rrset("www.example. 60 A 192.0.2.1"), rtype=rtype, rdatas=(rdata,), rrsigs=tuple(rrsigs))
        assert isinstance(outcome(junk, key, KEY.rdata), Unverified)


def test_a_read_signature_keeps_what_is_signed_of_it() -> None:
    found = signatures.read(WWW.rrsigs[0])
    assert found is not None
    assert found == changed(found, signer=ZONE, covered=1, labels=2)
    assert found.head + found.signature == WWW.rrsigs[0]


@pytest.mark.parametrize(
    ("inception", "expiration", "skew", "holds"),
    [
        pytest.param(NOW + 60, EXPIRATION, 60, True, id="begins within the skew"),
        pytest.param(NOW + 61, EXPIRATION, 60, False, id="begins later"),
        pytest.param(NOW - 99, NOW - 60, 60, True, id="ended within the skew"),
        pytest.param(NOW - 99, NOW - 61, 60, False, id="ended before"),
        pytest.param(NOW + 1, EXPIRATION, 0, False, id="no skew"),
    ],
)
def test_clocks_may_differ_by_the_skew(inception: int, expiration: int, skew: int, holds: bool) -> None:
    signed = sign("www.example. 60 A 192.0.2.1", KEY, inception=inception, expiration=expiration)
    found = verify_now(signed, [KEY.rdata], ZONE, NOW, Work(0.0), skew)
    assert isinstance(found, Verified) is holds
    if isinstance(found, Verified):
        assert found.until == max(expiration, NOW)  # RFC 4035 §5.3.3: no TTL beyond the signature's end


def test_how_early_the_earliest_good_signature_is() -> None:
    later, sooner, others = (
        sign("www.example. 60 A 192.0.2.1", key, inception=NOW + seconds)
        for key, seconds in ((KEY, 90), (KEY, 50), (OTHER, 10))
    )
    forged = sooner.rrsigs[0][:12] + (NOW + 20).to_bytes(4) + sooner.rrsigs[0][16:]  # as if it had begun earlier
    all_of_them = (*later.rrsigs, *sooner.rrsigs, *others.rrsigs, forged)

    def early(*rrsigs: bytes) -> int:
        signed = replace(later, rrsigs=rrsigs)
        return at_once(seconds_early(signed, usable_keys([KEY.rdata]), ZONE, NOW, Work(0.0)))

    cases = (later.rrsigs, all_of_them, (forged,), others.rrsigs, WWW.rrsigs, ())
    assert [early(*rrsigs) for rrsigs in cases] == [90, 50, 0, 0, 0, 0]


def test_others_have_their_turn_before_each_attempt() -> None:
    """Eight signatures, none of which holds: each may take its time only when asked for."""
    asked: list[float] = []

    async def rest(seconds: float) -> None:
        asked.append(seconds)

    attack = replace(WWW, rrsigs=tuple(WWW.rrsigs[0][:-1] + bytes((octet,)) for octet in range(200, 220)))
    verify_now(attack, [KEY.rdata], ZONE, NOW, Work(0.0, rest=rest))
    assert asked == [pytest.approx(TAKES[ED25519], rel=0.02)] * signatures.MAX_SIGNATURES


def test_a_large_set_is_put_in_order_once_and_in_parts() -> None:
    """2,000 records under eight signatures: others have their turn after each 256 records, and before each signature."""
    asked: list[float] = []

    async def rest(seconds: float) -> None:
        asked.append(seconds)

    false = tuple(WWW.rrsigs[0][:-1] + bytes((octet,)) for octet in range(200, 208))
    large = replace(WWW, rrsigs=false, rdatas=tuple(number.to_bytes(4) for number in range(2000)))
    verify_now(large, [KEY.rdata], ZONE, NOW, Work(0.0, rest=rest))
    assert len(asked) == 2000 // signatures.ORDERED_AT_ONCE + len(false)
    assert max(asked) < 0.002


def test_records_were_signed_in_their_order_and_each_once() -> None:
    """RFC 4034 §6.3."""
    signed = sign("example. 60 MX 10 a.example.\nexample. 60 MX 10 b.example.\nexample. 60 MX 9 c.example.", KEY)
    said = rrset("example. 60 MX 10 B.example.\nexample. 60 MX 9 c.example.\nexample. 60 MX 10 A.example.")
    twice = (*said.rdatas, *signed.rdatas)
    assert isinstance(outcome(replace(signed, rdatas=twice)), Verified)
