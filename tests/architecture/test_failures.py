"""Each failure says what it means, which RCODE and EDE the client gets, and is met by a test (style.md, point 6)."""

import inspect
import re
from collections.abc import Iterator
from typing import Final

from resolver import errors
from resolver.errors import ResolutionFailure
from tests.architecture.source import ROOT, all_tests, assert_none, product

HERE: Final = "tests.architecture"
MAX_RCODE: Final = 0xFFF  # RFC 6891 §6.1.3: twelve bits with EDNS
INFO_CODES: Final = frozenset(
    value for name, value in vars(errors).items() if name.isupper() and isinstance(value, int)
)  # errors.py's own names of RFC 8914 codes


def failures() -> list[type[ResolutionFailure]]:
    return [one for one in _below(ResolutionFailure) if one.__module__.partition(".")[0] != "tests"]


def _below(failure: type[ResolutionFailure]) -> Iterator[type[ResolutionFailure]]:
    for one in failure.__subclasses__():
        yield one
        yield from _below(one)


def _where(failure: type[ResolutionFailure]) -> str:
    file = inspect.getsourcefile(failure)
    assert file is not None
    return f"{file.removeprefix(f'{ROOT}/')}:{inspect.getsourcelines(failure)[1]}"


def _words_of_tests() -> frozenset[str]:
    sources = (source for source in all_tests() if not source.module.startswith(HERE))
    return frozenset(word for source in sources for word in re.findall(r"\w+", source.text))


def test_failures_are_declared_in_the_one_table() -> None:
    assert_none(
        [
            f"{_where(one)}: {one.__name__} belongs into errors.py"
            for one in failures()
            if one.__module__ != errors.__name__
        ]
    )


def test_every_failure_says_what_it_means() -> None:
    assert_none([f"{_where(one)}: {one.__name__} has no docstring" for one in failures() if "__doc__" not in vars(one)])


def test_every_failure_has_an_rcode_and_an_info_code() -> None:
    assert_none(
        [
            f"{_where(one)}: {one.__name__}: rcode {one.rcode} or info_code {one.info_code} is none"
            for one in failures()
            if not 0 < one.rcode <= MAX_RCODE or one.info_code not in INFO_CODES
        ]
    )


def test_every_failure_chooses_its_info_code_itself() -> None:
    assert_none(
        [f"{_where(one)}: {one.__name__} inherits its info_code" for one in failures() if "info_code" not in vars(one)]
    )


def test_every_failure_is_met_by_a_test() -> None:
    words = _words_of_tests()
    assert_none([f"{_where(one)}: no test mentions {one.__name__}" for one in failures() if one.__name__ not in words])


def test_every_failure_is_raised_somewhere() -> None:
    elsewhere = [source for source in product() if source.module != errors.__name__]
    words = frozenset(word for source in elsewhere for word in re.findall(r"\w+", source.text))
    assert_none([f"{_where(one)}: nobody raises {one.__name__}" for one in failures() if one.__name__ not in words])
