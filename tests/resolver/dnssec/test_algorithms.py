"""The arithmetic of signatures."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from resolver.dnssec import algorithms, numbers
from resolver.dnssec.algorithms import is_signed
from resolver.dnssec.signatures import Verified
from resolver.dnssec.work import Work
from tests.resolver.dnssec.signing import NOW, ZONE, sign, signer, verify_now
from tests.signing import Private


@pytest.mark.parametrize(
    ("private", "algorithm"),
    [
        pytest.param(rsa.generate_private_key(65537, 1024), numbers.RSASHA1, id="RSASHA1"),
        pytest.param(rsa.generate_private_key(65537, 1024), numbers.RSASHA1_NSEC3, id="RSASHA1-NSEC3"),
        pytest.param(rsa.generate_private_key(65537, 2048), numbers.RSASHA256, id="RSASHA256"),
        pytest.param(rsa.generate_private_key(65537, 1280), numbers.RSASHA512, id="RSASHA512"),
        pytest.param(ec.generate_private_key(ec.SECP256R1()), numbers.ECDSAP256, id="ECDSAP256"),
        pytest.param(ec.generate_private_key(ec.SECP384R1()), numbers.ECDSAP384, id="ECDSAP384"),
        pytest.param(ed25519.Ed25519PrivateKey.generate(), numbers.ED25519, id="ED25519"),
        pytest.param(ed448.Ed448PrivateKey.generate(), numbers.ED448, id="ED448"),
    ],
)
def test_each_supported_algorithm_verifies_what_dnspython_signs(private: Private, algorithm: int) -> None:
    by = signer(private, algorithm)
    signed = sign("www.example. 60 A 192.0.2.1", by)
    assert isinstance(verify_now(signed, [by.rdata], ZONE, NOW, Work(0.0)), Verified)
    other = sign("www.example. 60 A 192.0.2.2", by)
    assert not is_signed(algorithm, by.rdata[4:], b"other", other.rrsigs[0][27:])


@given(algorithm=st.integers(0, 255), public_key=st.binary(max_size=200), signature=st.binary(max_size=200))
def test_garbage_verifies_nothing_and_never_raises(algorithm: int, public_key: bytes, signature: bytes) -> None:
    assert not is_signed(algorithm, public_key, b"signed", signature)


@pytest.mark.parametrize(
    "public_key",
    [
        pytest.param(b"\x03\x01\x00\x01" + b"\xc1" * 513, id="a modulus of more than 4096 bits"),
        pytest.param(b"\x03\x01\x00\x01" + b"\xc1" * 32, id="a modulus that anybody can factor"),
        pytest.param(b"\x40" + b"\x11" * 64 + b"\xc1" * 128, id="an exponent that is dear to compute with"),
        pytest.param(b"\x00\x00\x40" + b"\x11" * 64 + b"\xc1" * 128, id="the same, its length in two octets"),
        pytest.param(b"\x06\x00\x00\x00\x01\x00\x01" + b"\xc1" * 128, id="zeros before its exponent"),
        pytest.param(
            b"\x03\x01\x00\x01" + bytes(60000) + b"\xc1" * 128, id="zeros before its modulus: 60 kB to remember"
        ),
        pytest.param(b"\x00", id="cut off"),
    ],
)
def test_an_rsa_key_out_of_bounds_is_not_computed_with(public_key: bytes) -> None:
    with pytest.raises(ValueError, match="out of bounds"):
        algorithms._read_rsa(public_key)


def test_a_zero_before_a_number_changes_no_key() -> None:
    """Whoever copies a number from DER copies a zero, too."""
    as_it_is = algorithms._read_rsa(b"\x03\x01\x00\x01" + b"\xc1" * 512)
    assert algorithms._read_rsa(b"\x04\x00\x01\x00\x01\x00" + b"\xc1" * 512) == as_it_is


def test_a_key_is_read_once() -> None:
    """It takes an eighth of a verification."""
    by = signer(ec.generate_private_key(ec.SECP256R1()), numbers.ECDSAP256)
    signed = sign("www.example. 60 A 192.0.2.1", by)
    before = algorithms._loaded.cache_info().misses
    for _ in range(3):
        assert isinstance(verify_now(signed, [by.rdata], ZONE, NOW, Work(0.0)), Verified)
    assert algorithms._loaded.cache_info().misses == before + 1
