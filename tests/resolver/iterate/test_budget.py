from collections.abc import Callable

import pytest

from resolver.errors import NoReachableAuthority, WorkExhausted
from resolver.iterate.budget import SHADOW_FACTOR, Budget, BudgetLimits
from resolver.iterate.counts import IterateCounts
from tests.resolver.iterate.zone_text import name, question

WWW = name("www.example.")


@pytest.mark.parametrize(
    ("spend", "limits"),
    [
        pytest.param(lambda budget: budget.spend_query(WWW), BudgetLimits(queries=2), id="queries"),
        pytest.param(lambda budget: budget.spend_query(WWW), BudgetLimits(queries_per_name=2), id="queries per name"),
        pytest.param(lambda budget: budget.spend_name(), BudgetLimits(names=2), id="names"),
        pytest.param(lambda budget: budget.spend_alias(), BudgetLimits(aliases=2), id="aliases"),
        pytest.param(lambda budget: budget.spend_referral(), BudgetLimits(referrals=2), id="referrals"),
        pytest.param(lambda budget: budget.spend_octets(1000), BudgetLimits(octets=2000), id="octets"),
    ],
)
def test_what_is_beyond_a_limit_cannot_be_spent(
    spend: Callable[[Budget], None], limits: BudgetLimits, request: pytest.FixtureRequest
) -> None:
    counts = IterateCounts()
    budget = Budget(10.0, limits, counts)
    spend(budget)
    spend(budget)
    with pytest.raises(WorkExhausted):
        spend(budget)
    case = request.node.callspec.id
    assert counts.budget_exhausted == {case: 1}


def test_the_limit_per_name_leaves_other_names_alone() -> None:
    budget = Budget(10.0, BudgetLimits(queries_per_name=1))
    budget.spend_query(WWW)
    budget.spend_query(name("other.example."))
    with pytest.raises(WorkExhausted):
        budget.spend_query(WWW)


def test_a_sub_lookup_spends_from_the_same_counters() -> None:
    budget = Budget(10.0, BudgetLimits(queries=2))
    sub = budget.sub(question("www.example. A")).sub(question("ns.example.net. A"))
    sub.spend_query(WWW)
    budget.spend_query(WWW)
    with pytest.raises(WorkExhausted):
        sub.spend_query(WWW)
    assert budget.spent is sub.spent
    assert sub.deadline == budget.deadline


def test_a_sub_lookup_knows_who_waits_for_it() -> None:
    budget = Budget(10.0)
    assert budget.ancestors == ()
    sub = budget.sub(question("a.example. A")).sub(question("b.example. A"))
    assert sub.ancestors == (question("a.example. A"), question("b.example. A"))


def test_a_circle_of_lookups_ends_at_once() -> None:
    counts = IterateCounts()
    sub = Budget(10.0, counts=counts).sub(question("a.example. A")).sub(question("b.example. A"))
    with pytest.raises(NoReachableAuthority):
        sub.sub(question("a.example. A"))
    assert counts.cycles == 1


def test_lookups_for_lookups_have_a_depth() -> None:
    budget = Budget(10.0, BudgetLimits(depth=2))
    deep = budget.sub(question("a.example. A")).sub(question("b.example. A"))
    with pytest.raises(WorkExhausted):
        deep.sub(question("c.example. A"))


def test_in_shadow_what_is_beyond_a_limit_is_counted_once_and_allowed() -> None:
    counts = IterateCounts()
    budget = Budget(10.0, BudgetLimits(queries=2, names=2, mode="shadow"), counts)
    for _ in range(10):
        budget.spend_query(WWW)
        budget.sub(question("www.example. A")).spend_name()
    assert counts.budget_exhausted == {"queries": 1, "names": 1}


