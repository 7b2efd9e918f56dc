"""RFC 8509: a zone finds out by its users which of the root's keys their resolvers trust."""

import pytest

from cache.answer import Answer
from cache.names import fold, from_text
from cache.rrset import Security
from cache.rrtypes import AAAA, IN, TXT, A
from resolver.errors import SentinelFailed
from resolver.policy.sentinel import heed, is_sentinel
from resolver.wire import Query, question_octets
from resolver.wire.message import CD, RD
from tests.build import rrset

TRUSTED = frozenset({20326, 38696})


def passes(label: str, qtype: int = A, *, flags: int = RD, security: Security = Security.SECURE) -> bool:
    name = fold(from_text(f"{label}.example."))
    query = Query(7, flags, question_octets(name, qtype), name, qtype, IN, None)
    answer = Answer(answer=(rrset(f"{label}.example. 60 A 192.0.2.1"),), security=security)
    try:
        return heed(query, answer, TRUSTED) is answer
    except SentinelFailed:
        return False


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("root-key-sentinel-is-ta-20326", True),
        ("root-key-sentinel-is-ta-38696", True),
        ("root-key-sentinel-is-ta-12345", False),
        ("Root-Key-Sentinel-Is-TA-12345", False),
        ("root-key-sentinel-not-ta-20326", False),
        ("root-key-sentinel-not-ta-12345", True),
        ("root-key-sentinel-is-ta-00007", False),
    ],
)
@pytest.mark.parametrize("qtype", [A, AAAA])
def test_an_answer_is_withheld_where_its_name_says_what_is_not_so(label: str, expected: bool, qtype: int) -> None:
    assert passes(label, qtype) is expected


def test_only_secure_addresses_are_withheld_and_only_from_who_leaves_the_checking_to_us() -> None:
    """RFC 8509 §3.2: all of the preconditions must hold."""
    label = "root-key-sentinel-is-ta-12345"
    assert passes(label, TXT)
    assert passes(label, flags=RD | CD)
    assert passes(label, security=Security.INSECURE)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("root-key-sentinel-is-ta-20326.example.", True),
        ("root-key-sentinel-not-ta-20326.example.", True),
        ("root-key-sentinel-is-ta-2032.example.", False),
        ("x.root-key-sentinel-is-ta-20326.example.", False),
        ("www.example.", False),
    ],
)
def test_which_names_are_looked_at(name: str, expected: bool) -> None:
    assert is_sentinel(fold(from_text(name))) is expected


def test_a_label_without_a_number_is_a_name_like_any_other() -> None:
    assert passes("root-key-sentinel-is-ta-abcde")
