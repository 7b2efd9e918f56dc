"""Which of the root's keys are trusted here? Asked by zones, through their users' browsers (RFC 8509).

A name that begins with such a label is resolved like any other. Then, where the answer is a secure address and the client left
the checking to us, it is withheld if the label's sentence is not true here.
"""

from collections.abc import Set as AbstractSet
from typing import Final

from cache.answer import Answer
from cache.names import WireName
from cache.rrset import Security
from cache.rrtypes import AAAA, A
from resolver.errors import SentinelFailed
from resolver.wire.message import CD, Query

IS_TA: Final = b"\x1droot-key-sentinel-is-ta-"  # the label's length, and all of it but the five digits of the key tag
NOT_TA: Final = b"\x1eroot-key-sentinel-not-ta-"
LABELS: Final = (IS_TA, NOT_TA)
DIGITS: Final = 5


def is_sentinel(qname: WireName) -> bool:
    """Does the name ask which keys are trusted?"""
    return qname.startswith(LABELS)


def heed(query: Query, answer: Answer, trusted: AbstractSet[int]) -> Answer:
    """`answer`, unless its name says of the root's keys what is not so; raises SentinelFailed. trusted: their key tags."""
    if query.qtype not in (A, AAAA) or query.flags & CD or answer.security is not Security.SECURE:
        return answer
    is_ta = query.qname.startswith(IS_TA)
    digits = query.qname[len(IS_TA if is_ta else NOT_TA) :][:DIGITS]
    if not digits.isdigit():
        return answer
    if (int(digits) in trusted) is not is_ta:
        raise SentinelFailed(f"the root's key {int(digits)} is {'not trusted' if is_ta else 'trusted'} here")
    return answer
