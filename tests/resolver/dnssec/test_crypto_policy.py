"""Which algorithms are computed with here, and what becomes of zones that sign by others."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Final

import dns.dnssec
import dns.name
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from cache.names import from_text
from cache.rrset import Denial, RRset, Security
from resolver.daemon.trust import allowed_algorithms
from resolver.dnssec.crypto_policy import allowed
from resolver.dnssec.numbers import (
    ECDSAP256,
    ECDSAP384,
    ED448,
    ED25519,
    RSASHA1,
    RSASHA1_NSEC3,
    RSASHA256,
    RSASHA512,
    SUPPORTED,
)
from resolver.dnssec.options import DnssecOptions
from resolver.dnssec.work import Work
from resolver.errors import Bogus, NoZoneKey, SignatureNeverValid
from tests.build import replace, rrset
from tests.resolver.dnssec.denying import nsec3_chain
from tests.resolver.dnssec.signed_world import EXAMPLE_SOA, SignedWorld, play
from tests.resolver.dnssec.signing import KEY_SIGNING, Signer, signer, wire_of
from tests.signing import DAY, WALL, with_rrsig

RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
SIGNERS: Final = {
    algorithm: signer(private, algorithm, KEY_SIGNING)
    for algorithm, private in (
        (RSASHA1, RSA),
        (RSASHA1_NSEC3, RSA),
        (RSASHA256, RSA),
        (RSASHA512, RSA),
        (ECDSAP256, EC),
        (ECDSAP384, ec.generate_private_key(ec.SECP384R1())),
        (ED25519, ed25519.Ed25519PrivateKey.generate()),
        (ED448, ed448.Ed448PrivateKey.generate()),
    )
}
NO_SHA1: Final = SUPPORTED - {RSASHA1, RSASHA1_NSEC3}
NAME: Final = dns.name.from_text("example.")


def ds(by: Signer, digest: str = "SHA256") -> bytes:
    return wire_of(dns.dnssec.make_ds(NAME, by.dnskey, digest, policy=dns.dnssec.allow_all_policy))


def other(record: bytes, *, algorithm: int | None = None, digest_type: int | None = None, digest: bytes = b"") -> bytes:
    """The DS with something else in it."""
    changed = bytearray(record)
    changed[2] = changed[2] if algorithm is None else algorithm
    changed[3] = changed[3] if digest_type is None else digest_type
    return bytes(changed[:4]) + (digest or bytes(changed[4:]))


def signed(text: str, *by: Signer, inception: float = WALL - DAY, expiration: float = WALL + DAY) -> RRset:
    each = [
        with_rrsig(rrset(text), one.private, one.dnskey, "example.", inception=inception, expiration=expiration)
        for one in by
    ]
    return replace(each[0], rrsigs=tuple(rrsig for one in each for rrsig in one.rrsigs))


def world_of(
    keys: Sequence[Signer], vouching: Sequence[bytes], algorithms: AbstractSet[int] = SUPPORTED
) -> SignedWorld:
    """`example.` has these keys, which all sign them, and these DS."""
    world = SignedWorld()
    world.trust.algorithms = algorithms
    made = rrset(f"example. 3600 DS 1 8 2 {'00' * 32}")
    world.says(world.root.sign(replace(made, rdatas=tuple(vouching))))
    world.says(signed("\n".join(f"example. 3600 DNSKEY {one.dnskey}" for one in keys), *keys))
    return world


def outcome(world: SignedWorld, record: RRset) -> tuple[Security, list[int]] | int:
    """How the record counts and which EDEs go with it; or the INFO-CODE of its failure."""
    found: list[tuple[Security, list[int]] | int] = []

    async def main() -> None:
        work = Work(0.0)
        try:
            judged = await world.judge(record, work=work)
            found.append((judged.security, [one.code for one in work.remarks]))
        except Bogus as failure:
            found.append(failure.info_code)

    play(main)
    return found[0]


@pytest.mark.parametrize("algorithm", sorted(SUPPORTED))
def test_what_is_supported_is_checked(algorithm: int) -> None:
    by = SIGNERS[algorithm]
    world = world_of([by], [ds(by)])
    assert outcome(world, signed("www.example. 60 A 192.0.2.1", by)) == (Security.SECURE, [])
    forged = replace(signed("www.example. 60 A 192.0.2.1", by), rdatas=(b"\xc0\0\2\2",))
    assert outcome(world, forged) == 6


@pytest.mark.parametrize(
    ("algorithm", "vouching", "algorithms", "expected"),
    [
        pytest.param(5, lambda d: [d], NO_SHA1, (Security.INSECURE, [1]), id="RSASHA1 where it is not wanted"),
        pytest.param(7, lambda d: [d], NO_SHA1, (Security.INSECURE, [1]), id="RSASHA1-NSEC3 where it is not wanted"),
        pytest.param(8, lambda d: [d], NO_SHA1, (Security.SECURE, []), id="RSASHA256 there"),
        pytest.param(13, lambda d: [other(d, algorithm=3)], SUPPORTED, (Security.INSECURE, [1]), id="DSA"),
        pytest.param(13, lambda d: [other(d, algorithm=12)], SUPPORTED, (Security.INSECURE, [1]), id="GOST"),
        pytest.param(
            13, lambda d: [other(d, algorithm=17)], SUPPORTED, (Security.INSECURE, [1]), id="one not heard of"
        ),
        pytest.param(13, lambda d: [other(d, algorithm=253)], SUPPORTED, (Security.INSECURE, [1]), id="a private one"),
        pytest.param(13, lambda d: [other(d, digest_type=3)], SUPPORTED, (Security.INSECURE, [2]), id="a GOST digest"),
        pytest.param(
            13, lambda d: [other(d, digest_type=9)], SUPPORTED, (Security.INSECURE, [2]), id="an unknown digest"
        ),
        pytest.param(
            13,
            lambda d: [other(d, algorithm=12), other(d, digest_type=9)],
            SUPPORTED,
            (Security.INSECURE, [2]),
            id="both",
        ),
        pytest.param(13, lambda d: [other(d, algorithm=12), d], SUPPORTED, (Security.SECURE, []), id="one of two"),
        pytest.param(13, lambda d: [other(d, digest=bytes(32))], SUPPORTED, 9, id="of another key"),
    ],
)
def test_what_a_zones_ds_make_of_it(
    algorithm: int, vouching: object, algorithms: AbstractSet[int], expected: object
) -> None:
    assert callable(vouching)
    by = SIGNERS[algorithm]
    world = world_of([by], vouching(ds(by)), algorithms)
    assert outcome(world, signed("www.example. 60 A 192.0.2.1", by)) == expected
    assert outcome(world, signed("www.example. 60 A 192.0.2.1", by)) == expected  # what is remembered says the same


def test_a_digest_of_sha1_vouches_where_there_is_no_better_one() -> None:
    """RFC 4509 §3; RFC 9905 says nothing of digests: what it ends is signing."""
    by = SIGNERS[ECDSAP256]
    record = signed("www.example. 60 A 192.0.2.1", by)
    assert outcome(world_of([by], [ds(by, "SHA1")]), record) == (Security.SECURE, [])
    assert outcome(world_of([by], [ds(by, "SHA1"), other(ds(by), digest=bytes(32))]), record) == 9


def test_of_two_algorithms_only_the_wanted_one_counts() -> None:
    old, new = SIGNERS[RSASHA1], SIGNERS[ECDSAP256]
    world = world_of([old, new], [ds(old), ds(new)], NO_SHA1)
    assert outcome(world, signed("www.example. 60 A 192.0.2.1", old, new)) == (Security.SECURE, [])
    assert outcome(world, signed("www.example. 60 A 192.0.2.1", old)) == 9


def test_a_key_that_signs_no_zone_is_told() -> None:
    by = signer(EC, ECDSAP256, 0x0001)
    assert outcome(world_of([by], [ds(by)]), signed("www.example. 60 A 192.0.2.1", by)) == NoZoneKey.info_code == 11


def test_a_signature_that_ends_before_it_begins_is_told() -> None:
    by = SIGNERS[ECDSAP256]
    never = signed("www.example. 60 A 192.0.2.1", by, inception=WALL + DAY, expiration=WALL - DAY)
    assert outcome(world_of([by], [ds(by)]), never) == SignatureNeverValid.info_code == 25


@pytest.mark.parametrize(("iterations", "expected"), [(50, (Security.SECURE, [])), (51, (Security.INSECURE, [27]))])
def test_more_than_50_iterations_count_as_unsigned(iterations: int, expected: object) -> None:
    """RFC 9276 §3.2."""
    world = SignedWorld()
    chain = nsec3_chain({"example.": "NS SOA DNSKEY NSEC3PARAM", "a.example.": "A"}, iterations=iterations)
    proof = tuple(world.example.sign(replace(one, rrsigs=())) for one in chain)
    said = replace(world.denied(world.example, "gone.example. NXDOMAIN", EXAMPLE_SOA), proof=proof)
    found: list[object] = []

    async def main() -> None:
        work = Work(0.0)
        judged = await world.judge(said, 1, work=work)
        assert isinstance(judged, Denial)
        assert {one.security for one in judged.proof} == {judged.security}  # what was not looked at vouches for nothing
        found.append((judged.security, [one.code for one in work.remarks]))

    play(main)
    assert found == [expected]
    assert from_text("gone.example.") == said.owner


def test_the_host_and_the_operator_say_which_algorithms_are_checked() -> None:
    assert allowed() == SUPPORTED
    assert allowed(lambda algorithm, *_: algorithm != RSASHA1) == NO_SHA1  # as where a system's policy forbids SHA-1
    assert allowed_algorithms(DnssecOptions()) == SUPPORTED
    assert allowed_algorithms(DnssecOptions(sha1=False)) == NO_SHA1
