import pytest

from cache.rrtypes import AAAA, A
from resolver.env import Address
from resolver.errors import WorkExhausted
from resolver.iterate.addresses import AddressBook
from resolver.iterate.budget import Budget, BudgetLimits
from resolver.iterate.delegation import Delegation, Origin
from resolver.iterate.options import RecursionOptions
from tests.resolver.iterate.world import EXAMPLE, TEST, Table, World, play, small_internet
from tests.resolver.iterate.zone_text import name, question, raws

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


def book_of(world: World, options: RecursionOptions = BOTH) -> AddressBook:
    return AddressBook(world.cache, options, world.lookup, world.counts)


@pytest.mark.parametrize(
    ("options", "hosts"),
    [
        pytest.param(BOTH, ["192.0.2.3", "2001:db8::3"], id="both families"),
        pytest.param(ONLY_4, ["192.0.2.3"], id="IPv4 only"),
        pytest.param(ONLY_6, ["2001:db8::3"], id="IPv6 only"),
    ],
)
def test_glue_is_in_hand_in_the_families_that_are_used(options: RecursionOptions, hosts: list[str]) -> None:
    found, missing = book_of(World({}), options).in_hand(DELEGATION, 0.0)
    assert found == [Address(host, 5353) for host in hosts]
    assert missing == [name("ns.test.")]


def test_configured_servers_need_no_look_up() -> None:
    servers = (Address("192.0.2.1", 1053), Address("2001:db8::1", 1053))
    stub = Delegation(zone=name("lab.example."), origin=Origin.STUB, servers=servers)
    assert book_of(World({}), ONLY_4).in_hand(stub, 0.0) == ([servers[0]], [])


def test_addresses_in_the_cache_are_in_hand() -> None:
    async def main() -> None:
        world = World(small_internet())
        await world.iterate("ns.test. A")
        found, missing = book_of(world, ONLY_4).in_hand(DELEGATION, world.env.now())
        assert Address("192.0.2.20", 5353) in found
        assert missing == []

    play(main)


def test_far_glue_is_a_last_resort() -> None:
    assert book_of(World({})).last_resort(DELEGATION) == [Address("192.0.2.4", 5353)]


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
    book = book_of(World({}))
    assert book.usable([rdata], rtype) == []
    assert book.usable([rdata], rtype) == []


def test_one_name_server_has_a_few_addresses_at_most() -> None:
    assert len(book_of(World({})).usable([bytes([192, 0, 2, n]) for n in range(1, 100)], A)) == 6


def test_a_look_up_ends_with_the_first_useful_address() -> None:
    async def main() -> None:
        world = World(small_internet())
        book = book_of(world)
        found = await book.look_up(name("ns.test."), question("www.example. A"), world.new_budget(), world.env.now())
        assert found == [Address("192.0.2.20", 5353)]

    play(main)


def test_a_look_up_that_waits_for_itself_finds_nothing() -> None:
    async def main() -> None:
        world = World(small_internet())
        book = book_of(world, ONLY_4)
        waiting = question("ns.test. A")
        assert await book.look_up(name("ns.test."), waiting, world.new_budget(), world.env.now()) == []
        assert world.counts.cycles == 1
        assert world.sent == 0

    play(main)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        pytest.param("alias.example.", [Address("198.51.100.2", 5353)], id="one alias"),
        pytest.param("second.example.", [Address("198.51.100.2", 5353)], id="two aliases"),
        pytest.param("third.example.", [], id="three aliases"),
        pytest.param("round.example.", [], id="an alias of itself"),
    ],
)
def test_a_name_server_that_is_an_alias_has_the_addresses_at_its_end(asked: str, found: list[Address]) -> None:
    """RFC 2181 §10.3 forbids it, and who refuses to follow leaves the zone in the dark."""

    async def main() -> None:
        servers = small_internet()
        servers[EXAMPLE].said.update(
            {
                "second.example. A": ("second.example. 600 CNAME alias.example.",),
                "third.example. A": ("third.example. 600 CNAME second.example.",),
                "round.example. A": ("round.example. 600 CNAME round.example.",),
            }
        )
        world = World(servers)
        budget = world.new_budget()
        assert await book_of(world, ONLY_4).look_up(name(asked), question("www.example. A"), budget, 0.0) == found
        assert world.counts.address_lookups_failed == (not found)

    play(main)


def test_an_alias_that_leads_to_who_waits_for_it_finds_nothing() -> None:
    async def main() -> None:
        world = World(small_internet())
        found = await book_of(world, ONLY_4).look_up(
            name("alias.example."), question("www.test. A"), world.new_budget(), world.env.now()
        )
        assert found == []
        assert world.counts.cycles == 1

    play(main)


@pytest.mark.parametrize(("options", "found"), [(BOTH, [Address(TEST, 5353)]), (ONLY_6, [])], ids=["both", "IPv6 only"])
def test_a_name_server_whose_own_zone_fails_is_asked_at_its_glue(
    options: RecursionOptions, found: list[Address]
) -> None:
    async def main() -> None:
        world = World(small_internet() | {TEST: Table({})})
        book = book_of(world, options)
        assert await book.look_up(name("ns.test."), question("www.example. A"), world.new_budget(), 0.0) == found
        assert world.counts.address_lookups_failed == (not found)

    play(main)


def test_look_ups_are_paid_from_the_budget() -> None:
    async def main() -> None:
        world = World(small_internet())
        budget = Budget(10.0, BudgetLimits(names=0))
        with pytest.raises(WorkExhausted):
            await book_of(world).look_up(name("ns.test."), question("www.example. A"), budget, 0.0)

    play(main)


def test_look_ups_end_with_the_deadline() -> None:
    async def main() -> None:
        world = World({})
        budget = Budget(world.env.now() + 0.3)
        assert await book_of(world).look_up(name("ns.test."), question("www.example. A"), budget, world.env.now()) == []
        assert world.env.now() == pytest.approx(0.3)

    play(main)
