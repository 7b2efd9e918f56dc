import ipaddress
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.options import CacheOptions
from cache.rrset import RRset
from cache.rrtypes import AAAA, A
from cache.store import RRsetCache
from resolver.env import Address
from resolver.iterate.addresses import AddressBook, presented
from resolver.iterate.counts import IterateCounts
from resolver.iterate.delegation import Delegation, Origin
from resolver.iterate.options import RecursionOptions
from resolver.wire.message import RawRRset
from tests.build import rrset
from tests.resolver.iterate.zone_text import name, raws

BOTH = RecursionOptions(port=5353)
ONLY_4 = RecursionOptions(port=5353, ipv6=False)
ONLY_6 = RecursionOptions(port=5353, ipv4=False)
GLUE = raws("ns.sub.example. 60 A 192.0.2.3\nns.sub.example. 60 AAAA 2001:db8::3")
DELEGATION = Delegation(
    zone=name("sub.example."),
    origin=Origin.REFERRAL,
    name_servers=(name("ns.sub.example."), name("ns.test.")),
    glue=GLUE,
    far_glue=raws("ns.test. 60 A 192.0.2.4"),
)


def book_of(options: RecursionOptions = BOTH, *held: RRset) -> AddressBook:
    cache = RRsetCache(CacheOptions())
    for one in held:
        assert cache.put(one, 0.0)
    return AddressBook(cache, options, IterateCounts(), Random(1))


@pytest.mark.parametrize(
    ("options", "hosts"),
    [
        pytest.param(BOTH, ["192.0.2.3", "2001:db8::3"], id="both families"),
        pytest.param(ONLY_4, ["192.0.2.3"], id="IPv4 only"),
        pytest.param(ONLY_6, ["2001:db8::3"], id="IPv6 only"),
    ],
)
def test_glue_is_in_hand_in_the_families_that_are_used(options: RecursionOptions, hosts: list[str]) -> None:
    found, missing = book_of(options).in_hand(DELEGATION, 0.0)
    assert found == [Address(host, 5353) for host in hosts]
    assert missing == [name("ns.test.")]


@given(st.binary(min_size=4, max_size=4) | st.lists(st.sampled_from([0, 0, 1, 0x2001, 0xFFFF]), min_size=8, max_size=8))
def test_an_address_is_presented_as_everywhere_else(drawn: bytes | list[int]) -> None:
    rdata = drawn if isinstance(drawn, bytes) else b"".join(group.to_bytes(2, "big") for group in drawn)
    is_within = len(rdata) == 16 and not any(rdata[:10]) and rdata[10:12] in (b"\0\0", b"\xff\xff")
    assert presented(rdata) == str(ipaddress.ip_address(rdata)) or is_within


@pytest.mark.parametrize(
    ("host", "is_refused"),
    [
        ("127.255.255.255", True),
        ("128.0.0.0", False),
        ("2001:db8:ffff::", True),
        ("2001:db9::", False),
        ("7f00::", False),  # begins with the octets of 127.0.0.0/8
    ],
)
def test_who_is_not_to_be_asked_is_told_by_prefix(host: str, is_refused: bool) -> None:
    book = book_of(RecursionOptions(do_not_query=("127.0.0.0/8", "2001:db8::/32")))
    packed = ipaddress.ip_address(host).packed
    usable = book.usable((packed,), A if len(packed) == 4 else AAAA)
    assert usable == ([] if is_refused else [Address(host, 53)])


def test_configured_servers_need_no_look_up() -> None:
    servers = (Address("192.0.2.1", 1053), Address("2001:db8::1", 1053))
    stub = Delegation(zone=name("lab.example."), origin=Origin.STUB, servers=servers)
    assert book_of(ONLY_4).in_hand(stub, 0.0) == ([servers[0]], [])


def test_addresses_in_the_cache_are_in_hand() -> None:
    found, missing = book_of(ONLY_4, rrset("ns.test. 60 A 192.0.2.20")).in_hand(DELEGATION, 1.0)
    assert found == [Address("192.0.2.3", 5353), Address("192.0.2.20", 5353)]
    assert missing == []


def test_far_glue_is_a_last_resort() -> None:
    assert book_of().last_resort(DELEGATION) == [Address("192.0.2.4", 5353)]


