"""Who is asked after a server whose answer failed in validation."""

import pytest

from cache.names import from_text
from cache.rrset import Security
from resolver.engine.elsewhere import (
    MAX_ASKED_ELSEWHERE,
    Attempt,
    in_vain,
    is_to_be_shown_whole,
    is_worth_another,
    refused_in,
)
from resolver.env import Address
from resolver.errors import (
    Bogus,
    CachedFailure,
    DeadlinePassed,
    DnskeyMissing,
    Indeterminate,
    NoReachableAuthority,
    NsecMissing,
    ResolutionFailure,
    RrsigsMissing,
    SignatureExpired,
    SignatureNotYetValid,
    WorkExhausted,
    remembered_failure,
)
from resolver.iterate import Iteration, ZoneServer
from tests.build import denial, rrset

UNSIGNED = rrset("www.example. 60 A 192.0.2.1")
SAID = UNSIGNED.replace(rrsigs=(b"a signature",))
SERVER = ZoneServer(from_text("example."), Address("192.0.2.10", 53))
ITERATION = Iteration(SAID, (SAID,), said_by=SERVER)


def of_a_look_up(failure: ResolutionFailure) -> ResolutionFailure:
    """It as the flight of a DNSKEY or DS question ends with it."""
    failure.unvalidated = rrset("example. 60 A 192.0.2.2")
    return failure


@pytest.mark.parametrize(
    ("failure", "is_asked"),
    [
        pytest.param(Bogus("forged"), True, id="forged"),
        pytest.param(RrsigsMissing("unsigned"), True, id="unsigned"),
        pytest.param(SignatureExpired("old"), True, id="an old copy"),
        pytest.param(SignatureNotYetValid("new"), True, id="a wrong clock"),
        pytest.param(NsecMissing("unproven"), True, id="a denial without proof"),
        pytest.param(DnskeyMissing("other keys"), True, id="keys that nobody vouches for"),
        pytest.param(of_a_look_up(DnskeyMissing("no keys")), False, id="no server has the keys"),
        pytest.param(of_a_look_up(SignatureExpired("old")), False, id="the keys of all servers are old"),
        pytest.param(Indeterminate("over"), False, id="what vouches for the keys is over"),
        pytest.param(CachedFailure("a short while ago"), False, id="the keys failed a short while ago"),
        pytest.param(NoReachableAuthority("silent"), False, id="the keys cannot be had"),
        pytest.param(WorkExhausted("signatures"), False, id="too much work"),
        pytest.param(DeadlinePassed("late"), False, id="too late"),
    ],
)
def test_another_server_is_asked_for_what_is_wrong_with_the_answer_itself(
    failure: ResolutionFailure, is_asked: bool
) -> None:
    attempt = in_vain(failure, ITERATION)
    assert is_worth_another([attempt]) is is_asked
    assert refused_in([attempt]) == ({SERVER} if is_asked else set())
    assert (type(attempt.failure), str(attempt.failure)) == (type(failure), str(failure))
    assert attempt.failure.unvalidated is SAID


@pytest.mark.parametrize(
    ("failure", "is_asked"),
    [
        pytest.param(NoReachableAuthority("silent"), True, id="whether it has to be signed cannot be told"),
        pytest.param(of_a_look_up(DnskeyMissing("no keys")), True, id="the keys above are wrong"),
        pytest.param(remembered_failure(22, "silent", 5.0), False, id="so it was a short while ago"),
        pytest.param(WorkExhausted("signatures"), False, id="too much work"),
    ],
)
def test_an_answer_without_signatures_may_be_what_is_wrong(failure: ResolutionFailure, is_asked: bool) -> None:
    attempt = in_vain(failure, Iteration(UNSIGNED, (UNSIGNED,), said_by=SERVER))
    assert is_worth_another([attempt]) is is_asked
    assert attempt.failure.is_remembered is failure.is_remembered


def test_where_nobody_answers_nobody_else_is_asked() -> None:
    refused, silent = in_vain(Bogus("forged"), ITERATION), Attempt(NoReachableAuthority("silent"))
    assert not is_worth_another([silent])
    assert not is_worth_another([refused, silent])
    assert refused_in([refused, silent]) == {SERVER}


def test_only_so_many_others_are_asked() -> None:
    attempts = [in_vain(Bogus("forged"), ITERATION)] * MAX_ASKED_ELSEWHERE
    assert is_worth_another(attempts)
    assert not is_worth_another([*attempts, attempts[0]])


@pytest.mark.parametrize(
    ("is_inferred", "of_proof", "is_shown"),
    [
        pytest.param(True, Security.UNCHECKED, True, id="nobody vouches for the zone"),
        pytest.param(True, Security.INSECURE, True, id="too dear to look at"),
        pytest.param(True, Security.SECURE, False, id="proven, but perhaps for what opts out"),
        pytest.param(False, Security.UNCHECKED, False, id="of the name itself"),
    ],
)
def test_the_whole_name_is_shown_where_one_above_it_was_denied_without_proof(
    is_inferred: bool, of_proof: Security, is_shown: bool
) -> None:
    proof = rrset("a.example. 60 NSEC z.example. A RRSIG NSEC").replace(security=of_proof)
    denied = denial("x.ent.example. NXDOMAIN").replace(proof=(proof,))
    assert is_to_be_shown_whole(Iteration(denied, (), said_by=SERVER, is_inferred=is_inferred)) is is_shown


@pytest.mark.parametrize("is_inferred", [True, False])
def test_nor_is_a_name_given_up_since_the_denial_of_one_above_it_is_forged(is_inferred: bool) -> None:
    iteration = Iteration(SAID, (SAID,), said_by=SERVER, is_inferred=is_inferred)
    assert is_to_be_shown_whole(in_vain(NsecMissing("unproven"), iteration)) is is_inferred
    assert not is_to_be_shown_whole(in_vain(DeadlinePassed("late"), iteration))
