"""The simulated internet is the same for every resolver, and whole."""

from random import Random

import dns.message

from tests.bench.latency.records import reply, wire
from tests.bench.latency.world import DEAD, HOSTS, MAX_RTT, MIN_RTT, ZONES, build, questions

WORLD = build()


def test_it_is_the_same_each_time() -> None:
    again = build()
    assert again.names == WORLD.names
    assert [operator.hosts for operator in again.operators] == [operator.hosts for operator in WORLD.operators]


def test_8000_names_of_which_the_first_are_asked_for_most() -> None:
    assert len(set(WORLD.names)) == len(WORLD.names) == ZONES * len(HOSTS) == 8000
    asked = questions(WORLD.names, 10_000, Random(1))
    assert asked.count(WORLD.names[0]) > 4 * asked.count(WORLD.names[9]) > 0


def test_no_address_belongs_to_two_servers_and_all_are_as_far_as_they_should_be() -> None:
    hosts = [host for operator in WORLD.operators for host in operator.hosts]
    assert len({host.ipv4 for host in hosts} | {host.ipv6 for host in hosts}) == 2 * len(hosts)
    assert all(MIN_RTT <= host.rtt <= MAX_RTT for host in hosts)


def test_about_a_quarter_may_be_dead_but_never_all_servers_of_a_zone() -> None:
    hosts = [host for operator in WORLD.operators for host in operator.hosts]
    assert abs(sum(host.may_be_dead for host in hosts) / len(hosts) - DEAD) < 0.06
    assert all(not all(host.may_be_dead for host in operator.hosts) for operator in WORLD.operators)


def test_every_name_is_answered_by_one_operator() -> None:
    for name in WORLD.names[:200]:
        apex = wire(name)[1 + len(name.split(".")[0]) :]
        serving = [operator for operator in WORLD.operators if apex in operator.zones]
        assert len(serving) == 1
        message = dns.message.from_wire(reply(dns.message.make_query(name, "A").to_wire(), serving[0].zones))
        assert message.answer
