"""Changing any one rule of ranking, ttl or staleness must fail a test of its module."""

import pytest

from cache import ranking, staleness, ttl
from tests.cache.mutations import MODULES, Mutant, mutants

RULES = {"ranking": ranking, "ttl": ttl, "staleness": staleness}

# Changes after which the code does the same, and why.
SAME = {
    "frozenset((CNAME, DS, RRSIG, NSEC)) -> frozenset((DS, RRSIG, NSEC))": "two of one type were told apart before; "
    "lookup.py needs CNAME in it: a question for an alias itself",
    "new_rank > old_rank -> new_rank >= old_rank": "equal ranks were told apart before",
    "now < old.expires < new.expires -> now < old.expires <= new.expires": "it would end at the same moment",
    "type(old) is RRset and type(new) is RRset and (set(old.rdatas) == set(new.rdatas)) -> "
    "type(old) is RRset and set(old.rdatas) == set(new.rdatas)": "asked only of a new one that delegates: an RRset",
    "lease_left >= stale_ttl -> lease_left > stale_ttl": "where both are equal, either is shown",
}


def change_of(mutant: Mutant) -> str:
    """The change without its place."""
    return mutant.text.partition(" ")[2]


@pytest.mark.parametrize("module", MODULES)
def test_every_change_of_a_rule_is_noticed(module: str) -> None:
    assert RULES[module].__name__ == f"cache.{module}"
    unnoticed = [mutant.text for mutant in mutants(module) if change_of(mutant) not in SAME and mutant.survives()]
    assert unnoticed == []


def test_the_changes_are_many_and_those_said_to_be_the_same_exist() -> None:
    changes = [change_of(mutant) for module in MODULES for mutant in mutants(module)]
    assert len(changes) > 150
    assert set(SAME) <= set(changes)


def test_a_rule_that_is_not_changed_passes() -> None:
    """Otherwise everything would count as noticed."""
    for module in MODULES:
        unchanged = next(mutants(module)).unchanged()
        assert unchanged.survives(), module
