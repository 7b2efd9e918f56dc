"""The facade on real files: each row of the contract, what is kept, what is counted. The model is in test_agreement."""

import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from ipaddress import IPv6Address
from pathlib import Path
from typing import ClassVar

import pytest
import trio
import trio.testing

from cache.answer import Answer
from cache.names import from_text, to_text
from internal_zones import Wanted
from internal_zones.database import MAX_ROWS, StateFault, inline
from internal_zones.index import SCANNED
from internal_zones.readings import AppData, Kind, Reading, UnitKey
from internal_zones.records import MAX_ADDRESSES
from internal_zones.rows import Machine
from resolver.demo.corrosion_file import CorrosionWriter
from resolver.demo.state import make_state
from tests.internal_zones.platform import (
    HOSTS,
    Row,
    State,
    app,
    machine,
    write_state,
)
from tests.internal_zones.running import CLIENT, Asker, asking, shown

SMALL = State(
    apps=[app(1, "web", 24), app(2, "idle", 24), app(3, "bare", 24), app(4, "other", 57)],
    machines=[
        machine("148e21", 1, 24, host="h1", region="ams", metadata='{"fly_process_group":"front","role":"a"}'),
        machine("4d8969", 1, 24, host="h3", region="fra", metadata='{"fly_process_group":"back"}'),
        machine("5e0001", 1, 24, host="h4", region="ord", state="stopped", metadata='{"role":"b"}'),
        machine("5e0002", 1, 24, host="h4", region="ord", skip_dns=1),
        machine("5e0003", 1, 24, host="h4", region="sea", state="destroyed"),
        machine("600001", 2, 24, region="nrt", state="stopped"),
        machine("700001", 4, 57),
    ],
    flycast_addresses=[
        {"address": "fdaa:0:18:f::1", "app_name": "web", "network_id": 24},
        {"address": "fdaa:0:18:f::2", "app_name": "other", "network_id": 24},
    ],
    peers=[
        {"network_id": 24, "name": "laptop", "address": "fdaa:0:18:9::1"},
        {"network_id": 24, "name": "interactive-x", "address": "fdaa:0:18:9::2"},
    ],
    hosts=[
        {"name": host, "region": region, "actor_id": host.encode().ljust(16, b"\0")} for host, region in HOSTS.items()
    ],
    checks=[
        {"machine_id": "148e21", "name": "disk", "status": "passing"},
        {"machine_id": "148e21", "name": "http", "status": "critical"},
        {"machine_id": "4d8969", "name": "http", "status": "passing"},
    ],
    services=[
        {"machine_id": "148e21", "protocol": "tcp", "port": 8080, "name": "http"},
        {"machine_id": "4d8969", "protocol": "tcp", "port": 8081, "name": "Http"},
        {"machine_id": "4d8969", "protocol": "udp", "port": 53, "name": "dns"},
        {"machine_id": "5e0001", "protocol": "tcp", "port": 21, "name": "old"},
        {"machine_id": "5e0002", "protocol": "tcp", "port": 8080, "name": "http"},
    ],
    rtts={"h1": 20, "h3": 10},
)
AMS, FRA = "fdaa:0:18:a:b:0:8e21:2", "fdaa:0:18:a:b:0:8969:2"

