"""Each counter says what it counts."""

from dataclasses import fields

from internal_zones.counts import InternalCounts, bump


def test_every_counter_has_one_sentence_of_help() -> None:
    for counter in fields(InternalCounts):
        assert counter.metadata["help"].endswith("."), counter.name


def test_a_labelled_counter_counts_by_label() -> None:
    counts = InternalCounts()
    for label in ("busy", "missing", "busy"):
        bump(counts.failed_looks, label)
    assert counts.failed_looks == {"busy": 2, "missing": 1}
