"""The mapping of another schema that is shipped answers as the default one does; statements that lack an index say so."""

from pathlib import Path

import msgspec
import pytest
import trio
import trio.testing

from internal_zones.database import StateFile, inline
from internal_zones.mapping import COLUMNS, Mapping, statements
from resolver.demo.corrosion_file import CorrosionWriter, create
from resolver.options import load
from tests.internal_zones.platform import Row, State, app, machine, write_state
from tests.internal_zones.running import asking

ROOT = Path(__file__).parents[2]
SITES = [b"a" * 16, b"b" * 16]
AMS, FRA = "fdaa:0:18:a:b:0:1:2", "fdaa:0:18:a:b:0:2:2"


@pytest.fixture
def mapping(tmp_path: Path) -> Mapping:
    """As an operator has it: in a config file."""
    config = tmp_path / "cistern.toml"
    config.write_text((ROOT / "conf" / "mapping-consul.toml").read_text())
    return load(config).state.mapping


@pytest.fixture
def writer(tmp_path: Path) -> CorrosionWriter:
    create(tmp_path / "state.db", (ROOT / "fixtures" / "state" / "consul-schema.sql").read_text(), SITES)
    writer = CorrosionWriter(tmp_path / "state.db")
    with writer.commit():
        add(writer, "01", "web", AMS, "ams", config='{"metadata":{"fly_process_group":"front"}}')
        add(writer, "02", "web", FRA, "fra", check="critical")
        add(writer, "03", "web", "fdaa:0:18:a:b:0:3:2", "fra", config='{"dns":{"skip_registration":true}}')
        add(writer, "04", "db", "fdaa:0:18:a:b:0:4:2", "fra", status="stopped")
    return writer


def add(
    writer: CorrosionWriter,
    name: str,
    of: str,
    address: str,
    region: str,
    *,
    status: str = "started",
    check: str = "passing",
    config: str = "{}",
) -> None:
    """A machine with one service, its version, its status and its check."""
    meta = {"network_id": 24, "app_name": of, "machine_id": name, "region": region}
    service: Row = {"node": "h1", "id": f"s{name}", "name": "http", "port": 80, "address": address}
    writer.put("consul_services", service | {"meta": msgspec.json.encode(meta).decode()})
    writer.put("consul_checks", {"node": "h1", "id": f"c{name}", "service_id": f"s{name}", "status": check})
    writer.put("machines", {"id": name, "node": "h1", "machine_version_id": "v1", "network_id": 24})
    writer.put("machine_versions", {"machine_id": name, "id": "v1", "config": config})
    writer.put("machine_version_statuses", {"machine_id": name, "id": "v1", "status": status})


def test_every_statement_can_be_used_and_none_looks_through_a_table(
    tmp_path: Path, writer: CorrosionWriter, mapping: Mapping
) -> None:
    for number in range(1100):
        with writer.commit():
            add(writer, f"{number + 16:04x}", f"app{number}", f"fdaa:0:18:b::{number + 1:x}", "ams")
    file = StateFile(str(tmp_path / "state.db"), statements(mapping))
    seen = file.look()
    assert (seen.problems, seen.slow, seen.unclocked) == ({}, {}, "")
    assert {name for name in COLUMNS if getattr(mapping, name) == getattr(Mapping(), name)} == set()


@pytest.mark.parametrize(
    ("name", "qtype", "wanted"),
    [
        ("web.internal", "AAAA", [AMS, FRA]),
        ("fra.web.internal", "AAAA", [FRA]),
        ("front.process.web.internal", "AAAA", [AMS]),
        ("healthy.web.internal", "AAAA", [AMS]),
        ("03.vm.web.internal", "AAAA", "NXDOMAIN"),
        ("db.internal", "AAAA", "NODATA"),
        ("nosuch.internal", "AAAA", "NXDOMAIN"),
        ("_http._tcp.web.internal", "SRV", ["80 01.vm.web.internal", "80 02.vm.web.internal"]),
        ("_apps.internal", "TXT", ["db,web"]),
        ("all.vms.db.internal", "TXT", ["04 fra"]),
        ("2.0.0.0.1.0.0.0.0.0.0.0.b.0.0.0.a.0.0.0.8.1.0.0.0.0.0.0.a.a.d.f.ip6.arpa", "PTR", ["01.vm.web.internal"]),
    ],
)
def test_the_public_schema_answers_the_contract(
    tmp_path: Path, writer: CorrosionWriter, mapping: Mapping, name: str, qtype: str, wanted: list[str] | str
) -> None:
    async def main() -> None:
        async with asking(tmp_path / "state.db", run=inline, mapping=mapping) as asker:
            got = await asker.texts(name, qtype)
            assert (sorted(got) if isinstance(got, list) else got) == wanted

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_changes_of_the_public_schema_are_told_apart(tmp_path: Path, writer: CorrosionWriter, mapping: Mapping) -> None:
    async def main() -> None:
        async with asking(tmp_path / "state.db", run=inline, mapping=mapping, poll=10.0) as asker:
            for name in ("web.internal", "db.internal"):
                await asker.ask(name)
            with writer.commit(1):
                writer.put("machine_version_statuses", {"machine_id": "04", "id": "v1", "status": "started"})
            await asker.zones._watcher.look()
            assert asker.find("web.internal") is not None
            assert await asker.texts("db.internal") == ["fdaa:0:18:a:b:0:4:2"]
            with writer.commit():
                add(writer, "01", "moved", AMS, "ams")
            await asker.zones._watcher.look()
            assert await asker.texts("web.internal") == [FRA]
            assert await asker.texts("moved.internal") == [AMS]

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_a_statement_that_lacks_its_index_is_named_with_it(tmp_path: Path) -> None:
    machines = [machine(f"{number:05x}", 1, 24) for number in range(1100)]
    write_state(tmp_path / "state.db", State(apps=[app(1, "web", 24)], machines=machines))
    writer = CorrosionWriter(tmp_path / "state.db")
    for index in ("machines_by_app", "machines_by_network", "machines_by_state"):
        writer.connection.execute(f"DROP INDEX {index}")
    events: list[tuple[str, dict[str, str | int]]] = []

    async def main() -> None:
        async with asking(tmp_path / "state.db", run=inline, warn=events) as asker:
            await asker.ask("web.internal")
            status = asker.zones.status()
            assert status.is_ready
            assert "an index on machines (app_id, network_id) is missing" in status.slow["machines"]

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    writer.close()
    assert ("state_statement_slow", "machines") in [(event, fields.get("statement")) for event, fields in events]
