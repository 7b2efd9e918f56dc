"""Answers by where they come from and how they were asked for."""

from resolver.policy.tally import ORIGINS, Answers, by_labels


def test_what_is_given_again_is_of_the_cache_or_at_home() -> None:
    answers = Answers()
    answers.udp.composed["cache"] += 1
    answers.udp.kept += 10
    answers.udp.kept_at_home += 100
    answers.tcp.composed["internal"] += 2
    answers.tcp.kept += 20
    found = by_labels(answers)
    assert {labels: count for labels, count in found.items() if count} == {
        "cache,udp": 11,
        "internal,udp": 100,
        "internal,tcp": 2,
        "cache,tcp": 20,
    }
    assert len(found) == 2 * len(ORIGINS)
