"""Round-trip time decides, then distance, then the hash."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from internal_zones.nearest import Topology, great_circle, is_measured, order, reason
from internal_zones.rows import Machine

PLACES = {"ams": (52.4, 4.9), "fra": (50.1, 8.7), "syd": (-33.9, 151.2)}


def machine(name: str, region: str, host: str = "") -> Machine:
    return Machine(name, region, host, bytes(16), True)


def test_measured_hosts_come_first_by_their_round_trip_time() -> None:
    machines = [machine("slow", "fra", "h1"), machine("fast", "syd", "h2"), machine("near", "ams", "h3")]
    topology = Topology({"h1": 90, "h2": 10}, PLACES)
    assert [found.id for found in order(machines, topology, "lhr", b"", 9)] == ["fast", "slow", "near"]


def test_the_region_of_this_host_counts_as_0() -> None:
    machines = [machine("measured", "fra", "h1"), machine("here", "ams", "h2")]
    topology = Topology({"h1": 1, "h2": 50}, {})
    assert [found.id for found in order(machines, topology, "ams", b"", 9)] == ["here", "measured"]


def test_distance_decides_where_nothing_was_measured() -> None:
    machines = [machine("far", "syd"), machine("unknown", "xxx"), machine("near", "fra")]
    assert [found.id for found in order(machines, Topology({}, PLACES), "ams", b"", 9)] == ["near", "far", "unknown"]


def test_the_hash_keeps_a_client_with_its_machine_and_spreads_clients() -> None:
    machines = [machine(f"m{number}", "xxx") for number in range(4)]
    firsts = {order(machines, Topology(), "", client.to_bytes(16), 1)[0].id for client in range(100)}
    assert firsts == {found.id for found in machines}
    once, again = (order(some, Topology(), "", b"c", 9) for some in (machines, machines[::-1]))
    assert once == again


@given(st.integers(0, 12), st.sampled_from(["", "ams", "xxx"]), st.randoms(use_true_random=False))
def test_the_first_few_are_the_same_as_of_the_whole_order(count: int, region: str, rng: Random) -> None:
    regions, hosts = (*PLACES, "xxx"), ("h1", "h2", "h3", "h4")
    machines = [machine(f"m{number}", rng.choice(regions), rng.choice(hosts)) for number in range(10)]
    topology = Topology({"h1": 0, "h2": 7, "h3": 7}, PLACES)
    whole = order(machines, topology, region, b"c", len(machines))
    assert {found.id for found in whole} == {found.id for found in machines}
    assert order(machines, topology, region, b"c", count) == whole[:count]


@pytest.mark.parametrize(
    ("topology", "region", "wanted"),
    [
        (Topology(), "", False),
        (Topology(), "ams", False),
        (Topology(), "fra", True),
        (Topology({"h1": 3}), "", True),
        (Topology({}, PLACES), "ams", True),
        (Topology({}, PLACES), "xxx", False),
    ],
)
def test_an_order_by_the_hash_alone_is_known_to_be_one(topology: Topology, region: str, wanted: bool) -> None:
    assert is_measured([machine("m", "fra", "h1")], topology, region) is wanted


def test_great_circle_distances_are_those_of_the_earth() -> None:
    assert great_circle(PLACES["ams"], PLACES["fra"]) == pytest.approx(367, abs=10)
    assert great_circle((0, 0), (0, 180)) == pytest.approx(20015, abs=1)
    assert great_circle((10, 20), (10, 20)) == 0


@pytest.mark.parametrize(
    ("topology", "region", "wanted"),
    [
        (Topology({"h1": 3.5}, PLACES), "fra", "in this host's region fra"),
        (Topology({"h1": 3.5}, PLACES), "ams", "3.5 ms to h1"),
        (Topology({}, PLACES), "ams", "368 km to fra"),
        (Topology({}, PLACES), "", "not measured: a hash of client and machine"),
    ],
)
def test_the_reason_is_what_decides(topology: Topology, region: str, wanted: str) -> None:
    assert reason(machine("m", "fra", "h1"), topology, region) == wanted