ROWS = [
    ("web.internal", "AAAA", [AMS, FRA]),
    ("web.internal", "A", "NODATA"),
    ("web.internal", "TXT", "NODATA"),
    ("web.internal", "ANY", [AMS, FRA]),
    ("global.web.internal", "AAAA", [AMS, FRA]),
    ("fra.web.internal", "AAAA", [FRA]),
    ("ord.web.internal", "AAAA", "NODATA"),  # deployed there, not started
    ("sea.web.internal", "AAAA", "NXDOMAIN"),
    ("148e21.vm.web.internal", "AAAA", [AMS]),
    ("148E21.VM.Web.Internal", "AAAA", [AMS]),
    ("5e0001.vm.web.internal", "AAAA", "NODATA"),
    ("5e0002.vm.web.internal", "AAAA", "NXDOMAIN"),  # skip_dns
    ("5e0002.vm.web.internal", "A", "NXDOMAIN"),
    ("vm.web.internal", "AAAA", "NODATA"),
    ("x.148e21.vm.web.internal", "AAAA", "NXDOMAIN"),
    ("front.process.web.internal", "AAAA", [AMS]),
    ("process.web.internal", "AAAA", "NODATA"),
    ("none.process.web.internal", "AAAA", "NXDOMAIN"),
    ("a.role.kv._metadata.web.internal", "AAAA", [AMS]),
    ("b.role.kv._metadata.web.internal", "AAAA", "NODATA"),
    ("c.role.kv._metadata.web.internal", "AAAA", "NXDOMAIN"),
    ("role.kv._metadata.web.internal", "AAAA", [AMS]),
    ("kv._metadata.web.internal", "AAAA", "NODATA"),
    ("_metadata.web.internal", "AAAA", "NODATA"),
    ("top1.nearest.of.web.internal", "AAAA", [FRA]),
    ("top9.nearest.of.web.internal", "AAAA", [FRA, AMS]),
    ("top0.nearest.of.web.internal", "AAAA", "NXDOMAIN"),
    ("top01.nearest.of.web.internal", "AAAA", "NXDOMAIN"),
    ("top.nearest.of.web.internal", "AAAA", "NXDOMAIN"),
    ("nearest.of.web.internal", "AAAA", "NODATA"),
    ("of.web.internal", "AAAA", "NODATA"),
    ("top1.nearest.of.ams.web.internal", "AAAA", [AMS]),
    ("top1.nearest.of.front.process.web.internal", "AAAA", [AMS]),
    ("top1.nearest.of.sea.web.internal", "AAAA", "NXDOMAIN"),
    ("nearest.of.ams.web.internal", "AAAA", "NODATA"),
    ("of.sea.web.internal", "AAAA", "NXDOMAIN"),
    ("healthy.web.internal", "AAAA", [FRA]),  # a check of 148e21 fails
    ("healthy.idle.internal", "AAAA", "NODATA"),
    ("healthy.nosuch.internal", "AAAA", "NXDOMAIN"),
    ("healthy.web.internal", "TXT", "NODATA"),
    ("x.healthy.web.internal", "AAAA", "NXDOMAIN"),
    ("_http._tcp.web.internal", "SRV", ["8080 148e21.vm.web.internal", "8081 4d8969.vm.web.internal"]),
    ("_HTTP._tcp.web.internal", "AAAA", "NODATA"),
    ("_old._tcp.web.internal", "SRV", "NODATA"),  # only a stopped machine serves it
    ("_dns._tcp.web.internal", "SRV", "NXDOMAIN"),  # over UDP only
    ("_tcp.web.internal", "SRV", "NODATA"),
    ("http._tcp.web.internal", "SRV", "NXDOMAIN"),
    ("_http._tcp.nosuch.internal", "SRV", "NXDOMAIN"),
    ("vms.web.internal", "TXT", ["148e21 ams,4d8969 fra"]),
    ("all.vms.web.internal", "TXT", ["148e21 ams,4d8969 fra,5e0001 ord"]),
    ("all.web.internal", "TXT", "NXDOMAIN"),
    ("regions.web.internal", "TXT", ["ams,fra"]),
    ("all.regions.web.internal", "TXT", ["ams,fra,ord"]),
    ("idle.internal", "AAAA", "NODATA"),
    ("vms.idle.internal", "TXT", [""]),
    ("bare.internal", "AAAA", "NODATA"),
    ("all.vms.bare.internal", "TXT", [""]),
    ("other.internal", "AAAA", "NXDOMAIN"),
    ("nosuch.internal", "A", "NXDOMAIN"),
    ("_apps.internal", "TXT", ["bare,idle,web"]),
    ("x._apps.internal", "TXT", "NXDOMAIN"),
    ("_peer.internal", "TXT", ["laptop"]),
    ("laptop._peer.internal", "AAAA", ["fdaa:0:18:9::1"]),
    ("interactive-x._peer.internal", "AAAA", "NXDOMAIN"),  # as the list has it
    ("nobody._peer.internal", "AAAA", "NXDOMAIN"),
    (
        "_instances.internal",
        "TXT",
        [f"instance=148e21,app=web,ip={AMS},region=ams;instance=4d8969,app=web,ip={FRA},region=fra"],
    ),
    (
        "1.page._instances.internal",
        "TXT",
        [f"instance=148e21,app=web,ip={AMS},region=ams;instance=4d8969,app=web,ip={FRA},region=fra"],
    ),
    ("2.page._instances.internal", "TXT", "NXDOMAIN"),
    ("page._instances.internal", "TXT", "NODATA"),
    ("_api.internal", "AAAA", ["fdaa:0:18::3"]),
    ("ns.internal", "AAAA", ["fdaa::3"]),
    ("internal", "SOA", ["SOA"]),
    ("internal", "NS", ["ns.internal"]),
    ("internal", "A", "NODATA"),
    ("flycast", "SOA", ["SOA"]),
    ("web.flycast", "AAAA", ["fdaa:0:18:f::1"]),
    ("other.flycast", "AAAA", ["fdaa:0:18:f::2"]),  # allocated here, though the app lives elsewhere
    ("idle.flycast", "AAAA", "NODATA"),
    ("nosuch.flycast", "AAAA", "NXDOMAIN"),
    ("x.web.flycast", "AAAA", "NXDOMAIN"),
    ("a.a.d.f.ip6.arpa", "NS", ["ns.internal"]),
    ("2.0.0.0.1.2.e.8.0.0.0.0.b.0.0.0.a.0.0.0.8.1.0.0.0.0.0.0.a.a.d.f.ip6.arpa", "PTR", ["148e21.vm.web.internal"]),
    ("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.9.0.0.0.8.1.0.0.0.0.0.0.a.a.d.f.ip6.arpa", "PTR", ["laptop._peer.internal"]),
    ("0.0.0.0.a.a.d.f.ip6.arpa", "PTR", "NODATA"),
    ("8.1.0.0.0.0.0.0.a.a.d.f.ip6.arpa", "PTR", "NODATA"),
    ("b.0.0.0.a.0.0.0.8.1.0.0.0.0.0.0.a.a.d.f.ip6.arpa", "PTR", "NODATA"),
    ("c.0.0.0.a.0.0.0.8.1.0.0.0.0.0.0.a.a.d.f.ip6.arpa", "PTR", "NXDOMAIN"),  # nobody's address begins so
    ("9.3.0.0.0.0.0.0.a.a.d.f.ip6.arpa", "PTR", "NXDOMAIN"),  # another network's /48
    ("g.0.0.0.a.a.d.f.ip6.arpa", "PTR", "NXDOMAIN"),
]


