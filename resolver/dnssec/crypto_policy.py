"""Which algorithms may be computed with on this host? The crypto library's policy can forbid some: SHA-1 first of all.

A signature that the library will not check is not wrong: a zone that signs with nothing else counts as unsigned (RFC 6840 §5.2).
"""

from base64 import b64decode
from collections.abc import Callable
from typing import Final

from resolver.dnssec.algorithms import is_signed
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

Check = Callable[[int, bytes, bytes, bytes], bool]  # see is_signed

SIGNED: Final = b"cistern"
# Made once with keys that sign nothing else: what verifies anywhere, unless it is forbidden.
_RSA: Final = (
    "AwEAAbdUi2eS0dlQys5KKJrSEQI1LQuv/4Tp5PweGZ78YL0fI6snhdq2DJrNaV273Z6XJNxkaH3r/ZPc6jU/NCD3IMuuJ0OR3cox"
    "tkr6gruhKeyiAPZLsXBiue4VGo823TExNEkgwkTFYQ/2k+rW/QFiP4rt8j89oQtTRgkE7GuO9iODslF55bzyX4emBGLCRREUWq6W"
    "Y5EPk2TaWbchxlClfbOlpCIKnZxIAtq5XdnCMzV5YRh/9RkTTi29rUgZL6+6KNjlm/thyj4K1eYjr8HXbr6jE5egAQs5DS9Fqd7b"
    "P6udMBAA74WFTgjc7Ft7NDaOEIK5Ek4KeXQ/TKyDkCwCXSE="
)
_KNOWN: Final[dict[int, tuple[str, str]]] = {  # the public key and the signature of SIGNED, in base64
    RSASHA1: (
        _RSA,
        "S2Be4NIcSqxZGVcxrdyH8y7/MyFEhKyPGh0A+yaZcsKJS6WCEHepFwA/vgPbEUGWaQgEVcqxLma3w7qvaq2ZJS72otMAv5fDYqfu"
        "J+O1Bwp5eSlfNnslMHzbuga88ZzlDEOwzYOX6+yPRqSDX5bCmfVyE/5ErwgBvhqh80i9YfKGAsVQhiJMpgWlcUGqS3zStzzvre+q"
        "DuOWOYqFf14kpSuYJqiiOJNJDX26vgWx3cLOMXLnT6wqYQoUEs2G+Zm2MAT/9BIzxae0Vgtrf1gBN451YRqCYpIOP0hB83Oz78NV"
        "tCibKtrFoZW1GzBnKCAXHR+IwGkfsH+6OfHZcYSglw==",
    ),
    RSASHA256: (
        _RSA,
        "QcUM25CqXY2lmSdXDE+6BrS723N6PTQh56vFpRuMum4gwwJ6yFvhu2FvyYwZrhTtWH4zj5ASTXjZyUtaKLQ+u0YLZLa/p3g554QT"
        "hZgJYt43i8hR79+ZQwMRCmaUo8VMvduj0S658j0DVRK+A61S6/vZWr+XtC9TziE5kVSD8991Rawze1an1uJJHYZTc6Ic1BI291CY"
        "bhj7d0SIH2yYw5vo7RBTUybrIhNrz1cvNPGiH5qSM+rqfvNxVssZqdUGpp0CGwHSryN9BVVx0B7qjvhdsO5zYsgSH6DCO2/KtR5i"
        "Ab84JEp9Gu4qMWwiozSk8kQEoexxdCoTiZNHWDlbRg==",
    ),
    RSASHA512: (
        _RSA,
        "V2whaxgB7QHyaNR8JrperguvyeBaAhp5mtgzgKgEc60vgkneMtMBSYA9O4ICNrAfbdbESuazS3A88XDbe2T2PoEpndIlUOdee7UX"
        "V39J6HpU9d7HcYvk7Q/vBvRLljRJf5m3XZpkkh2M2TIQtDrpggJdWTwPWTefOjbSNgFYywN/9S0g2mmRxxtZK6lr/ldwxL9jWqyO"
        "UZmqRcGz9L15y57zI+IEMNRNO9Hq6MJU+whHV+8bXiZp42Gjnh3SvCXG2WE7f0sIkndVoDCg+WT9tez4ea18jlBW7Ml1O8zD9YHw"
        "rHpUOk3TLkcQgSOYDG+EOrK9TdvOw3GQ125hXiVq1g==",
    ),
    ECDSAP256: (
        "lIxS2xxw372Kwr1H7iB7Ok7CD86VWOgH6SpIslbnicZ4A574EH20FrDCGBIASPQVL4PxClnZyg3Etr/nWKxiYQ==",
        "ubUAG17sppYVaSj4drpxWpysn9bmuHhszHWyB9vNZGXS5lM3h7gLuspdBqLw89OKmdwo8CXTzd3Rd4uRH10tcA==",
    ),
    ECDSAP384: (
        (
            "y/+1OEx5Tlw8gTEuvgPEtCUlC5V06h2ThP9Yi5Q/fb6jeBkif7R5o0MH0L/cfCjx0z9qXg2XAXhDJo/RgwF1HT3BF8gu/UUi4+91"
            "bksmHLO3/3tL0xsdvagrCz7UiG1Y"
        ),
        "5pOmCJgHhJlwwDdICmSlLDUJLzTPMcHvYve0f/LeNEDZyC9UEd7jTTCqn7+5tZtMNz5vN4wu56Sth+pYGowFYX045gVaJWLbLqki"
        "kkSx5+mgAhl1jzxV0OGk1dE3zCxr",
    ),
    ED25519: (
        "qmv1ofVnp6AUdhf7m4y8cjIaINf+ZDvEym+paUKj8HQ=",
        "QwSzsR8YETJnqGFRyPCTU8LlXpilvzpNcwLk2tgLlP5zSTIasiCmPflH+E7e8KVY+706luqehfAfoglwVFJpBw==",
    ),
    ED448: (
        "GneZTJGX9ISWHEck3QZo0lgJJ5z+j5eF62aXC/m6Ov30pBFMmry+GHAXyp/PGap/5UsiJVfRFSmA",
        "yWErpJBY1A91lQSlsxLzXLOMYsACrp/olmPVNY+h3qvPYgmtKlfNJDJ/0diPoJC4FDwDMDZbrlkAxzUTRsL4rLHQm4ynxYOKqnxK"
        "qs+eLs1tn+BtmEZ9LiGdjUWm7jvVHjHDdvizUngnK66sVhi9VggA",
    ),
}


def allowed(check: Check = is_signed) -> frozenset[int]:
    """The supported algorithms by which a good signature is found good here."""
    known = {algorithm: (b64decode(key), b64decode(signature)) for algorithm, (key, signature) in _KNOWN.items()}
    found = {algorithm for algorithm, (key, signature) in known.items() if check(algorithm, key, SIGNED, signature)}
    return SUPPORTED & (found | {RSASHA1_NSEC3} if RSASHA1 in found else found)
