"""Measures as Prometheus and as people read them."""

import shutil
import subprocess
from collections.abc import Iterator

import pytest
import trio
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families
from trio.testing import MockClock

from resolver.daemon.running import Running
from resolver.observe.measures import Measure, measures
from resolver.observe.metrics import GOOD_FOR, Exposition, Measures, Stat, stats
from tests.resolver.daemon.test_parts import of_parts
from tests.resolver.observe.counted import Counts


def counted() -> Counts:
    counts = Counts()
    for seconds in (0.1, 0.7, 0.7, 5.0):
        counts.kitchen.wait.note(seconds)
    return counts


def text_of(shown: Measures) -> bytes:
    return trio.run(Exposition(shown, lambda: 0.0).text)


def samples(text: bytes) -> dict[str, float]:
    """Every sample by its name and labels, as Prometheus reads them."""
    return {
        sample.name + "".join(f"{{{key}={value}}}" for key, value in sample.labels.items()): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def test_prometheus_reads_every_number() -> None:
    counts = counted()
    found = samples(text_of(lambda: measures(counts)))
    expected = {
        "cistern_kitchen_meals_total": 3.0,
        "cistern_kitchen_guests_current": 2.0,
        "cistern_kitchen_replies_total{rcode=NOERROR}": 5.0,
        "cistern_kitchen_replies_total{rcode=NXDOMAIN}": 1.0,
        "cistern_kitchen_wait_seconds_bucket{le=0.5}": 1.0,
        "cistern_kitchen_wait_seconds_bucket{le=1.0}": 3.0,
        "cistern_kitchen_wait_seconds_bucket{le=+Inf}": 4.0,
        "cistern_kitchen_wait_seconds_count": 4.0,
        "cistern_kitchen_wait_seconds_sum": 6.5,
        "cistern_cellar_refused_total{reason=too large}": 4.0,
    }
    assert {name: found.get(name) for name in expected} == expected


def test_several_labels_are_told_apart() -> None:
    measure = Measure(
        "cistern_service_answers", "Answers.", False, "origin,transport", {"cache,udp": 4, "cache,tcp": 2}
    )
    assert {name: value for name, value in samples(text_of(lambda: [measure])).items() if "answers" in name} == {
        "cistern_service_answers_total{origin=cache}{transport=udp}": 4.0,
        "cistern_service_answers_total{origin=cache}{transport=tcp}": 2.0,
    }
    rows = [row for row in stats([measure]) if row.name == "cistern_service_answers_total"]
    assert [(row.label, row.value) for row in rows] == [
        ("origin=cache,transport=udp", 4),
        ("origin=cache,transport=tcp", 2),
    ]


def test_the_exposition_is_of_a_moment_ago_at_most() -> None:
    """400 requests a second made clients wait for as many texts."""

    async def main() -> None:
        made = Exposition(lambda: measures(counts), trio.current_time)
        counts.kitchen.meals = 100
        assert samples(await made.text())["cistern_kitchen_meals_total"] == 100.0
        counts.kitchen.meals = 200
        assert samples(await made.text())["cistern_kitchen_meals_total"] == 100.0
        await trio.sleep(GOOD_FOR)
        assert samples(await made.text())["cistern_kitchen_meals_total"] == 200.0

    counts = Counts()
    trio.run(main, clock=MockClock(autojump_threshold=0))


def test_others_get_their_turn_while_it_is_made_once_for_all_who_ask() -> None:
    async def main() -> None:
        texts: list[bytes] = []
        turns = made = 0

        def many() -> Iterator[Measure]:
            nonlocal made
            made += 1
            yield from (one for _ in range(50) for one in measures(Counts()))

        shown = Exposition(many, trio.current_time)

        async def ask() -> None:
            texts.append(await shown.text())

        async with trio.open_nursery() as nursery:
            for _ in range(10):
                nursery.start_soon(ask)
            while len(texts) < 10:
                turns += 1
                await trio.lowlevel.checkpoint()
        assert (made, len(set(texts))) == (1, 1)
        assert turns > 10

    trio.run(main)


def test_the_process_is_shown_too() -> None:
    assert samples(text_of(lambda: ()))["process_resident_memory_bytes"] > 0


def test_people_get_a_row_per_number() -> None:
    rows = list(stats(measures(counted())))
    assert rows[:4] == [
        Stat("cistern_kitchen_meals_total", 3, "", "Meals cooked."),
        Stat("cistern_kitchen_guests_current", 2, "", "Guests at the table."),
        Stat("cistern_kitchen_replies_total", 5, "rcode=NOERROR", "Replies given."),
        Stat("cistern_kitchen_replies_total", 1, "rcode=NXDOMAIN", "Replies given."),
    ]
    assert [(row.label, row.value) for row in rows if row.name == "cistern_kitchen_wait_seconds"] == [
        ("le=0.5", 1),
        ("le=1.0", 3),
        ("le=+Inf", 4),
        ("sum", 6.5),
    ]


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool (Debian's prometheus) is not installed")
def test_promtool_has_nothing_against_any_name_of_the_daemons() -> None:
    """Prometheus' conventions: base units, a help for each, suffixes as they should be."""
    shown = of_parts(lambda parts: list(Running(parts).measures()))
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=text_of(lambda: shown), capture_output=True, check=False
    )
    assert (done.returncode, done.stderr, done.stdout) == (0, b"", b"")


def test_openmetrics_readers_read_every_number_of_a_daemon() -> None:
    measured = of_parts(lambda parts: list(Running(parts).measures()))
    shown = Exposition(lambda: measured, lambda: 0.0)
    plain, opened = trio.run(shown.text), trio.run(shown.open_text)
    assert opened.count(b"# EOF") == 1
    families = openmetrics_families(opened.decode())  # type: ignore[no-untyped-call]  # the library types it not
    found = {sample.name: sample.value for family in families for sample in family.samples}
    assert set(found) == {
        sample.name for family in text_string_to_metric_families(plain.decode()) for sample in family.samples
    }
    assert "cistern_upstream_rtt_seconds_bucket" in found
    assert trio.run(shown.text) == plain  # of the same moment still
