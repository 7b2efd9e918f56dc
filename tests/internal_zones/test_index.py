"""The rows that a name stands for: as found by looking through all of them, and without doing that for each question."""

import gc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.names import from_text
from internal_zones.index import (
    PIECE,
    PLACES,
    SCANNED,
    SCANNED_PAIRS,
    Addresses,
    ByName,
    Labels,
    Subsets,
    in_order,
    names_of,
    subsets_of,
)
from internal_zones.readings import AppData, InstancesData, PeersData, ServicesData
from internal_zones.records import (
    EMPTY,
    MAX_BESIDE,
    above_addresses_node,
    app_node,
    peers_node,
    service_node,
    subset,
)
from internal_zones.rows import PROCESS_GROUP, Instance, LastKnown, Machine, Pairs, Peer, Service

OWNER = from_text("web.internal.")
WORDS = ("a", "A", "b", "vm", "web", "global")
MANY = 3 * SCANNED


class Counted(tuple[Machine, ...]):
    """Machines that know how often they were looked through."""

    times = 0

    def __iter__(self) -> Iterator[Machine]:
        type(self).times += 1
        return super().__iter__()


def machine(number: int, region: str = "ams", metadata: Pairs | LastKnown = ()) -> Machine:
    return Machine(f"M{number}", region, "", number.to_bytes(16), True, metadata)


PAIRS = st.lists(st.tuples(st.sampled_from((*WORDS, PROCESS_GROUP)), st.sampled_from(WORDS)), max_size=3).map(tuple)
NAMES = st.one_of(
    st.tuples(st.sampled_from([b"m1", b"m2", b"m100", b"x"]), st.just(b"vm")),
    st.tuples(st.sampled_from([word.lower().encode() for word in WORDS])),
    st.tuples(st.sampled_from([b"a", b"b", b"x"]), st.just(b"process")),
    st.tuples(st.sampled_from([b"a", b"b", b"x", b"fly_process_group"]), st.just(b"kv"), st.just(b"_metadata")),
    st.tuples(
        st.sampled_from([b"a", b"web", b"x"]),
        st.sampled_from([b"a", b"b", b"fly_process_group"]),
        st.just(b"kv"),
        st.just(b"_metadata"),
    ),
)


@given(st.lists(st.tuples(st.sampled_from(WORDS), PAIRS), max_size=SCANNED), NAMES)
def test_names_stand_for_the_same_of_many_as_of_few(rows: list[tuple[str, Pairs]], labels: Labels) -> None:
    few = tuple(machine(number, region, pairs) for number, (region, pairs) in enumerate(rows))
    many = AppData(True, few)
    object.__setattr__(many, "subsets", Subsets(few))
    assert AppData(True, few).subsets is None
    assert subset(many, labels) == subset(AppData(True, few), labels)


def test_questions_do_not_look_through_many_machines() -> None:
    """Of 10,000 each took 1 ms, and 11 where metadata decide; any client may ask for any name."""
    app = AppData(True, Counted(machine(number, metadata=(("key", str(number)),)) for number in range(MANY)))
    Counted.times = 0
    for word in (b"nobody", b"m1", b"1", b"2"):
        for labels in (
            (word, b"vm"),
            (word,),
            (word, b"process"),
            (b"key", b"kv", b"_metadata"),
            (word, b"key", b"kv", b"_metadata"),
        ):
            app_node(OWNER, labels, app)
    assert Counted.times == 4  # for ids, for regions, for metadata, and whether these can be read
    assert app_node(OWNER, (b"nobody", b"process"), app) is None


def test_an_index_of_ids_is_nothing_for_the_collector() -> None:
    """A list for each of 10,000 machines held all for some ms when it looked."""
    subsets = Subsets(tuple(machine(number) for number in range(MANY)))
    assert subsets.of((b"m1", b"vm")) == (machine(1),)
    assert not gc.is_tracked(subsets._by_id)


def test_ids_that_differ_in_letter_case_alone_are_one_name() -> None:
    machines = tuple(Machine(name, "ams", "", name.encode(), True) for name in ("Ab", "x", "aB", "AB"))
    subsets = Subsets(machines)
    assert subsets.of((b"ab", b"vm")) == (machines[0], machines[2], machines[3])
    assert subsets.of((b"x", b"vm")) == (machines[1],)
    assert subsets.of((b"y", b"vm")) is None


