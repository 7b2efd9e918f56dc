"""What is kept is compared with the database in the background: a difference that no look told of is mended, counted and told."""

from ipaddress import IPv6Address
from pathlib import Path

import pytest
import trio
import trio.testing

from internal_zones.database import inline
from internal_zones.verifying import AT_ONCE, MAX_SHARE, ROUND, rest, shared
from resolver.demo.corrosion_file import CorrosionWriter
from tests.internal_zones.breaking import ADDRESS, OTHER, execute, move, small_state
from tests.internal_zones.platform import State, app, machine, write_state
from tests.internal_zones.running import asking, shown
from tests.internal_zones.test_batches import Alone, Counting, file_with

WITHIN = 300.0  # seconds in which a wrong unit is mended


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return small_state(tmp_path)


def change_behind_the_looks(path: Path) -> None:
    """A row changes without a version, in a commit that bookkeeping explains: nothing is due after it."""
    writer = CorrosionWriter(path)
    with writer.connection:
        writer.connection.execute("UPDATE machines SET address = ?", (OTHER,))
        writer.connection.execute("INSERT INTO __corro_bookkeeping_gaps VALUES (x'99', 1, 2)")
    writer.close()


def test_a_unit_that_no_look_made_due_is_found_wrong_told_with_both_versions_and_mended(path: Path) -> None:
    events: list[tuple[str, dict[str, str | int]]] = []

    async def main() -> None:
        async with asking(path, run=inline, poll=2.0, max_wait=2.0, warn=events) as asker:
            assert await asker.texts("web.internal") == [ADDRESS]
            await trio.sleep(1)  # the first round, if it had begun already, has read what was before
            change_behind_the_looks(path)
            await trio.sleep(3)
            assert await asker.texts("web.internal") == [ADDRESS]  # as nothing told of it
            await trio.sleep(WITHIN)
            found = asker.find("web.internal") or await asker.ask("web.internal")
            assert (shown(found), found.is_stale) == ([OTHER], False)
            assert asker.zones.counts.found_wrong == 1

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    [(event, fields)] = events
    assert (event, fields["unit"], fields["network"], fields["app"]) == ("state_unit_found_wrong", "app", 24, "web")
    assert "0001" in str(fields["kept"])
    assert fields["kept"] != fields["database"]


def test_what_the_looks_tell_of_is_no_difference(path: Path) -> None:
    async def main() -> None:
        async with asking(path, run=inline, poll=2.0, max_wait=2.0) as asker:
            for number in range(20):
                await asker.ask("web.internal")
                await asker.ask("nosuch.internal")
                move(path, f"fdaa:0:18:a:b:1:{number:x}:2")
                await trio.sleep(61.0)
            assert asker.zones.counts.verified > 0
            assert asker.zones.counts.found_wrong == 0

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_a_commit_between_the_reading_and_the_look_is_no_difference(path: Path) -> None:
    async def main() -> None:
        async with asking(path, run=inline, poll=10.0, max_wait=10.0) as asker:
            await asker.ask("web.internal")
            keys = asker.zones._units.kept_keys()
            move(path, OTHER)  # nobody has looked since
            await asker.zones._verifier.compare(keys)
            assert asker.zones.counts.found_wrong == 0
            assert await asker.texts("web.internal") == [OTHER]

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_an_address_that_machines_of_two_apps_have_is_told_once(tmp_path: Path) -> None:
    events: list[tuple[str, dict[str, str | int]]] = []
    machines = [machine("0001", 1, 24), machine("0002", 2, 24, address=ADDRESS), machine("0003", 2, 24)]
    write_state(tmp_path / "state.db", State(apps=[app(1, "web", 24), app(2, "api", 24)], machines=machines))

    async def main() -> None:
        async with asking(tmp_path / "state.db", run=inline, poll=2.0, max_wait=2.0, warn=events) as asker:
            assert await asker.texts("web.internal") == [ADDRESS]  # the other app was never asked for
            await trio.sleep(3 * WITHIN)
            assert asker.zones.counts.duplicate_addresses == 1

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    assert events == [("duplicate_address", {"network": 24, "app": "api, web", "address": ADDRESS})]


def test_an_address_that_a_machine_of_another_network_has_is_told_once(tmp_path: Path) -> None:
    """Only where the options allow addresses of other networks: elsewhere such a row is a bad one."""
    events: list[tuple[str, dict[str, str | int]]] = []
    machines = [machine("0001", 1, 24), machine("0002", 2, 57, address=ADDRESS)]
    write_state(tmp_path / "state.db", State(apps=[app(1, "web", 24), app(2, "api", 57)], machines=machines))

    async def main() -> None:
        async with asking(
            tmp_path / "state.db", run=inline, poll=2.0, max_wait=2.0, warn=events, prefixes=("fdaa::/16",)
        ) as asker:
            assert await asker.texts("web.internal") == [ADDRESS]
            assert await asker.texts("api.internal", network=57) == [ADDRESS]
            await trio.sleep(3 * WITHIN)
            assert asker.zones.counts.duplicate_addresses == 1

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    assert events == [
        ("duplicate_address", {"network": 57, "app": "api, web of network 24", "address": ADDRESS}),
    ]


def test_all_owners_are_asked_for_by_one_statement_and_are_those_of_each_alone(tmp_path: Path) -> None:
    odd = "UPDATE machines SET address = 'fdaa:0:18:a:b:0:1:2' WHERE rowid % 3 = 0"  # of any network, so that many share it
    file = file_with(tmp_path / "state.db", odd)
    rows = file.select("instances", {"network": 24, "app": "", "address": ""})
    held = dict.fromkeys((network, IPv6Address(str(row[3])).packed) for network in (24, 57) for row in rows)
    counting = Counting(file)
    found = shared(counting, held)
    assert (counting.together, counting.alone) == (["machine_at"], [])
    assert found == shared(Alone(file), held)
    assert [it for it in found if it.network == 57]
    assert shared(Counting(file, is_locked=True), held) == []


def test_a_database_that_cannot_be_read_makes_nothing_wrong(path: Path) -> None:
    async def main() -> None:
        async with asking(path, run=inline, poll=2.0, max_wait=2.0, max_stale=10_000) as asker:
            await asker.ask("web.internal")
            execute(path, "ALTER TABLE machines RENAME TO elsewhere")
            await trio.sleep(WITHIN)
            execute(path, "ALTER TABLE elsewhere RENAME TO machines")
            await trio.sleep(WITHIN)
            assert asker.zones.counts.found_wrong == 0

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


@pytest.mark.parametrize(
    ("spent", "of_all", "pause"),
    [
        pytest.param(0.0, AT_ONCE, ROUND, id="few units: once a round"),
        pytest.param(0.001, 100 * AT_ONCE, ROUND / 100 - 0.001, id="many: evenly"),
        pytest.param(0.1, 100_000 * AT_ONCE, 0.1 / MAX_SHARE - 0.1, id="too many: not more than the share of a core"),
    ],
)
def test_the_pace_goes_round_in_time_and_takes_no_more_than_its_share(spent: float, of_all: int, pause: float) -> None:
    assert rest(spent, AT_ONCE, of_all) == pytest.approx(pause)
