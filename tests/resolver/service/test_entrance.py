"""What may begin in a turn, and what waits for another one."""

import pytest

from resolver.engine import Mesh
from resolver.service.counts import ServiceCounts
from resolver.service.entrance import BEGIN, FLOOD, LEAST, MISS, PAUSE, TURN, Entrance
from tests.resolver.engine.turned import raise_fault

CLIENT, OTHER = bytes([192, 0, 2, 1]), bytes([198, 51, 100, 1])


class House:
    """An entrance, and what has begun."""

    def __init__(self) -> None:
        self.mesh = Mesh(raise_fault)
        self.mesh.turn(1000.0)
        self.counts = ServiceCounts()
        self.entrance = Entrance(self.mesh, self.counts)
        self.begun: list[bytes] = []

    def put(self, client: bytes, seconds: float = LEAST, *, is_miss: bool = False) -> bool:
        """Have something of this client's wait that takes so long."""

        def begin() -> None:
            self.begun.append(client)
            self.entrance.charge(client, seconds)
            if is_miss:
                self.entrance.charge_miss(client)

        return self.entrance.put(client, begin, 40)

    def turn(self) -> int:
        """The next one; how much has begun in it."""
        before = len(self.begun)
        self.mesh.turn(self.mesh.next_at())
        return len(self.begun) - before


def test_it_is_open_until_a_turns_time_is_spent() -> None:
    house = House()
    assert house.entrance.is_open
    house.entrance.note(TURN / 2)
    assert house.entrance.is_open
    house.entrance.note(TURN / 2)
    assert not house.entrance.is_open
    house.mesh.turn(1000.1)
    assert house.entrance.is_open


def test_a_miss_takes_more_than_it_shows() -> None:
    house = House()
    misses = 0
    while house.entrance.is_open:
        house.entrance.charge_miss(CLIENT)
        misses += 1
    assert misses == pytest.approx(TURN / BEGIN, abs=1)


def test_nobody_goes_before_those_who_wait() -> None:
    house = House()
    house.put(CLIENT)
    assert not house.entrance.is_open
    house.turn()
    assert house.entrance.is_open


def test_what_waits_begins_in_the_next_turns_a_turns_worth_in_each() -> None:
    house = House()
    for _ in range(50):
        house.put(CLIENT, TURN / 10)
    assert not house.begun
    turns = [house.turn() for _ in range(5)]
    assert turns == [10] * 5
    assert (house.counts.put_off, house.counts.put_off_current) == (50, 0)


def test_something_begins_however_full_the_turn_was_before() -> None:
    """By what came in, in its turn, before it was looked at what waits: the next one is not its."""
    house = House()
    house.put(CLIENT)
    house.mesh.turn(house.mesh.next_at(), lambda: house.entrance.note(2 * TURN))
    assert not house.begun
    assert house.turn() == 1


def test_with_nothing_waiting_no_turn_is_due() -> None:
    house = House()
    house.put(CLIENT)
    house.turn()
    house.turn()
    assert house.mesh.next_at() > 1e9


def test_turns_are_shared() -> None:
    house = House()
    for _ in range(FLOOD):
        house.put(CLIENT, TURN / 10)
    house.put(OTHER)
    house.turn()
    assert OTHER in house.begun


def flooded() -> House:
    """With a machine of which more than a batch waits, and what it had places for before it flooded has begun."""
    house = House()
    for _ in range(FLOOD + 500):
        house.put(CLIENT, is_miss=True)
    while house.entrance._calm.waiting:
        house.turn()
    return house


def test_who_floods_waits_and_others_do_not() -> None:
    house = flooded()
    assert house.entrance.floods(CLIENT)
    assert house.entrance.is_flooded
    assert not house.entrance.is_calm(CLIENT)
    assert house.entrance.is_calm(OTHER)
    house.turn()
    house.mesh.turn(house.mesh.next_at() - 1e-9)
    assert house.entrance.is_open


def begun_within(house: House, seconds: float, *, others: bool) -> int:
    """How much of the flood begins meanwhile, on a host with time for nothing else. others: ask, too."""
    before, until = len(house.begun), house.mesh.now + seconds
    while house.mesh.now < until:
        if others:
            assert house.entrance.is_calm(OTHER)
        began = len(house.begun)
        house.mesh.turn(min(max(house.mesh.next_at(), house.mesh.now), until))
        took = MISS * (len(house.begun) - began)
        house.mesh.turn(house.mesh.now + took)
    return len(house.begun) - before


def test_who_floods_has_a_part_of_the_time_while_others_ask() -> None:
    seconds = 100 * MISS
    assert begun_within(flooded(), seconds, others=True) == pytest.approx(100 / (1 + PAUSE), abs=4)


def test_who_floods_has_all_the_time_while_nobody_else_asks() -> None:
    seconds = 100 * MISS
    assert begun_within(flooded(), seconds, others=False) >= 100


def test_who_floods_has_all_the_time_again_a_second_after_others_have_asked() -> None:
    house, seconds = flooded(), 100 * MISS
    assert house.entrance.is_calm(OTHER)
    assert begun_within(house, seconds, others=False) < 50
    house.mesh.turn(house.mesh.now + 1.0)
    assert begun_within(house, seconds, others=False) >= 100


def test_who_says_much_in_a_row_waits_as_who_floods_and_for_what_that_took() -> None:
    house, took = House(), 10 * TURN

    def put() -> None:
        assert house.entrance.put_flood(CLIENT, lambda: house.begun.append(CLIENT), 40, took)

    put()
    assert house.entrance.is_open, "for others"
    assert house.entrance.is_flooded
    assert house.entrance.is_calm(OTHER), "who asks, too, from here on"
    house.turn()
    assert house.begun == [CLIENT]
    began = house.mesh.now
    put()
    house.turn()
    assert house.begun == [CLIENT, CLIENT]
    assert house.mesh.now - began == pytest.approx(took * (1 + PAUSE), rel=0.01)
    assert (house.counts.put_off, house.counts.put_off_current) == (2, 0)


def test_a_flood_is_over_once_nothing_of_it_waits() -> None:
    house = flooded()
    while house.counts.put_off_current:
        house.turn()
    assert not house.entrance.floods(CLIENT)
    assert house.entrance.is_open or house.turn() == 0


def test_a_fault_of_what_begins_leaves_the_others_their_turns() -> None:
    faults: list[Exception] = []
    mesh = Mesh(lambda what, fault: faults.append(fault))
    mesh.turn(1000.0)
    entrance = Entrance(mesh, ServiceCounts())
    begun: list[bytes] = []

    def stumble() -> None:
        raise ZeroDivisionError

    entrance.put(CLIENT, stumble, 40)
    entrance.put(OTHER, lambda: begun.append(OTHER), 40)
    for _ in range(2):
        mesh.turn(mesh.next_at())
    assert (len(faults), begun) == (1, [OTHER])
