"""Is this the signature of that key over these octets? The arithmetic alone; nothing here raises on input.

The formats: RFC 3110 (RSA), RFC 6605 (ECDSA), RFC 8080 (EdDSA).
"""

from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa, utils

from resolver.dnssec.numbers import (
    ECDSAP256,
    ECDSAP384,
    ED448,
    ED25519,
    RSASHA1,
    RSASHA1_NSEC3,
    RSASHA256,
    RSASHA512,
)

MIN_MODULUS_BITS: Final = 512  # RFC 3110 and RFC 5702 §2.1 allow them; a DS names the key, we only check it
MAX_MODULUS_BITS: Final = 4096  # RFC 3110 §2; a verification costs as the square of it
MAX_MODULUS_OCTETS: Final = MAX_MODULUS_BITS // 8 + 1  # with a zero before them
MAX_LOADED: Final = (
    512  # keys, at most 4 kB each; the zones of a busy host are some hundreds, and what is forgotten is read anew
)
MAX_EXPONENT_OCTETS: Final = 5  # F4 is what is used, 2^32+1 was; a long one makes a check hundreds of times dearer

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey

_RSA: Final[dict[int, hashes.HashAlgorithm]] = {
    RSASHA1: hashes.SHA1(),
    RSASHA1_NSEC3: hashes.SHA1(),
    RSASHA256: hashes.SHA256(),
    RSASHA512: hashes.SHA512(),
}
_PKCS1: Final = padding.PKCS1v15()
_ECDSA: Final[dict[int, tuple[ec.EllipticCurve, ec.ECDSA, int]]] = {
    ECDSAP256: (ec.SECP256R1(), ec.ECDSA(hashes.SHA256()), 32),
    ECDSAP384: (ec.SECP384R1(), ec.ECDSA(hashes.SHA384()), 48),
}


def is_signed(algorithm: int, public_key: bytes, signed: bytes, signature: bytes) -> bool:
    """Does `signature` verify with `public_key` (both as in the rdata) over `signed`? False for whatever is malformed."""
    try:
        key = _loaded(algorithm, public_key)
        if isinstance(key, ec.EllipticCurvePublicKey):
            _, digest, octets = _ECDSA[algorithm]
            key.verify(_der_of(signature, octets), signed, digest)
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, _PKCS1, _RSA[algorithm])
        else:
            key.verify(signature, signed)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


@lru_cache(MAX_LOADED)
def _loaded(algorithm: int, public_key: bytes) -> PublicKey:
    """The key as it is computed with: to read it takes an eighth of a verification. Raises ValueError, UnsupportedAlgorithm."""
    if algorithm in _RSA:
        return _read_rsa(public_key).public_key()
    if algorithm in _ECDSA:
        curve, _, octets = _ECDSA[algorithm]
        if len(public_key) != 2 * octets:
            raise ValueError("a point of another length")
        return ec.EllipticCurvePublicKey.from_encoded_point(
            curve, b"\x04" + public_key
        )  # RFC 6605 §4: without this octet
    if algorithm == ED25519:
        return ed25519.Ed25519PublicKey.from_public_bytes(public_key)
    if algorithm == ED448:
        return ed448.Ed448PublicKey.from_public_bytes(public_key)
    raise ValueError("an algorithm that is not supported")


def _der_of(signature: bytes, octets: int) -> bytes:
    """RFC 6605 §4: r and s side by side."""
    if len(signature) != 2 * octets:
        raise ValueError("a signature of another length")
    return utils.encode_dss_signature(int.from_bytes(signature[:octets]), int.from_bytes(signature[octets:]))


def _read_rsa(public_key: bytes) -> rsa.RSAPublicNumbers:
    """RFC 3110 §2: the length of the exponent in one octet, or in two after a zero; the exponent; the modulus.

    That prohibits zeros before either. They are read nevertheless, as a signer may write one (DER does), but none beyond the
    longest modulus: a key is remembered with them. Raises ValueError.
    """
    at, octets = 1, public_key[0] if public_key else 0
    if not octets:
        at, octets = 3, int.from_bytes(public_key[1:3])
    exponent, digits = public_key[at : at + octets], public_key[at + octets :]
    modulus = int.from_bytes(digits)
    if not 0 < octets <= MAX_EXPONENT_OCTETS or len(digits) > MAX_MODULUS_OCTETS:
        raise ValueError("a key out of bounds")
    if not MIN_MODULUS_BITS <= modulus.bit_length() <= MAX_MODULUS_BITS:
        raise ValueError("a key out of bounds")
    return rsa.RSAPublicNumbers(int.from_bytes(exponent), modulus)
