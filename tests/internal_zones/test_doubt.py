"""Rows that cannot be read are never an absence: last good data, marked, or SERVFAIL; what does not rest on them is exact."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from cache.names import from_text
from internal_zones import Wanted, is_ours
from internal_zones.database import inline
from tests.internal_zones import model
from tests.internal_zones.breaking import execute
from tests.internal_zones.platform import NETWORKS, State, app, machine, random_state, write_state
from tests.internal_zones.running import CLIENT, Asker, asking, shown

FIRST, SECOND = "fdaa:0:18:a:b:0:1:2", "fdaa:0:18:a:b:0:2:2"
GROUPS = {"01": '{"fly_process_group":"front","role":"primary"}', "02": '{"fly_process_group":"back"}'}
Main = Callable[[Asker, Path], Awaitable[None]]
Events = list[tuple[str, dict[str, str | int]]]

SKEWS = [
    pytest.param("UPDATE machines SET address = address || '/112'", id="addresses with a length"),
    pytest.param("UPDATE machines SET address = CAST(address AS BLOB)", id="addresses that are BLOBs"),
    pytest.param("UPDATE machines SET address = '2001:db8::1'", id="addresses of nobody"),
    pytest.param("UPDATE machines SET address = 'fdaa:0:39:a::2'", id="addresses of another network"),
    pytest.param("UPDATE machines SET address = 'fe80::1%eth0' WHERE id = '01'", id="one link-local address"),
    pytest.param("UPDATE machines SET address = '::ffff:10.0.0.1' WHERE id = '01'", id="one mapped address"),
    pytest.param("UPDATE machines SET region = x'07' WHERE id = '02'", id="one region"),
    pytest.param("UPDATE machines SET skip_dns = 'yes'", id="skip_dns"),
]


def on(
    folder: Path, main: Main, events: Events | None = None, *, asked_before: bool = True, max_stale: int = 86400
) -> None:
    """Zones on two machines of an app; their names have been asked for once."""
    path = folder / "state.db"
    machines = [machine(it, 1, 24, metadata=GROUPS[it], region=where) for it, where in (("01", "ams"), ("02", "fra"))]
    write_state(path, State(apps=[app(1, "web", 24)], machines=machines))

    async def run() -> None:
        async with asking(path, run=inline, poll=10.0, max_wait=10.0, warn=events, max_stale=max_stale) as asker:
            if asked_before:
                await asker.ask("web.internal")
            await main(asker, path)

    trio.run(run, clock=trio.testing.MockClock(autojump_threshold=0))


async def spoil(asker: Asker, path: Path, sql: str) -> None:
    execute(path, sql)
    await asker.zones._watcher.look()


@pytest.mark.parametrize("sql", SKEWS)
def test_rows_that_become_unreadable_leave_the_last_good_data_marked(tmp_path: Path, sql: str) -> None:
    async def main(asker: Asker, path: Path) -> None:
        await spoil(asker, path, sql)
        for name in ("web.internal", "web.internal"):  # read, and from memory
            answer = await asker.ask(name)
            assert sorted(shown(answer)) == [FIRST, SECOND]
            assert (answer.is_stale, [error.code for error in answer.errors]) == (True, [3])
        assert asker.zones.counts.reads == 2  # once before, once after: in doubt it is not read again and again
        assert asker.zones.status().bad_rows
        assert asker.zones.status().remarks

    on(tmp_path, main)


@pytest.mark.parametrize("sql", SKEWS)
def test_unreadable_rows_of_which_nothing_is_known_are_a_failure(tmp_path: Path, sql: str) -> None:
    async def main(asker: Asker, path: Path) -> None:
        await spoil(asker, path, sql)
        for name in (
            "web.internal",
            "01.vm.web.internal",
            "ams.web.internal",
            "healthy.web.internal",
            "_x._tcp.web.internal",
        ):
            assert await asker.texts(name) == "SERVFAIL 23"
        assert await asker.texts("top1.nearest.of.web.internal") == "SERVFAIL 23"
        assert await asker.texts("nosuch.internal") == "NXDOMAIN"
        assert await asker.texts("_apps.internal", "TXT") == ["web"]

    on(tmp_path, main, asked_before=False)


def test_an_address_that_nobody_has_may_be_that_of_a_bad_row(tmp_path: Path) -> None:
    async def main(asker: Asker, path: Path) -> None:
        name = "2.0.0.0.1.0.0.0.0.0.0.0.b.0.0.0.a.0.0.0.8.1.0.0.0.0.0.0.a.a.d.f.ip6.arpa"
        await spoil(asker, path, "UPDATE machines SET address = address || '/112'")
        await asker.ask("web.internal")
        assert await asker.texts(name, "PTR") == "SERVFAIL 23"
        await spoil(asker, path, "UPDATE machines SET address = replace(address, '/112', '')")
        await asker.ask("web.internal")
        assert await asker.texts(name, "PTR") == ["01.vm.web.internal"]

    on(tmp_path, main)


def test_doubt_is_over_as_soon_as_the_rows_can_be_read(tmp_path: Path) -> None:
    async def main(asker: Asker, path: Path) -> None:
        await spoil(asker, path, "UPDATE machines SET address = address || '/112'")
        assert (await asker.ask("web.internal")).is_stale
        await spoil(asker, path, "UPDATE machines SET address = replace(address, '/112', '')")
        answer = await asker.ask("web.internal")
        assert (sorted(shown(answer)), answer.is_stale) == ([FIRST, SECOND], False)
        assert asker.zones.status().bad_rows == ()

    on(tmp_path, main)


def test_last_good_data_of_unreadable_rows_end_with_max_stale(tmp_path: Path) -> None:
    async def main(asker: Asker, path: Path) -> None:
        await spoil(asker, path, "UPDATE machines SET address = address || '/112'")
        await trio.sleep(0.01)
        assert await asker.texts("web.internal") == "SERVFAIL 23"

    on(tmp_path, main, max_stale=0)


def test_what_an_operator_accepts_is_answered_without_the_bad_rows(tmp_path: Path) -> None:
    async def main(asker: Asker, path: Path) -> None:
        await spoil(asker, path, "UPDATE machines SET address = 'nonsense' WHERE id = '01'")
        assert (await asker.ask("web.internal")).is_stale
        assert asker.zones.accept() == 1
        answer = await asker.ask("web.internal")
        assert (shown(answer), answer.is_stale) == ([SECOND], False)
        await spoil(asker, path, "UPDATE machines SET address = 'nonsense'")
        answer = await asker.ask("web.internal")  # one more than was accepted
        assert (shown(answer), answer.is_stale) == ([SECOND], True)

    on(tmp_path, main)


def test_bad_rows_are_told_once_with_table_id_column_and_type(tmp_path: Path) -> None:
    events: Events = []

    async def main(asker: Asker, path: Path) -> None:
        for _ in range(3):
            await spoil(
                asker,
                path,
                "UPDATE machines SET address = CAST('x' || updated_at AS BLOB), updated_at = updated_at + 1",
            )
            await asker.ask("web.internal")

    on(tmp_path, main, events)
    told = [fields for event, fields in events if event == "state_row_bad"]
    assert [(it["table"], it["id"], it["column"], it["holds"]) for it in told] == [
        ("machines", "01", "address", "BLOB")
    ]


def test_operators_see_every_bad_row(tmp_path: Path) -> None:
    async def main(asker: Asker, path: Path) -> None:
        await spoil(asker, path, "UPDATE machines SET address = 'x', metadata = '{x'")
        execute(path, "INSERT INTO peers VALUES (24, 'a,b', 'fdaa:0:18:9::1', 0)")
        execute(path, "INSERT INTO apps VALUES (7, 'ns', 24, 0)")
        found = await asker.zones.inspector.faults(Wanted())
        assert [(row.unit, row.table, row.id, row.column) for row in found] == [
            ("apps", "apps", "ns", "name"),
            ("peers", "peers", "a,b", "name"),
            ("app", "machines", "01", "address"),
            ("app", "machines", "02", "address"),
        ]
        assert await asker.zones.inspector.faults(Wanted(57)) == []

    on(tmp_path, main)


@pytest.mark.parametrize("metadata", ["{x", "[1]", ""])
def test_unreadable_metadata_leaves_all_names_that_do_not_rest_on_them(tmp_path: Path, metadata: str) -> None:
    async def main(asker: Asker, path: Path) -> None:
        await spoil(asker, path, f"UPDATE machines SET metadata = '{metadata}' WHERE id = '01'")
        answer = await asker.ask("web.internal")
        assert (sorted(shown(answer)), answer.is_stale) == ([FIRST, SECOND], False)
        assert await asker.texts("01.vm.web.internal") == [FIRST]
        assert await asker.texts("ams.web.internal") == [FIRST]
        answer = await asker.ask("front.process.web.internal")
        assert (shown(answer), answer.is_stale) == ([FIRST], True)  # what it was
        answer = await asker.ask("top1.nearest.of.front.process.web.internal")
        assert (shown(answer), answer.is_stale) == ([FIRST], True)
        for name in ("other.process", "x.role.kv._metadata", "x.kv._metadata", "nearest.of.other.process"):
            assert await asker.texts(f"{name}.web.internal") == "SERVFAIL 23"  # never NXDOMAIN
        assert await asker.texts("x.other.process.web.internal") == "NXDOMAIN"  # no name, whatever the metadata

    on(tmp_path, main)


def test_unreadable_metadata_of_which_nothing_is_known_are_no_absence(tmp_path: Path) -> None:
    async def main(asker: Asker, path: Path) -> None:
        await spoil(asker, path, "UPDATE machines SET metadata = '{x' WHERE id = '01'")
        assert sorted(await asker.texts("web.internal")) == [FIRST, SECOND]
        assert await asker.texts("front.process.web.internal") == "SERVFAIL 23"
        answer = await asker.ask("back.process.web.internal")
        assert (shown(answer), answer.is_stale) == ([SECOND], True)

    on(tmp_path, main, asked_before=False)


@pytest.mark.parametrize("name", ["a,b", "a;b", "a=b", "x" * 64])
def test_no_row_can_forge_a_list(tmp_path: Path, name: str) -> None:
    async def main(asker: Asker, path: Path) -> None:
        await spoil(asker, path, f"INSERT INTO apps VALUES (7, '{name}', 24, 0)")
        assert await asker.texts("_apps.internal", "TXT") == ["web"]
        assert asker.zones.counts.unreadable_rows == 1

    on(tmp_path, main)


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_whatever_rows_go_bad_no_answer_is_less_than_the_truth_without_a_word(seed: int) -> None:
    rng, state = Random(seed), random_state(seed, max_machines=4)
    column = rng.choice(("address", "metadata", "region", "state"))
    bad = rng.choice(("'x'", "x'00'", "'fe80::1'") if column in ("address", "metadata") else ("x'00'",))
    truth = {network: model.names_of(state, network, "ams", CLIENT) for network in NETWORKS}

    async def compare(asker: Asker) -> None:
        for network, nodes in truth.items():
            for name, node in nodes.items():
                for qtype in node if is_ours(from_text(name)) else ():
                    answer = await asker.ask(name, qtype, network)
                    got, wanted = shown(answer), node[qtype] or "NODATA"
                    if column == "state" and name.endswith("_instances.internal"):
                        continue  # which of the rows are started is for the statement to say
                    if name.endswith(".arpa"):
                        continue  # rows are found by their addresses there
                    if qtype in ("SOA", "NS") or got == "SERVFAIL 23" or answer.is_stale:
                        continue
                    is_set = isinstance(wanted, set) and isinstance(got, list)
                    assert (sorted(got) if is_set else got) == (sorted(wanted) if is_set else wanted), (name, qtype)

    async def main() -> None:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "state.db"
            write_state(path, state)
            async with asking(path, run=inline, region="ams", poll=10.0, max_wait=10.0) as asker:
                if rng.random() < 0.5:
                    await compare(asker)
                execute(path, f"UPDATE machines SET {column} = {bad} WHERE abs(random()) % 3 = 0 AND {column} != ''")
                await asker.zones._watcher.look()
                await compare(asker)

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