def on(path: Path, main: Callable[[Asker], Awaitable[None]], region: str = "") -> None:
    """Run `main` with zones on the file, database reads inline."""

    async def run() -> None:
        async with asking(path, run=inline, max_wait=10.0, region=region) as asker:
            await main(asker)

    trio.run(run, clock=trio.testing.MockClock(autojump_threshold=0))


@pytest.mark.parametrize(("name", "qtype", "wanted"), ROWS, ids=[f"{name}-{qtype}" for name, qtype, _ in ROWS])
def test_each_name_of_the_contract(small: Path, name: str, qtype: str, wanted: list[str] | str) -> None:
    async def main(asker: Asker) -> None:
        for _ in range(2):  # from the database, then from memory
            answer = await asker.ask(name, qtype)
            got = shown(answer)
            is_ordered = "nearest" in name or isinstance(got, str) or isinstance(wanted, str)
            assert got == wanted if is_ordered else sorted(got) == sorted(wanted)
            assert answer.authoritative
            if got in ("NODATA", "NXDOMAIN"):
                assert [rrset.ttl for rrset in answer.authority] == [2]
            assert all(rrset.ttl == 5 for rrset in answer.answer)

    on(small, main)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("state") / "state.db"
    write_state(path, SMALL)
    return path


def test_the_first_question_reads_and_the_second_does_not(small: Path) -> None:
    async def main(asker: Asker) -> None:
        assert asker.find("web.internal") is None
        await asker.ask("web.internal")
        assert asker.find("web.internal") is not None
        assert asker.find("fra.web.internal") is not None  # the unit is the app
        assert asker.zones.counts.reads == 1

    on(small, main)


class Watched(tuple[Machine, ...]):
    """Machines that know in which threads they were looked through."""

    threads: ClassVar[list[int]] = []

    def __iter__(self) -> Iterator[Machine]:
        self.threads.append(threading.get_ident())
        return super().__iter__()


OF_MANY = [
    ("web.internal", "AAAA"),
    ("global.web.internal", "A"),
    ("healthy.web.internal", "AAAA"),
    ("000001.vm.web.internal", "AAAA"),
    ("nobody.vm.web.internal", "AAAA"),
    ("ams.web.internal", "AAAA"),
    ("front.process.web.internal", "AAAA"),
    ("nobody.process.web.internal", "AAAA"),
    ("top3.nearest.of.web.internal", "AAAA"),
    ("top3.nearest.of.front.process.web.internal", "AAAA"),
    ("vms.web.internal", "TXT"),
    ("regions.web.internal", "TXT"),
    ("_http._tcp.web.internal", "SRV"),
    ("vm.web.internal", "AAAA"),
]


