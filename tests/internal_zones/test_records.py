"""Nodes of the DNS tree from rows; the whole table of names is in test_zones."""

from collections.abc import Callable

import pytest

from cache.answer import Answer, ExtendedError
from cache.names import from_text, to_text
from cache.rrtypes import AAAA, ANY, IN, TXT
from internal_zones.readings import AppData, FlycastData, InstancesData, OwnersData, PeersData
from internal_zones.records import (
    EMPTY,
    MAX_RRSET_OCTETS,
    RECORD_OCTETS,
    UNKNOWN,
    NearestOf,
    Node,
    above_addresses_node,
    app_node,
    flycast_node,
    instances_node,
    nearest_of,
    owners_node,
    page_node,
    page_of,
    subset,
    text,
)
from internal_zones.rows import Machine, Peer
from resolver.wire import Query, compose_reply, question_octets
from resolver.wire.message import RD, TC, QueryEdns

OWNER = from_text("x.internal.")


def machine(name: str, region: str = "ams", group: str = "") -> Machine:
    metadata = (("fly_process_group", group),) if group else ()
    return Machine(name, region, "", name.encode().rjust(16, b"\0"), True, metadata)


@pytest.mark.parametrize("length", [0, 1, 255, 256, 510, 511, 64_400])
def test_text_is_cut_into_strings_of_255_octets_and_empty_is_one_string(length: int) -> None:
    [rdata] = text(OWNER, "x" * length).rrsets[0].rdatas
    strings, at = [], 0
    while at < len(rdata):
        strings.append(rdata[at + 1 : at + 1 + rdata[at]])
        at += 1 + rdata[at]
    assert b"".join(strings) == b"x" * length
    assert len(strings) == max(1, -(-length // 255))


def test_text_that_fits_no_message_is_said_to_be_too_large() -> None:
    assert text(OWNER, "x" * 65_001) == Node(too_large=TXT)


def addresses_of(count: int) -> Node:
    node = flycast_node(LONGEST, FlycastData(True, tuple(number.to_bytes(16) for number in range(count))))
    assert node is not None
    return node


def text_of(octets: int) -> Node:
    return text(LONGEST, "x" * octets)


LONGEST = from_text(".".join(("x" * 63, "y" * 63, "z" * 63, "w" * 52, "internal")))
MOST_ADDRESSES = MAX_RRSET_OCTETS // (RECORD_OCTETS + 16)
MOST_TEXT = (MAX_RRSET_OCTETS - RECORD_OCTETS) * 255 // 256


@pytest.mark.parametrize(("make", "most"), [(addresses_of, MOST_ADDRESSES), (text_of, MOST_TEXT)])
def test_the_largest_set_fits_a_message_whatever_stands_beside_it(make: Callable[[int], Node], most: int) -> None:
    """Of the longest name there is, with the DO bit and Extended DNS Errors; with one more it fits none."""
    [rrset] = make(most).rrsets
    edns = QueryEdns(1232, 0, True, None)
    errors = (ExtendedError(3, "state database cannot be read now"),) * 3
    asked = Query(7, RD, question_octets(LONGEST, rrset.rtype), LONGEST, rrset.rtype, IN, edns)
    reply = compose_reply(asked, Answer(answer=(rrset,), errors=errors), 0.0, max_octets=65_535)
    assert not reply[2] & (TC >> 8)
    assert len(reply) > 64_500
    assert make(most + 1).too_large == rrset.rtype


@pytest.mark.parametrize(
    ("node", "qtype", "wanted"),
    [
        (EMPTY, AAAA, False),
        (Node(too_large=TXT), TXT, True),
        (Node(too_large=TXT), ANY, True),
        (Node(too_large=TXT), AAAA, False),
        (UNKNOWN, AAAA, True),
        (UNKNOWN, ANY, True),
    ],
)
def test_only_what_is_asked_for_can_be_too_large(node: Node, qtype: int, wanted: bool) -> None:
    assert node.fits_no_message(qtype) is wanted


@pytest.mark.parametrize(
    ("labels", "wanted"),
    [
        ("top1 nearest of", NearestOf(1, ())),
        ("top12 nearest of ams", NearestOf(12, (b"ams",))),
        ("top1 nearest of web process", NearestOf(1, (b"web", b"process"))),
        ("top0 nearest of", None),
        ("top01 nearest of", None),
        ("top nearest of", None),
        ("top-1 nearest of", None),
        ("top999999 nearest of", None),
        ("1 nearest of", None),
        ("top1 nearest of web vm", None),
        ("x top1 nearest of", None),
        ("nearest of", None),
    ],
)
def test_nearest_names_are_written_one_way_only(labels: str, wanted: NearestOf | None) -> None:
    assert nearest_of(tuple(labels.encode().split())) == wanted


def test_a_fixed_word_wins_over_a_region_of_that_name() -> None:
    app = AppData(True, (machine("a", "global"), machine("b", "ams"), machine("c", "vm")))
    node = app_node(OWNER, (b"global",), app)
    assert node is not None
    assert len(node.rrsets[0].rdatas) == 3
    assert app_node(OWNER, (b"vm",), app) == EMPTY
    assert subset(app, (b"global",)) is None


def test_rows_are_found_in_any_letter_case() -> None:
    app = AppData(True, (machine("ABC", "Ams", "Web"),))
    for labels in (
        (b"abc", b"vm"),
        (b"ams",),
        (b"web", b"process"),
        (b"web", b"fly_process_group", b"kv", b"_metadata"),
    ):
        assert subset(app, labels) == app.machines


@pytest.mark.parametrize(
    ("labels", "wanted"),
    [((b"1", b"page"), 1), ((b"12", b"page"), 12), ((b"0", b"page"), None), ((b"x", b"page"), None), ((b"all",), None)],
)
def test_pages_are_counted_from_one(labels: tuple[bytes, ...], wanted: int | None) -> None:
    assert page_of(labels) == wanted


def test_a_list_that_was_not_read_as_a_whole_fits_no_message() -> None:
    assert instances_node(OWNER, InstancesData(())) == text(OWNER, "")
    assert instances_node(OWNER, InstancesData((), is_whole=False)) == Node(too_large=TXT)


def test_a_page_without_rows_is_not_there_but_one_of_unreadable_rows_is() -> None:
    assert page_node(OWNER, InstancesData((), is_there=False)) is None
    assert page_node(OWNER, InstancesData((), is_whole=False)) == text(OWNER, "")


def test_names_above_an_address_are_there_and_doubt_is_no_nxdomain() -> None:
    peers = PeersData((Peer("a", bytes.fromhex("fdaa" + "0" * 27 + "1")),))
    assert above_addresses_node(b"fdaa000", InstancesData(()), peers) == EMPTY
    assert above_addresses_node(b"fdaa1", InstancesData(()), peers) is None
    assert above_addresses_node(b"fdaa1", InstancesData((), is_whole=False), peers) == EMPTY


def test_an_address_has_the_names_of_all_its_owners() -> None:
    node = owners_node(OWNER, OwnersData((("A1", "Web"), ("x" * 64, "web")), ("laptop",)))
    assert node is not None
    assert [to_text(rdata) for rdata in node.rrsets[0].rdatas] == ["a1.vm.web.internal.", "laptop._peer.internal."]
    assert owners_node(OWNER, OwnersData((), ())) is None
