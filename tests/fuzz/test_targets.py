"""What once failed fails no more, what is honest is taken, and a few hundred mutations of it, always the same, are too."""

from random import Random

import pytest

from tests.fuzz.__main__ import CORPUS, kept
from tests.fuzz.mutate import mutated
from tests.fuzz.targets import targets

TARGETS = targets()
TRIED = {"snapshot": 20, "control": 60}  # they take some milliseconds each


@pytest.mark.parametrize("name", TARGETS)
def test_no_octets_bring_a_door_down(name: str) -> None:
    target, rng = TARGETS[name], Random(name)
    for data in (*target.honest, *kept(name), b""):
        target.take(data)
    for _ in range(TRIED.get(name, 150)):
        target.take(mutated(rng.choice(target.honest), rng.choice(target.honest), rng))


def test_the_corpus_is_small() -> None:
    assert sum(file.stat().st_size for file in CORPUS.rglob("*") if file.is_file()) < 1_000_000


def test_each_folder_of_the_corpus_has_its_target() -> None:
    assert {folder.name for folder in CORPUS.iterdir() if folder.is_dir()} <= set(TARGETS)


def test_mutations_are_the_same_for_the_same_seed() -> None:
    one, other = ([mutated(b"honest", b"other", Random(seed)) for _ in range(5)] for seed in (1, 1))
    assert one == other