@pytest.mark.parametrize(
    ("rdata", "rtype"),
    [
        pytest.param(bytes(4), A, id="0.0.0.0"),
        pytest.param(bytes([127, 0, 0, 1]), A, id="loopback"),
        pytest.param(bytes(16), AAAA, id="no address"),
        pytest.param(bytes(15) + b"\1", AAAA, id="IPv6 loopback"),
        pytest.param(bytes([0xFD, 0xAA]) + bytes(14), AAAA, id="this platform's own"),
        pytest.param(b"\1\2\3", A, id="three octets"),
        pytest.param(bytes(range(16)), A, id="IPv6 in an A"),
    ],
)
def test_some_addresses_are_never_asked(rdata: bytes, rtype: int) -> None:
    book = book_of()
    assert book.usable((rdata,), rtype) == []
    assert book.usable((rdata,), rtype) == []


def test_a_server_that_is_named_is_asked_whoever_refers_to_it_where_it_listens() -> None:
    named = (Address("10.0.0.1", 5353), Address("10.0.0.2", 53))
    book = AddressBook(RRsetCache(CacheOptions()), BOTH, IterateCounts(), Random(1), named)
    assert book.usable(tuple(bytes([10, 0, 0, n]) for n in range(1, 4)), A) == [named[0]]


def test_one_name_server_has_a_few_addresses_at_most() -> None:
    """One question tries six of them, and the next one others."""
    book, many = book_of(), tuple(bytes([192, 0, 2, n]) for n in range(1, 31))
    tries = [book.usable(many, A) for _ in range(30)]
    assert {len(found) for found in tries} == {6}
    assert {address for found in tries for address in found} == {Address(f"192.0.2.{n}", 5353) for n in range(1, 31)}


def wide(count: int, glue: tuple[RawRRset, ...] = ()) -> Delegation:
    names = tuple(name(f"ns{n}.wide.example.") for n in range(count))
    return Delegation(zone=name("wide.example."), origin=Origin.CACHE, name_servers=names, glue=glue)


def test_a_question_tries_all_name_servers_of_a_usual_zone() -> None:
    usual = wide(16)
    assert book_of().choose(usual, 0.0) is usual


def test_a_question_tries_some_name_servers_of_a_wide_zone_and_the_next_one_others() -> None:
    delegation, book = wide(30), book_of()
    choices = [book.choose(delegation, 0.0).name_servers for _ in range(20)]
    assert {len(set(chosen)) for chosen in choices} == {16}
    assert {one for chosen in choices for one in chosen} == set(delegation.name_servers)


@pytest.mark.parametrize(
    ("known", "tried"),
    [
        pytest.param(1, 1, id="one with an address is among them"),
        pytest.param(15, 12, id="most are such with one"),
        pytest.param(28, 14, id="all but those without one"),
        pytest.param(30, 16, id="there are no others"),
    ],
)
def test_a_question_tries_name_servers_whose_addresses_are_known_and_some_others(known: int, tried: int) -> None:
    glue = raws("\n".join(f"ns{n}.wide.example. 60 A 192.0.2.{n + 1}" for n in range(known)))
    chosen = book_of().choose(wide(30, glue), 0.0)
    assert len(set(chosen.name_servers)) == 16
    assert len(book_of().in_hand(chosen, 0.0)[0]) == tried


NS_TEST = name("ns.test.")


def test_who_seeks_a_name_server_is_told_when_a_referral_has_its_addresses() -> None:
    book, found = book_of(ONLY_4, rrset("ns.test. 60 A 192.0.2.20")), list[list[Address]]()
    book.note_glue([NS_TEST], 1.0)  # nobody looks for it: nothing happens
    book.seek(NS_TEST, found.append)
    book.note_glue([name("ns.example.")], 1.0)
    assert found == []
    book.note_glue([NS_TEST], 1.0)
    assert found == [[Address("192.0.2.20", 5353)]]


def test_who_has_left_is_told_nothing_and_the_others_are() -> None:
    book = book_of(ONLY_4, rrset("ns.test. 60 A 192.0.2.20"))
    first, second = list[list[Address]](), list[list[Address]]()
    takers = first.append, second.append
    for take in takers:
        book.seek(NS_TEST, take)
    book.leave(NS_TEST, takers[0])
    book.note_glue([NS_TEST], 1.0)
    assert (first, second) == ([], [[Address("192.0.2.20", 5353)]])


def test_a_referral_without_addresses_tells_nobody_anything() -> None:
    book, found = book_of(ONLY_4), list[list[Address]]()
    book.seek(NS_TEST, found.append)
    book.note_glue([NS_TEST], 1.0)
    assert found == []
