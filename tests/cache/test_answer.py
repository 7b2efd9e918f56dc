"""The values that travel from sources to the composer."""

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
