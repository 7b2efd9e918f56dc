"""Is this the signature of that key over these octets? The arithmetic alone; nothing here raises on input.

The formats: RFC 3110 (RSA), RFC 6605 (ECDSA), RFC 8080 (EdDSA).
"""

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
MAX_EXPONENT_OCTETS: Final = 5  # F4 is what is used, 2^32+1 was; a long one makes a check hundreds of times dearer

_RSA: Final[dict[int, hashes.HashAlgorithm]] = {
    RSASHA1: hashes.SHA1(),
    RSASHA1_NSEC3: hashes.SHA1(),
    RSASHA256: hashes.SHA256(),
    RSASHA512: hashes.SHA512(),
}
_ECDSA: Final[dict[int, tuple[ec.EllipticCurve, hashes.HashAlgorithm, int]]] = {
    ECDSAP256: (ec.SECP256R1(), hashes.SHA256(), 32),
    ECDSAP384: (ec.SECP384R1(), hashes.SHA384(), 48),
}


def is_signed(algorithm: int, public_key: bytes, signed: bytes, signature: bytes) -> bool:
    """Does `signature` verify with `public_key` (both as in the rdata) over `signed`? False for whatever is malformed."""
    try:
        if algorithm in _RSA:
            return _is_signed_rsa(_RSA[algorithm], public_key, signed, signature)
        if algorithm in _ECDSA:
            return _is_signed_ecdsa(*_ECDSA[algorithm], public_key, signed, signature)
        if algorithm == ED25519:
            ed25519.Ed25519PublicKey.from_public_bytes(public_key).verify(signature, signed)
            return True
        if algorithm == ED448:
            ed448.Ed448PublicKey.from_public_bytes(public_key).verify(signature, signed)
            return True
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return False


def _is_signed_rsa(digest: hashes.HashAlgorithm, public_key: bytes, signed: bytes, signature: bytes) -> bool:
    numbers = _read_rsa(public_key)
    if numbers is None:
        return False
    numbers.public_key().verify(signature, signed, padding.PKCS1v15(), digest)
    return True


def _read_rsa(public_key: bytes) -> rsa.RSAPublicNumbers | None:
    """RFC 3110 §2: the length of the exponent in one octet, or in two after a zero; the exponent; the modulus."""
    at, octets = 1, public_key[0] if public_key else 0
    if not octets:
        at, octets = 3, int.from_bytes(public_key[1:3])
    exponent, modulus = public_key[at : at + octets], int.from_bytes(public_key[at + octets :])
    if not 0 < octets <= MAX_EXPONENT_OCTETS or not MIN_MODULUS_BITS <= modulus.bit_length() <= MAX_MODULUS_BITS:
        return None
    return rsa.RSAPublicNumbers(int.from_bytes(exponent), modulus)


def _is_signed_ecdsa(
    curve: ec.EllipticCurve,
    digest: hashes.HashAlgorithm,
    octets: int,
    public_key: bytes,
    signed: bytes,
    signature: bytes,
) -> bool:
    """RFC 6605 §4: the point without its form octet, and r and s side by side."""
    if len(public_key) != 2 * octets or len(signature) != 2 * octets:
        return False
    key = ec.EllipticCurvePublicKey.from_encoded_point(curve, b"\x04" + public_key)
    r, s = int.from_bytes(signature[:octets]), int.from_bytes(signature[octets:])
    key.verify(utils.encode_dss_signature(r, s), signed, ec.ECDSA(digest))
    return True
