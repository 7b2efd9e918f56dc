"""Whom a question is not put to, as a server of which zone."""

from resolver.env import Address
from resolver.iterate.delegation import ZoneServer
from resolver.iterate.manner import USUAL, Manner
from tests.resolver.iterate.zone_text import name

ONE, OTHER = Address("192.0.2.1", 53), Address("192.0.2.2", 53)


def test_a_server_is_passed_over_in_the_zone_where_it_failed_and_in_no_other() -> None:
    manner = Manner(frozenset((ZoneServer(name("example."), ONE), ZoneServer(name("test."), OTHER))))
    assert manner.avoided_in(name("example.")) == {ONE}
    assert manner.avoided_in(name("www.example.")) == set()


def test_usually_nobody_is_and_names_may_be_shortened() -> None:
    assert Manner(frozenset(), in_whole=False) == USUAL
