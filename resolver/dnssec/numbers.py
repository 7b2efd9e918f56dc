"""The algorithms of DNSSEC by number (IANA's registry), and those that are checked here (algorithms.py).

They stand by themselves: the libraries that compute are imported when the first signature is to be checked.
"""

from typing import Final

RSASHA1: Final = 5
RSASHA1_NSEC3: Final = 7
RSASHA256: Final = 8
RSASHA512: Final = 10
ECDSAP256: Final = 13
ECDSAP384: Final = 14
ED25519: Final = 15
ED448: Final = 16
# Seconds that one verification takes, or less: of a busy core of 2020, RSA with the longest key that is checked
TAKES: Final[dict[int, float]] = {
    RSASHA1: 0.0002,
    RSASHA1_NSEC3: 0.0002,
    RSASHA256: 0.0002,
    RSASHA512: 0.0002,
    ECDSAP256: 0.0002,
    ECDSAP384: 0.001,
    ED25519: 0.0002,
    ED448: 0.0005,
}
# The same of what is signed: to put a record in order, and to copy it; to copy and hash an octet
RECORD_TAKES: Final = 1e-6
COPY_TAKES: Final = 3e-7
OCTET_TAKES: Final = 5e-9
SUPPORTED: Final = frozenset(TAKES)