@pytest.mark.parametrize(("name", "qtype"), OF_MANY)
def test_many_machines_are_looked_through_once_and_not_by_the_loop(tmp_path: Path, name: str, qtype: str) -> None:
    """Of 10,000 that took 2 to 18 ms, after each commit to one of them; meanwhile nobody was answered."""
    ids = [f"{number:06x}" for number in range(3 * SCANNED)]
    state = State(
        apps=[app(1, "web", 24)],
        machines=[machine(one, 1, 24, region="ams", metadata='{"fly_process_group":"front"}') for one in ids],
        services=[{"machine_id": one, "protocol": "tcp", "port": 80, "name": "http"} for one in ids],
    )
    write_state(tmp_path / "state.db", state)

    async def main() -> None:
        async with asking(tmp_path / "state.db", max_wait=10.0) as asker:
            await asker.ask("of.web.internal")
            unit = asker.zones._units.get(UnitKey(Kind.APP, 24, "web"))
            assert unit is not None
            assert isinstance(unit.reading.data, AppData)
            unit.reading = Reading(AppData(True, Watched(unit.reading.data.machines)), len(ids))
            Watched.threads.clear()
            answers: list[Answer] = []

            async def ask() -> None:
                answers.append(await asker.ask(name, qtype))

            async with trio.open_nursery() as nursery:
                for _ in range(5):
                    nursery.start_soon(ask)
            again = asker.find(name, qtype)
            assert again is not None
            assert all(sorted(shown(answer)) == sorted(shown(again)) for answer in answers)
            assert threading.get_ident() not in Watched.threads
            assert len(Watched.threads) <= 2  # its index, and whether all metadata can be read

    trio.run(main)


def test_srv_brings_the_addresses_of_its_targets(small: Path) -> None:
    async def main(asker: Asker) -> None:
        answer = await asker.ask("_http._tcp.web.internal", "SRV")
        shown_beside = [(to_text(rrset.owner), str(IPv6Address(rrset.rdatas[0]))) for rrset in answer.additional]
        assert shown_beside == [("148e21.vm.web.internal.", AMS), ("4d8969.vm.web.internal.", FRA)]
        assert answer.answer[0].rdatas[0][:4] == b"\0\0\0\1"
        assert (await asker.ask("_http._tcp.web.internal")).additional == ()

    on(small, main)


@pytest.mark.parametrize(
    ("down", "status", "wanted"),
    [({"h1"}, "passing", [FRA]), ({"h1", "h3"}, "passing", [AMS, FRA]), (set(), "warning", [AMS, FRA])],
    ids=["a host is down", "all hosts are down", "no check passes"],
)
def test_healthy_is_everything_when_nothing_is(tmp_path: Path, down: set[str], status: str, wanted: list[str]) -> None:
    checks: list[Row] = [{"machine_id": row["id"], "name": "x", "status": status} for row in SMALL.machines]
    write_state(tmp_path / "state.db", replace(SMALL, checks=checks, down=down))

    async def main(asker: Asker) -> None:
        assert sorted(await asker.texts("healthy.web.internal")) == sorted(wanted)

    on(tmp_path / "state.db", main)


def test_the_order_is_shuffled_and_the_set_is_whole(small: Path) -> None:
    async def main(asker: Asker) -> None:
        seen = {tuple(await asker.texts("web.internal")) for _ in range(50)}
        assert seen == {(AMS, FRA), (FRA, AMS)}

    on(small, main)


def test_a_network_with_nothing_in_it_has_empty_lists(small: Path) -> None:
    async def main(asker: Asker) -> None:
        for name in ("_apps.internal", "_peer.internal", "_instances.internal"):
            assert await asker.texts(name, "TXT", network=99) == [""]
        assert await asker.texts("_api.internal", network=0x12345678) == ["fdaa:1234:5678::3"]

    on(small, main)


