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
SUPPORTED: Final = frozenset({RSASHA1, RSASHA1_NSEC3, RSASHA256, RSASHA512, ECDSAP256, ECDSAP384, ED25519, ED448})
