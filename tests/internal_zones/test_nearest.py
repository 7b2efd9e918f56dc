"""Round-trip time decides, then distance, then the hash."""

from collections import Counter
from collections.abc import Iterable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from internal_zones.nearest import MAX_HASHED, Topology, great_circle, is_measured, order, ranked, reason
from internal_zones.rows import Machine

PLACES = {"ams": (52.4, 4.9), "fra": (50.1, 8.7), "syd": (-33.9, 151.2)}


def machine(name: str, region: str, host: str = "") -> Machine:
    return Machine(name, region, host, name.encode().rjust(16), True)


def nearest(machines: Iterable[Machine], topology: Topology, region: str, client: bytes, count: int) -> list[Machine]:
    return order(ranked(machines, topology, region), client, count)


def test_measured_hosts_come_first_by_their_round_trip_time() -> None:
    machines = [machine("slow", "fra", "h1"), machine("fast", "syd", "h2"), machine("near", "ams", "h3")]
    topology = Topology({"h1": 90, "h2": 10}, PLACES)
    assert [found.id for found in nearest(machines, topology, "lhr", b"", 9)] == ["fast", "slow", "near"]


def test_the_region_of_this_host_counts_as_0() -> None:
    machines = [machine("measured", "fra", "h1"), machine("here", "ams", "h2")]
    topology = Topology({"h1": 1, "h2": 50}, {})
    assert [found.id for found in nearest(machines, topology, "ams", b"", 9)] == ["here", "measured"]


def test_distance_decides_where_nothing_was_measured() -> None:
    machines = [machine("far", "syd"), machine("unknown", "xxx"), machine("near", "fra")]
    assert [found.id for found in nearest(machines, Topology({}, PLACES), "ams", b"", 9)] == ["near", "far", "unknown"]


def test_the_hash_keeps_a_client_with_its_machine_and_spreads_clients() -> None:
    machines = [machine(f"m{number}", "xxx") for number in range(4)]
    firsts = {nearest(machines, Topology(), "", client.to_bytes(16), 1)[0].id for client in range(100)}
    assert firsts == {found.id for found in machines}
    once, again = (nearest(some, Topology(), "", b"c", 9) for some in (machines, machines[::-1]))
    assert once == again


@given(st.integers(0, 12), st.sampled_from(["", "ams", "xxx"]), st.randoms(use_true_random=False))
def test_the_first_few_are_the_same_as_of_the_whole_order(count: int, region: str, rng: Random) -> None:
    regions, hosts = (*PLACES, "xxx"), ("h1", "h2", "h3", "h4")
    machines = [machine(f"m{number}", rng.choice(regions), rng.choice(hosts)) for number in range(10)]
    topology = Topology({"h1": 0, "h2": 7, "h3": 7}, PLACES)
    whole = nearest(machines, topology, region, b"c", len(machines))
    assert {found.id for found in whole} == {found.id for found in machines}
    assert nearest(machines, topology, region, b"c", count) == whole[:count]


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


def test_of_many_that_are_as_near_each_client_has_its_own_and_keeps_it_when_another_one_goes() -> None:
    """As few are hashed as of a few: each is the first of about as many clients as another."""
    machines = [machine(f"m{number:04}", "xxx") for number in range(20 * MAX_HASHED)]
    firsts = [nearest(machines, Topology(), "", client.to_bytes(16), 1)[0] for client in range(4000)]
    shares = Counter(first.id for first in firsts)
    assert len(shares) > 0.9 * len(machines)
    assert max(shares.values()) < 6 * 4000 / len(machines)
    fewer = machines[:100] + machines[101:]
    moved = sum(
        nearest(fewer, Topology(), "", client.to_bytes(16), 1)[0] != first
        for client, first in enumerate(firsts)
        if first != machines[100]
    )
    assert moved < 4000 / 100


@pytest.mark.parametrize("count", [1, MAX_HASHED - 1, MAX_HASHED, 5 * MAX_HASHED, 10_000])
def test_of_many_the_first_few_are_the_same_as_of_the_whole_order(count: int) -> None:
    machines = [machine(f"m{number:04}", "ams" if number % 3 else "fra") for number in range(20 * MAX_HASHED)]
    topology = Topology({}, PLACES)
    whole = nearest(machines, topology, "ams", b"c", len(machines))
    assert {found.id for found in whole} == {found.id for found in machines}
    assert [found.region for found in whole] == sorted(found.region for found in whole)
    assert nearest(machines, topology, "ams", b"c", count) == whole[:count]


def test_only_started_machines_have_a_rank_and_an_address_only_one() -> None:
    stopped = structs.replace(machine("m1", "ams"), is_started=False)
    double = structs.replace(machine("m2", "fra"), address=machine("m3", "ams").address)
    found = nearest([stopped, double, machine("m3", "ams")], Topology({}, PLACES), "ams", b"c", 9)
    assert [one.id for one in found] == ["m3"]