def test_in_shadow_ten_times_the_limit_is_the_end_all_the_same() -> None:
    budget = Budget(10.0, BudgetLimits(queries=2, mode="shadow"))
    for _ in range(2 * SHADOW_FACTOR):
        budget.spend_query(WWW)
    with pytest.raises(WorkExhausted):
        budget.spend_query(WWW)


def test_in_shadow_lookups_for_lookups_have_their_depth() -> None:
    with pytest.raises(WorkExhausted):
        Budget(10.0, BudgetLimits(depth=0, mode="shadow")).sub(question("a.example. A"))


def test_what_a_question_took_is_shown_in_histograms() -> None:
    counts = IterateCounts()
    budget = Budget(10.0, counts=counts)
    for _ in range(3):
        budget.spend_query(WWW)
        budget.spend_octets(200)
    budget.sub(question("www.example. A")).spend_name()
    budget.note_use()
    noted = {
        name: (getattr(counts, name).total, sum(getattr(counts, name).buckets))
        for name in (
            "question_queries",
            "question_lookups",
            "question_referrals",
            "question_aliases",
            "question_replies",
        )
    }
    assert noted == {
        "question_queries": (3, 1),
        "question_lookups": (1, 1),
        "question_referrals": (0, 1),
        "question_aliases": (0, 1),
        "question_replies": (600, 1),
    }


def test_what_took_no_packet_is_not_in_the_histograms() -> None:
    counts = IterateCounts()
    Budget(10.0, counts=counts).note_use()
    assert sum(counts.question_queries.buckets) == 0


WAITING = question("www.example. A")


def test_name_servers_looked_up_in_vain_are_counted_at_any_depth() -> None:
    """CAMP: five a delegation, at each of seven depths, were 176 packets."""
    counts = IterateCounts()
    budget = Budget(10.0, BudgetLimits(in_vain=2), counts)
    within = budget.sub(WAITING)
    assert budget.begin_look_up(WAITING) is not None
    within.note_in_vain()
    assert budget.begin_look_up(WAITING) is not None
    budget.note_in_vain()
    assert budget.begin_look_up(WAITING) is None
    assert counts.budget_exhausted == {"names in vain": 1}


def begin(budget: Budget, times: int) -> list[bool]:
    """May each look-up for another one be made?"""
    return [budget.begin_look_up(question("ns.example.net. A")) is not None for _ in range(times)]


def test_few_name_servers_are_looked_up_for_the_sake_of_others() -> None:
    counts = IterateCounts()
    budget = Budget(10.0, BudgetLimits(nested=3), counts)
    assert begin(budget.sub(WAITING), 5) == [True, True, True, False, False]
    assert begin(budget, 1) == [True], "what the client's own question needs is another matter"
    assert counts.budget_exhausted == {"names for names": 1}


def test_a_look_up_that_cannot_begin_has_spent_nothing() -> None:
    budget = Budget(10.0, BudgetLimits(names=0)).sub(WAITING)
    for asked, failure in ((WAITING, NoReachableAuthority), (question("ns.example.net. A"), WorkExhausted)):
        with pytest.raises(failure):
            budget.begin_look_up(asked)
    assert (budget.spent.names, budget.spent.nested) == (0, 0)


def test_in_shadow_ten_times_as_many_may_be_looked_up_for_others_and_it_is_counted() -> None:
    counts = IterateCounts()
    within = Budget(10.0, BudgetLimits(nested=2, in_vain=1, mode="shadow"), counts).sub(WAITING)
    assert begin(within, 2 * SHADOW_FACTOR + 1) == [True] * 2 * SHADOW_FACTOR + [False]
    assert counts.budget_exhausted == {"names for names": 1}


def test_in_shadow_ten_times_as_many_may_be_in_vain() -> None:
    budget = Budget(10.0, BudgetLimits(in_vain=2, mode="shadow"))
    for _ in range(2 * SHADOW_FACTOR):
        assert begin(budget, 1) == [True]
        budget.note_in_vain()
    assert begin(budget, 1) == [False]
