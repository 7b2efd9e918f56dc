"""A reply in many orders: each as likely, none with a record more or less."""

from collections import Counter

import dns.message
import pytest

from cache.answer import Answer
from cache.rrset import Rank
from resolver.service.orders import MAX_PIECES, MAX_RING_OCTETS, Orders, Ring, records_in
from resolver.wire import Query, Rendered, read_query, render
from tests.build import replace, rrset
from tests.resolver.service.world import ask


def rendered(count: int, max_octets: int = 65535) -> Rendered:
    query = read_query(ask("web.internal. AAAA", edns=True))
    assert isinstance(query, Query)
    text = "\n".join(f"web.internal. 5 AAAA 2001:db8::{number:x}" for number in range(1, count + 1))
    answer = Answer(answer=(replace(rrset(text), rank=Rank.LOCAL),))
    return render(query, answer, 0.0, max_octets=max_octets, turn=0, turns_own=True)


def numbers(one: Rendered, reply: bytes) -> list[int]:
    """The last groups of the addresses in it."""
    records = reply[len(one.front) : len(reply) - len(one.back)]
    return [int.from_bytes(records[at + RECORD - 2 : at + RECORD]) for at in range(0, len(records), RECORD)]


RECORD = 28  # octets of an AAAA record whose owner is a pointer


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_few_records_are_given_in_each_of_their_orders_as_often(count: int) -> None:
    orders = Orders(rendered(count), seed=1)
    turns = 24 * 5
    seen = Counter(orders.pick(turn) for turn in range(turns))
    assert len(seen) == [1, 1, 2, 6, 24][count]
    assert set(seen.values()) == {turns // len(seen)}


@pytest.mark.parametrize("count", [5, 20, 300])
def test_of_many_records_each_is_the_first_as_often_and_none_is_missing(count: int) -> None:
    one = rendered(count)
    orders = Orders(one, seed=1)
    replies = [numbers(one, orders.pick(turn)) for turn in range(8 * count)]
    assert all(sorted(reply) == [*range(1, count + 1)] for reply in replies)
    first = Counter(reply[0] for reply in replies)
    assert set(first) == {*range(1, count + 1)}
    assert max(first.values()) <= 10


def test_many_records_are_shuffled_in_pieces_that_are_others_each_time() -> None:
    one = rendered(3 * MAX_PIECES + 1)
    orders, followers = Orders(one, seed=1), set()
    for seed in range(40):
        orders.draw(seed << 12)
        reply = numbers(one, orders.pick(0))
        assert sorted(reply) == [*range(1, 3 * MAX_PIECES + 2)]
        followers.add(reply[(reply.index(1) + 1) % len(reply)])
    assert len(followers) > 10


def test_what_follows_a_record_differs() -> None:
    """When the first of a list is dead, its clients must not all go to the same next one."""
    one = rendered(20)
    orders = Orders(one, seed=1)
    replies = [numbers(one, orders.pick(turn)) for turn in range(160)]
    followers = {reply[(reply.index(1) + 1) % 20] for reply in replies}
    assert len(followers) > 4


def test_records_of_several_lengths_are_cut_where_they_begin() -> None:
    """Five machines with ids of several lengths serve a port: most replies were octets that nobody could read."""
    query = read_query(ask("_web._tcp.web.internal. SRV", edns=True))
    assert isinstance(query, Query)
    names = ["a" * length for length in range(1, 8)]
    text = "\n".join(f"_web._tcp.web.internal. 5 SRV 0 1 80 {name}.vm.web.internal." for name in names)
    answer = Answer(answer=(replace(rrset(text), rank=Rank.LOCAL),))
    orders = Orders(render(query, answer, 0.0, max_octets=65535, turn=0, turns_own=True), seed=1)
    for turn in range(100):
        if turn == 50:
            orders.draw(7)
        [found] = dns.message.from_wire(b"\0\7" + orders.pick(turn)).answer
        assert sorted(str(rdata.target).split(".")[0] for rdata in found) == names


def test_other_orders_are_drawn_of_many_records() -> None:
    one = rendered(9)
    orders = Orders(one, seed=1)
    before = {orders.pick(turn) for turn in range(72)}
    orders.draw(2)
    after = {orders.pick(turn) for turn in range(72)}
    assert len(before) == len(after) == 72
    assert not before & after
    assert all(sorted(numbers(one, reply)) == [*range(1, 10)] for reply in after)


def test_of_a_set_that_does_not_fit_any_part_is_given() -> None:
    cut = rendered(200, max_octets=1232)
    assert cut.is_truncated
    orders = Orders(cut, seed=1)
    replies = [numbers(cut, orders.pick(turn)) for turn in range(1600)]
    assert {len(set(reply)) for reply in replies} == {len(replies[0])}
    assert len(set().union(*replies)) == 200


def test_the_octets_of_large_sets_are_bounded() -> None:
    one = rendered(300)
    assert len(one.ring) > MAX_RING_OCTETS
    assert Orders(one, seed=1).octets == one.octets
    assert Orders(rendered(20), seed=1).octets < 2 * MAX_RING_OCTETS


def test_a_reply_without_a_set_has_one_order() -> None:
    one = rendered(1)
    assert records_in(Ring(one.ring, one.cuts)) == []
    assert Orders(one, seed=1).pick(17) == one.front
