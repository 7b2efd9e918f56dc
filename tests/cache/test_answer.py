"""The values that travel from sources to the composer."""

import pytest

from cache.answer import Answer, Question
from cache.names import from_text
from cache.rrtypes import NOERROR, A
from tests.build import question


def test_an_answer_says_nothing_unless_told() -> None:
    answer = Answer()
    assert (answer.rcode, answer.answer, answer.authority, answer.errors) == (NOERROR, (), (), ())
    assert not answer.authoritative
    assert not answer.is_stale


def test_equal_questions_are_one_key() -> None:
    assert {question("www.example. A"): 1}[Question(from_text("WWW.EXAMPLE."), A)] == 1


def test_an_answer_cannot_be_changed_on_its_way() -> None:
    with pytest.raises(AttributeError):
        Answer().rcode = 2  # type: ignore[misc]  # that it is frozen is what is tested
