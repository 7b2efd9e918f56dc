"""Each counter says what it counts."""

from dataclasses import fields
from pathlib import Path

import internal_zones
from internal_zones.counts import InternalCounts, bump
from internal_zones.options import StateOptions


def test_every_counter_has_one_sentence_of_help() -> None:
    for counter in fields(InternalCounts):
        assert counter.metadata["help"].endswith("."), counter.name


def test_a_labelled_counter_counts_by_label() -> None:
    counts = InternalCounts()
    for label in ("busy", "missing", "busy"):
        bump(counts.failed_looks, label)
    assert counts.failed_looks == {"busy": 2, "missing": 1}


def test_every_counter_and_option_stands_in_the_readme() -> None:
    readme = (Path(internal_zones.__file__).parent / "README.md").read_text()
    for name in (*(counter.name for counter in fields(InternalCounts)), *StateOptions.__struct_fields__):
        assert f"`{name}" in readme, name
