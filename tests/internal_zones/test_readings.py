"""Each unit is a few SELECTs; a fake database tells which."""

from collections.abc import Mapping

import pytest

from internal_zones.database import Fault, StateFault
from internal_zones.nearest import Topology
from internal_zones.readings import (
    TOPOLOGY,
    AppData,
    AppsData,
    FlycastData,
    Kind,
    PeersData,
    Reading,
    TooMany,
    UnitKey,
    read,
)
from internal_zones.rows import Row, Skipped


class FakeReader:
    """Yields given rows by statement; a statement it was not given cannot be used."""

    def __init__(self, **rows: list[Row]) -> None:
        self.rows = rows
        self.asked: list[str] = []

    def select(self, name: str, parameters: Mapping[str, int | str]) -> list[Row]:
        self.asked.append(name)
        if name not in self.rows:
            raise StateFault(Fault.STATEMENT, f"{name}: no such table")
        return self.rows[name]


MACHINE = ("148e", "ams", "h1", "fdaa:0:18::1", "started", "{}", 0)


def test_an_app_that_is_not_there_has_no_machines_to_read() -> None:
    reader = FakeReader(app=[], machines=[MACHINE])
    assert read(reader, UnitKey(Kind.APP, 24, "web")).data == AppData(False, ())
    assert reader.asked == ["app"]


def test_an_app_holds_its_machines_by_id_and_says_what_it_skipped() -> None:
    later = ("0001", *MACHINE[1:])
    reader = FakeReader(app=[("web",)], machines=[MACHINE, later, ("x", "", *MACHINE[2:])])
    reading = read(reader, UnitKey(Kind.APP, 24, "web"))
    assert isinstance(reading.data, AppData)
    assert [machine.id for machine in reading.data.machines] == ["0001", "148e"]
    assert (reading.size, reading.skipped, len(reading.duplicates)) == (2, Skipped(half_replicated=1), 1)


def test_flycast_asks_for_the_app_only_when_it_has_no_address_here() -> None:
    reader = FakeReader(flycast=[("fdaa:0:18::1",)])
    assert read(reader, UnitKey(Kind.FLYCAST, 24, "web")).data == FlycastData(
        True, (bytes.fromhex("fdaa00000018" + "0" * 19 + "1"),)
    )
    reader = FakeReader(flycast=[], app=[("web",)])
    assert read(reader, UnitKey(Kind.FLYCAST, 24, "web")).data == FlycastData(True, ())


def test_lists_are_sorted_by_name() -> None:
    assert read(FakeReader(apps=[("b",), ("a",)]), UnitKey(Kind.APPS, 24)).data == AppsData(("a", "b"))
    peers = read(
        FakeReader(peers=[("b", "fdaa:0:18::1"), ("a", "fdaa:0:18::2"), ("c", "")]), UnitKey(Kind.PEERS, 24)
    ).data
    assert isinstance(peers, PeersData)
    assert [peer.name for peer in peers.peers] == ["a", "b"]


@pytest.mark.parametrize("kind", set(Kind) - {Kind.TOPOLOGY})
def test_a_statement_that_cannot_be_used_fails_its_unit(kind: Kind) -> None:
    with pytest.raises(StateFault):
        read(FakeReader(), UnitKey(kind, 24, "1"))


class TooManyReader:
    def select(self, name: str, parameters: Mapping[str, int | str]) -> list[Row]:
        raise StateFault(Fault.TOO_MANY_ROWS, name)


@pytest.mark.parametrize("kind", set(Kind) - {Kind.TOPOLOGY, Kind.INSTANCES})
def test_a_unit_of_too_many_rows_is_a_reading_that_says_so(kind: Kind) -> None:
    assert read(TooManyReader(), UnitKey(kind, 24, "1")) == Reading(TooMany(), 0)
    assert read(TooManyReader(), TOPOLOGY).data == Topology()


def test_rows_whose_network_has_not_arrived_belong_to_nobody() -> None:
    reader = FakeReader(app=[("web",)], machines=[MACHINE])
    assert read(reader, UnitKey(Kind.APP, 0, "web")).data == AppData(False, ())
    assert reader.asked == []


def test_the_topology_does_without_what_it_cannot_read() -> None:
    assert read(FakeReader(), TOPOLOGY).data == Topology()
    hosts: list[Row] = [("h1", 3, "Alive"), ("h2", None, "Down")]
    assert read(FakeReader(hosts=hosts), TOPOLOGY).data == Topology({"h1": 3.0}, {}, frozenset({"h2"}))
