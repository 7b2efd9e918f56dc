"""Whom a question is not put to, as a server of which zone, and what the others see of it."""

import pytest

from resolver.env import Address
from resolver.iterate.delegation import ZoneServer
from resolver.iterate.manner import MAX_STEPS, USUAL, Manner, lengthen, shorten
from resolver.iterate.options import QnameMinimisation
from tests.resolver.iterate.zone_text import name, question

ONE, OTHER = Address("192.0.2.1", 53), Address("192.0.2.2", 53)


def test_a_server_is_passed_over_in_the_zone_where_it_failed_and_in_no_other() -> None:
    manner = Manner(frozenset((ZoneServer(name("example."), ONE), ZoneServer(name("test."), OTHER))))
    assert manner.avoided_in(name("example.")) == {ONE}
    assert manner.avoided_in(name("www.example.")) == set()


def test_usually_nobody_is_and_names_may_be_shortened() -> None:
    assert Manner(frozenset(), in_whole=False) == USUAL


@pytest.mark.parametrize(
    ("asked", "zone", "mode", "shown"),
    [
        pytest.param("www.a.example. MX", ".", "relaxed", "example. A", id="one label below the root"),
        pytest.param("www.a.example. MX", "example.", "relaxed", "a.example. A", id="one label below the zone"),
        pytest.param("www.a.example. MX", "example.", "strict", "a.example. A", id="strict shortens alike"),
        pytest.param("a.example. MX", "example.", "relaxed", "a.example. MX", id="the last label comes with its type"),
        pytest.param("a.example. MX", "a.example.", "relaxed", "a.example. MX", id="the apex itself"),
        pytest.param("www.a.example. MX", ".", "off", "www.a.example. MX", id="off shows everything"),
        pytest.param("sub.example. DS", "example.", "relaxed", "sub.example. DS", id="DS is asked at its parent"),
        pytest.param(
            "sub.example. DS", ".", "off", "example. A", id="DS: its parent is looked for though nothing is hidden"
        ),
        pytest.param("a.sub.example. DS", ".", "off", "sub.example. A", id="DS: the parent at once"),
        pytest.param("sub.example. DS", "example.", "off", "sub.example. DS", id="DS at a server of the parent"),
        pytest.param("example. DS", ".", "off", "example. DS", id="DS of a top-level domain"),
        pytest.param(". DS", ".", "off", ". DS", id="DS of the root"),
        pytest.param(".  NS", ".", "relaxed", ". NS", id="the root"),
    ],
)
def test_a_server_sees_one_label_more_than_its_zone(asked: str, zone: str, mode: QnameMinimisation, shown: str) -> None:
    assert shorten(question(asked), name(zone), 0, mode) == question(shown)


def test_after_the_last_step_everything_is_shown() -> None:
    whole = question("a.b.c.d.e.example. TXT")
    assert shorten(whole, name("."), MAX_STEPS, "relaxed") == whole
    assert lengthen(whole, question("example. A"), MAX_STEPS) == whole


def test_the_first_steps_add_one_label_each() -> None:
    whole = question("a.b.c.d.example. TXT")
    assert lengthen(whole, question("example. A"), 1) == question("d.example. A")
    assert lengthen(whole, question("d.example. A"), 2) == question("c.d.example. A")
    assert lengthen(whole, question("b.c.d.example. A"), 3) == whole


def test_a_name_of_a_hundred_labels_takes_no_more_than_the_steps() -> None:
    whole = question("a." * 100 + "example. AAAA")
    shown = shorten(whole, name("."), 0, "relaxed")
    steps = 0
    while shown != whole:
        steps += 1
        longer = lengthen(whole, shown, steps)
        assert len(longer.qname) > len(shown.qname)
        shown = longer
    assert steps <= MAX_STEPS
