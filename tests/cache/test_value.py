"""What a value is."""

from cache.answer import ExtendedError, Question
from cache.chain import Alias
from cache.names import from_text
from cache.rrtypes import AAAA, A
from tests.build import rrset

NAME = from_text("www.example.")


def test_values_of_equal_parts_are_one_key() -> None:
    first, second = (Alias((rrset("a.test. 60 CNAME www.example."),), NAME) for _ in range(2))
    assert first is not second
    assert {first: 1}[second] == 1
    assert first != Alias((), NAME)


def test_values_of_another_class_are_others() -> None:
    assert ExtendedError(1, "x") != (1, "x")
    assert Question(NAME, A) != Alias((), NAME)
    assert Question(NAME, A) != Question(NAME, AAAA)


def test_a_value_is_shown_by_its_parts() -> None:
    assert repr(ExtendedError(22, "no reachable authority")) == "ExtendedError(22, 'no reachable authority')"
