"""The table of failures: what each gives the client."""

import pytest

from cache.answer import ExtendedError
from cache.rrtypes import FORMERR, REFUSED, SERVFAIL, YXDOMAIN
from internal_zones import zones
from resolver import errors
from resolver.errors import (
    OF_VALIDATION,
    CachedFailure,
    NoReachableAuthority,
    ResolutionFailure,
    again,
    is_of_validation,
    remembered_failure,
)

TABLE = {
    "NoReachableAuthority": (SERVFAIL, 22),
    "NetworkError": (SERVFAIL, 23),
    "HostExhausted": (SERVFAIL, 23),
    "DeadlinePassed": (SERVFAIL, 22),
    "WorkExhausted": (SERVFAIL, 0),
    "AliasChainTooLong": (SERVFAIL, 24),
    "InvalidData": (SERVFAIL, 24),
    "LocalTarget": (REFUSED, 15),
    "InternalError": (SERVFAIL, 0),
    "CachedFailure": (SERVFAIL, 13),
    "DenialNotBelieved": (SERVFAIL, 3),
    "NameTooLong": (YXDOMAIN, 24),
    "Indeterminate": (SERVFAIL, 5),
    "Bogus": (SERVFAIL, 6),
    "SignatureExpired": (SERVFAIL, 7),
    "SignatureNotYetValid": (SERVFAIL, 8),
    "DnskeyMissing": (SERVFAIL, 9),
    "RrsigsMissing": (SERVFAIL, 10),
    "NsecMissing": (SERVFAIL, 12),
    "Overloaded": (SERVFAIL, 31),
    "Prohibited": (REFUSED, 18),
    "NotRecursive": (REFUSED, 20),
    "NotServed": (REFUSED, 20),
    "NotSupported": (REFUSED, 21),
    "NoQuestion": (FORMERR, 21),
    "SentinelFailed": (SERVFAIL, 0),
    "NoZoneKey": (SERVFAIL, 11),
    "SignatureNeverValid": (SERVFAIL, 25),
}


def test_the_table_holds_every_failure() -> None:
    direct = ResolutionFailure.__subclasses__()
    assert {failure.__name__ for failure in (*direct, *errors.Bogus.__subclasses__())} == set(TABLE)


@pytest.mark.parametrize(("name", "expected"), TABLE.items())
def test_a_failure_answers_with_its_rcode_and_its_reason(name: str, expected: tuple[int, int]) -> None:
    answer = getattr(errors, name)("why").answer()
    assert (answer.rcode, answer.errors) == (expected[0], (ExtendedError(expected[1], "why"),))
    assert not answer.answer


@pytest.mark.parametrize("name", TABLE)
def test_one_like_it_says_all_that_a_failure_says_and_holds_on_to_no_frame(name: str) -> None:
    failure: ResolutionFailure = getattr(errors, name)("why")
    failure.remembered_until = 7.0
    with pytest.raises(ResolutionFailure) as met:
        raise failure
    other = again(met.value)
    assert (type(other), str(other), vars(other)) == (type(failure), "why", vars(failure))
    assert failure.__traceback__ is not None
    assert other.__traceback__ is None


def test_one_like_a_remembered_failure_has_its_own_code() -> None:
    assert vars(again(CachedFailure("why", NoReachableAuthority.info_code))) == {"of": 22}


@pytest.mark.parametrize("name", ["STALE_ANSWER", "NOT_READY", "NETWORK_ERROR"])
def test_the_internal_zones_speak_of_the_same_codes(name: str) -> None:
    assert getattr(zones, name) == getattr(errors, name)


@pytest.mark.parametrize("code", sorted(OF_VALIDATION))
def test_a_remembered_failure_of_validation_is_one_still(code: int) -> None:
    failure = remembered_failure(code, "why", 5.0)
    assert (failure.info_code, str(failure), failure.remembered_until) == (code, "why", 5.0)
    assert is_of_validation(failure)


def test_of_any_other_remembered_failure_it_is_known_what_it_was() -> None:
    failure = remembered_failure(errors.STALE_ANSWER, "why", 5.0)
    assert isinstance(failure, CachedFailure)
    assert (failure.of, failure.is_remembered) == (errors.STALE_ANSWER, True)