def test_few_machines_with_many_metadata_have_an_index() -> None:
    pairs = tuple((f"key{number}", "value") for number in range(SCANNED_PAIRS))
    assert subsets_of((machine(1, metadata=pairs), machine(2, metadata=pairs[:1]))) is not None
    assert subsets_of((machine(1, metadata=pairs), machine(2))) is None


@given(st.lists(st.integers(0, PLACES - 1), max_size=3 * SCANNED))
def test_rows_are_sorted_in_pieces_as_all_at_once(places: list[int]) -> None:
    rows = list(enumerate(places))
    assert in_order(rows, lambda row: row[1]) == sorted(rows, key=lambda row: row[1])


@pytest.mark.parametrize("is_current", [True, False])
def test_metadata_that_cannot_be_read_are_told_of(is_current: bool) -> None:
    metadata = () if is_current else LastKnown(())
    machines = (*(machine(number) for number in range(MANY)), machine(MANY, metadata=metadata))
    subsets = subsets_of(machines)
    assert subsets is not None
    assert subsets.is_metadata_current is is_current
    assert subsets.is_metadata_current is is_current


def test_a_machine_is_named_by_all_of_its_metadata() -> None:
    assert names_of([(b"a", b"1"), (PROCESS_GROUP.encode(), b"web")]) == {
        (b"a", b"kv", b"_metadata"),
        (b"1", b"a", b"kv", b"_metadata"),
        (PROCESS_GROUP.encode(), b"kv", b"_metadata"),
        (b"web", PROCESS_GROUP.encode(), b"kv", b"_metadata"),
        (b"web", b"process"),
    }


def test_services_and_peers_are_found_in_any_letter_case() -> None:
    one, other = Service("m1", "HTTP", 80), Service("m2", "http", 81)
    assert ByName((one, other)).of(b"http") == [one, other]
    assert ByName((one,)).of(b"x") == []
    ann, also_ann = Peer("Ann", b"1"), Peer("ann", b"2")
    assert ByName((ann, also_ann)).of(b"ann") == [ann, also_ann]
    assert peers_node(OWNER, (b"bob",), PeersData((Peer("interactive-1", bytes(16)),))) is None
    assert peers_node(OWNER, (b"interactive-1",), PeersData((Peer("interactive-1", bytes(16)),))) is None


def test_addresses_are_found_by_how_they_begin() -> None:
    rows = tuple(
        Instance(str(number), "web", "ams", bytes((0xFD, 0xAA, number)) + bytes(13), True) for number in (1, 9)
    )
    found = Addresses(rows)
    assert [found.begin_with(nibbles) for nibbles in (b"", b"fdaa", b"fdaa01", b"fdaa1", b"fdaa09", b"fdab", b"0")] == [
        *(True, True, True, False, True, False, False)
    ]
    assert not Addresses(()).begin_with(b"")
    assert above_addresses_node(b"fdaa09", InstancesData(rows), PeersData(())) == EMPTY


@given(st.sets(st.binary(min_size=2, max_size=2), max_size=40), st.binary(max_size=2), st.integers(0, 4))
def test_many_addresses_are_found_in_whatever_piece_they_are(ends: set[bytes], asked: bytes, count: int) -> None:
    spread = [bytes(14) + end for end in sorted(ends, reverse=True)]
    rows = tuple(Peer("p", spread[number % len(spread)]) for number in range(2 * PIECE + 1)) if spread else ()
    nibbles = (bytes(14) + asked).hex().encode()[: 28 + count]
    wanted = any(address.hex().encode().startswith(nibbles) for address in spread)
    assert Addresses(rows).begin_with(nibbles) is wanted


def test_beside_a_large_srv_set_stand_the_addresses_of_some() -> None:
    app = AppData(True, tuple(machine(number) for number in range(MAX_BESIDE + 5)))
    services = ServicesData(tuple(Service(one.id, "http", 80) for one in app.machines))
    node = service_node(from_text("_http._tcp.web.internal."), b"http", app, services)
    assert node is not None
    assert (len(node.rrsets[0].rdatas), len(node.additional)) == (MAX_BESIDE + 5, MAX_BESIDE)
