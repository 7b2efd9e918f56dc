"""Thousands of hours in which servers fail and records change, on the engine alone."""

import pytest

from tests.simulation.machine.internet import Mood
from tests.simulation.machine.signed_internet import SignedInternet
from tests.simulation.machine.story import Step, Story, draw, fails, shrunk
from tests.simulation.machine.world import World

SEEDS, AT_ONCE = 2000, 50
SIGNED, SIGNED_AT_ONCE = 200, 10  # a signed hour takes some 0.3 s


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_no_hour_breaks_a_rule(first: int) -> None:
    for seed in range(first, first + AT_ONCE):
        found = Story(seed).play(draw(seed))
        assert not found, f"python -m tests.simulation.machine --seed {seed}: {found[:5]}"


@pytest.mark.parametrize("first", range(0, SIGNED, SIGNED_AT_ONCE))
def test_no_hour_of_a_signed_internet_breaks_a_rule(first: int) -> None:
    for seed in range(first, first + SIGNED_AT_ONCE):
        found = Story(seed, is_signed=True).play(draw(seed))
        assert not found, f"python -m tests.simulation.machine --signed --seed {seed}: {found[:5]}"


def test_a_forgery_in_a_signed_internet_would_be_found() -> None:
    story = Story(1, is_signed=True)
    assert isinstance(story.world.internet, SignedInternet)
    story.world.internet.is_signed = lambda _: False  # type: ignore[assignment]  # as if nothing were signed
    assert any("is SECURE, and should be INSECURE" in one for one in story.play(draw(1)))


def test_the_same_seed_is_the_same_story() -> None:
    stories = [Story(7), Story(7), Story(8)]
    for story, seed in zip(stories, (7, 7, 8), strict=True):
        story.play(draw(seed))
    assert stories[0].digest() == stories[1].digest() != stories[2].digest()


def test_a_wrong_answer_would_be_found() -> None:
    """The judge is judged: a record that was never published, and a failure of what is well."""
    story = Story(1)
    story.world.internet.was_ever = lambda *_: False  # type: ignore[method-assign]  # nothing that is answered was true
    assert any("was not published" in one for one in story.play(draw(1)))


def test_a_failing_story_is_shrunk_to_what_makes_it_fail() -> None:
    steps = [Step(float(at), "ask", at) for at in range(40)]
    left = shrunk(0, steps, lambda _, some: {one.which for one in some} >= {3, 31})
    assert [one.which for one in left] == [3, 31]
    assert not fails(3, draw(3)[:50])


@pytest.mark.parametrize("mood", [Mood.FORGED, Mood.LOWERING, Mood.TRUNCATING, Mood.GARBAGE])
def test_moods_differ_in_what_comes_over_udp_alone(mood: Mood) -> None:
    internet = World(1).internet
    server = next(iter(internet.servers.values()))
    query = b"\1\2\0\0\0\1\0\0\0\0\0\0\1X\7exAMPLE\0\0\1\0\1"
    said = [one for _, one in internet.reply(server, query, over_tcp=False)]
    server.mood = mood
    assert [one for _, one in internet.reply(server, query, over_tcp=False)] != said
    assert internet.reply(server, query, over_tcp=True)[-1][1].lower() == said[0].lower()
