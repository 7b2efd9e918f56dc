from dataclasses import fields

from resolver.iterate.counts import IterateCounts


def test_every_counter_has_a_sentence_of_help() -> None:
    assert all(field.metadata["help"].endswith(".") for field in fields(IterateCounts))


def test_counters_by_label_name_their_label() -> None:
    counts = IterateCounts()
    assert all("label" in field.metadata for field in fields(counts) if isinstance(getattr(counts, field.name), dict))


def test_two_daemons_in_one_process_count_apart() -> None:
    one, other = IterateCounts(), IterateCounts()
    assert all(getattr(one, field.name) is not getattr(other, field.name) or field.type is int for field in fields(one))