def test_a_list_larger_than_a_message_is_a_failure_and_its_pages_are_whole(tmp_path: Path) -> None:
    state = State(apps=[app(1, "web", 24)], machines=[machine(f"{n:06x}", 1, 24) for n in range(1200)])
    write_state(tmp_path / "state.db", state)

    async def main(asker: Asker) -> None:
        assert await asker.texts("_instances.internal", "TXT") == "SERVFAIL 0"
        assert await asker.texts("_instances.internal", "A") == "NODATA"
        pages = [await asker.texts(f"{n}.page._instances.internal", "TXT") for n in (1, 2, 3)]
        assert [len(page[0].split(";")) for page in pages] == [500, 500, 200]
        assert await asker.texts("4.page._instances.internal", "TXT") == "NXDOMAIN"
        assert await asker.texts("all._instances.internal", "TXT") == "SERVFAIL 0"
        assert asker.zones.counts.too_large == 2

    on(tmp_path / "state.db", main)


def crowd(path: Path, count: int) -> None:
    """An app of so many started machines, each of which serves a port."""
    write_state(path, State(apps=[app(1, "web", 24)]))
    writer = CorrosionWriter(path)
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})"
    address = "printf('fdaa:0:18:a:b:0:%x:2', i)"
    writer.connection.execute(
        f"{numbers} INSERT INTO machines (id, app_id, network_id, host, region, address, state)"
        f" SELECT printf('%06x', i), 1, 24, 'h1', CASE i % 50 WHEN 0 THEN 'fra' ELSE 'ams' END, {address}, 'started' FROM n"
    )
    writer.connection.execute("INSERT INTO services SELECT id, 'tcp', 80, 'http', 0 FROM machines")
    writer.close()


def test_of_an_app_larger_than_a_message_some_are_chosen_with_a_word_and_its_parts_are_answered(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    crowd(path, 2500)

    async def main(asker: Asker) -> None:
        seen: set[str] = set()
        for name, qtype in (
            ("web.internal", "AAAA"),
            ("web.internal", "ANY"),
            ("ams.web.internal", "AAAA"),
            ("healthy.web.internal", "AAAA"),
            ("top2500.nearest.of.web.internal", "AAAA"),
        ):
            answer = await asker.ask(name, qtype)
            assert len(set(shown(answer))) == MAX_ADDRESSES, name
            assert [(error.code, answer.is_stale) for error in answer.errors] == [(0, False)]
            seen.update(shown(answer))
        assert len(seen) > MAX_ADDRESSES + 100  # any of them, not always the same
        nearest = [await asker.texts("top2500.nearest.of.web.internal") for _ in range(2)]
        assert nearest[0] == nearest[1]
        assert await asker.texts("_http._tcp.web.internal", "SRV") == "SERVFAIL 0"
        assert asker.zones.counts.too_large == 8
        assert await asker.texts("web.internal", "A") == "NODATA"
        assert await asker.texts("_http._tcp.web.internal", "A") == "NODATA"
        assert len(await asker.texts("fra.web.internal")) == 50
        assert len(await asker.texts("top1000.nearest.of.web.internal")) == 1000
        assert len(await asker.texts("000001.vm.web.internal")) == 1

    on(path, main)


def test_an_app_of_more_rows_than_are_read_fails_without_being_read_again_and_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    crowd(path, MAX_ROWS + 1)
    events: list[tuple[str, dict[str, str | int]]] = []

    async def main() -> None:
        async with asking(path, run=inline, poll=10.0, max_wait=10.0, warn=events) as asker:
            for _ in range(3):
                for name in ("web.internal", "000001.vm.web.internal", "x.web.internal", "_http._tcp.web.internal"):
                    assert await asker.texts(name, "SRV") == "SERVFAIL 0"  # nobody knows: doubt is no NXDOMAIN
            assert await asker.texts("_apps.internal", "TXT") == ["web"]
            assert await asker.texts("nosuch.internal") == "NXDOMAIN"
            assert asker.zones.counts.reads == 4
            assert asker.zones.counts.too_large == 12
            with pytest.raises(StateFault, match="app web of network 24 has more rows"):
                await asker.zones.inspector.apps(Wanted())

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    units = [fields["unit"] for event, fields in events if event == "state_unit_too_large"]
    assert units == ["app", "services"]


def test_half_replicated_rows_and_shared_addresses_are_counted(tmp_path: Path) -> None:
    address = "fdaa:0:18::9"
    rows = [
        machine("01", 1, 24, address=""),
        machine("02", 1, 24, address=address),
        machine("03", 1, 24, address=address),
    ]
    write_state(tmp_path / "state.db", State(apps=[app(1, "web", 24)], machines=rows))

    async def main(asker: Asker) -> None:
        assert await asker.texts("web.internal") == [address]
        assert await asker.texts("03.vm.web.internal") == [address]
        assert await asker.texts("01.vm.web.internal") == "NXDOMAIN"
        assert (asker.zones.counts.half_replicated_rows, asker.zones.counts.duplicate_addresses) == (1, 1)

    on(tmp_path / "state.db", main)


def test_a_node_of_several_units_is_made_once_and_anew_when_any_of_them_is(small: Path) -> None:
    async def main() -> None:
        async with asking(small, run=inline, poll=10.0, max_wait=10.0) as asker:
            first, again = [await asker.ask("_http._tcp.web.internal", "SRV") for _ in range(2)]
            assert first.additional is again.additional
            writer = CorrosionWriter(small)
            with writer.commit():
                writer.put("services", {"machine_id": "4d8969", "protocol": "tcp", "port": 8081, "name": "other"})
            writer.close()
            await asker.zones._watcher.look()
            assert await asker.texts("_http._tcp.web.internal", "SRV") == ["8080 148e21.vm.web.internal"]

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def holds(answer: Answer | None) -> bool | None:
    """May whoever keeps the answer give it again? None: to nobody else."""
    if answer is None or answer.grounds is None:
        return None
    return all(ground.holds and trio.current_time() <= ground.until for ground in answer.grounds)


def test_an_answer_may_be_given_again_as_long_as_its_units_are_current(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    write_state(path, SMALL)

    async def main() -> None:
        async with asking(path, run=inline, poll=5.0, max_wait=5.0) as asker:
            names = (
                "web.internal",
                "nosuch.internal",
                "healthy.web.internal",
                "_http._tcp.web.internal",
                "_apps.internal",
            )
            kept = {name: await asker.ask(name, "ANY") for name in names}
            assert {name: holds(answer) for name, answer in kept.items()} == dict.fromkeys(names, True)
            assert holds(await asker.ask("top1.nearest.of.web.internal")) is None  # its order is this client's
            reverse = IPv6Address("fdaa:0:18:a:b:0:9999:2").reverse_pointer
            assert await asker.texts(reverse, "PTR") == "NXDOMAIN"
            assert holds(await asker.ask(reverse, "PTR")) is None  # a bad row of any app would make a doubt of it
            assert asker.find("_api.internal") == asker.find("_api.internal")
            assert holds(asker.find("_api.internal")) is True  # rests on nothing
            writer = CorrosionWriter(path)
            with writer.commit():
                writer.put("machines", {"id": "148e21", "host": "h3"})
            writer.close()
            await asker.zones._watcher.look()
            assert holds(kept["web.internal"]) is False
            assert holds(kept["_apps.internal"]) is True
            assert holds(await asker.ask("web.internal")) is True

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_nearest_without_any_measure_is_counted(tmp_path: Path) -> None:
    write_state(tmp_path / "state.db", State(apps=[app(1, "web", 24)], machines=[machine("01", 1, 24)]))

    async def main(asker: Asker) -> None:
        await asker.ask("top1.nearest.of.web.internal")
        assert asker.zones.counts.unmeasured_nearest == 1

    on(tmp_path / "state.db", main)


def test_the_demo_platform_answers_as_the_tour_shows_it(tmp_path: Path) -> None:
    make_state(tmp_path / "state.db")

    async def main(asker: Asker) -> None:
        assert await asker.texts("_apps.internal", "TXT") == ["api,cache,cron,db,web"]
        assert await asker.texts("_peer.internal", "TXT") == ["ci-runner,laptop"]
        assert await asker.texts("regions.web.internal", "TXT") == ["ams,fra,iad,sea"]
        assert await asker.texts("cron.internal") == "NODATA"
        assert await asker.texts("shop.internal") == "NXDOMAIN"
        assert isinstance(await asker.texts("payments.flycast"), list)
        assert await asker.texts("payments.flycast", network=57) == "NODATA"
        assert (await asker.texts("top2.nearest.of.web.internal"))[0] in await asker.texts("ams.web.internal")

    on(tmp_path / "state.db", main, region="ams")


def test_each_record_of_a_nearest_name_has_its_reason(small: Path) -> None:
    async def main(asker: Asker) -> None:
        name = from_text("top2.nearest.of.web.internal")
        assert asker.zones.reasons(24, name, CLIENT) == ()  # not in memory yet
        await asker.ask("top2.nearest.of.web.internal")
        assert asker.zones.reasons(24, name, CLIENT) == ("10 ms to h3", "20 ms to h1")
        assert asker.zones.reasons(24, from_text("web.internal"), CLIENT) == ()

    on(small, main)
