import pytest

from cache.rrtypes import AAAA, A
from resolver.env import Address
from resolver.iterate.addresses import AddressBook
from resolver.iterate.budget import Budget
from resolver.iterate.delegation import Delegation, Origin
from resolver.iterate.options import RecursionOptions
from tests.build import rrset
from tests.resolver.iterate.world import EXAMPLE, RTT, TEST, World, play, small_internet
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


async def look_up(book: AddressBook, world: World, of: str, budget: Budget | None = None) -> list[list[Address]]:
    """Each lot of addresses that turned up."""
    found: list[list[Address]] = []
    await book.look_up(name(of), budget or world.new_budget(), world.env.now, found.append)
    return found


NS_TEST = Address("192.0.2.20", 5353)


def test_the_referral_to_its_zone_tells_the_address_before_the_zone_does() -> None:
    async def main() -> None:
        world = World(small_internet())
        times: list[float] = []
        await world.iterator._means.book.look_up(
            name("ns.test."), world.new_budget(), world.env.now, lambda found: times.append(world.env.now())
        )
        assert times == pytest.approx([RTT, 2 * RTT])

    play(main)


def test_glue_ends_only_the_looks_for_its_own_names() -> None:
    async def main() -> None:
        world = World(small_internet())
        await world.iterate("ns.test. A")
        book = book_of(world, ONLY_4)
        book.note_glue([name("ns.test.")], world.env.now())  # nobody looks for it: nothing happens
        assert await look_up(book, world, "ns.example.") == [[Address("192.0.2.10", 5353)]]
        assert book.known(name("ns.test."), world.env.now()) == [NS_TEST]

    play(main)


@pytest.mark.parametrize(
    ("served", "lots"),
    [
        pytest.param({"ns.test. A": ("ns.test. 60 A 192.0.2.20",)}, [["192.0.2.20"]], id="IPv4"),
        pytest.param({"ns.test. AAAA": ("ns.test. 60 AAAA 2001:db8::20",)}, [["2001:db8::20"]], id="IPv6"),
        pytest.param(
            {"ns.test. A": ("ns.test. 60 A 192.0.2.20",), "ns.test. AAAA": ("ns.test. 60 AAAA 2001:db8::20",)},
            [["192.0.2.20"], ["2001:db8::20"]],
            id="both, one after the other",
        ),
        pytest.param({}, [], id="none"),
    ],
)
def test_what_is_found_of_one_family_does_not_end_the_look_for_the_other(
    served: dict[str, tuple[str, ...]], lots: list[list[str]]
) -> None:
    async def main() -> None:
        internet = small_internet()
        for qtype in ("A", "AAAA"):
            internet[TEST].said.pop(f"ns.test. {qtype}", None)
        internet[TEST].said.update(served)
        world = World(internet)
        assert await look_up(book_of(world), world, "ns.test.") == [
            [Address(host, 5353) for host in lot] for lot in lots
        ]
        assert {"ns.test. A", "ns.test. AAAA"} <= set(internet[TEST].asked)

    play(main)


def test_of_a_family_that_the_cache_holds_nothing_is_asked() -> None:
    async def main() -> None:
        internet = small_internet()
        world = World(internet)
        world.cache.put(rrset("ns.test. 60 AAAA 2001:db8::20"), 0.0)
        assert await look_up(book_of(world), world, "ns.test.") == [[NS_TEST]]
        assert "ns.test. AAAA" not in internet[TEST].asked

    play(main)


def test_a_look_up_that_waits_for_itself_finds_nothing() -> None:
    async def main() -> None:
        world = World(small_internet())
        within = world.new_budget().sub(question("ns.test. A"))
        assert await look_up(book_of(world, ONLY_4), world, "ns.test.", within) == []
        assert world.counts.cycles == 1
        assert world.sent == 0

    play(main)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        pytest.param("alias.example.", [[Address("198.51.100.2", 5353)]], id="one alias"),
        pytest.param("second.example.", [[Address("198.51.100.2", 5353)]], id="two aliases"),
        pytest.param("third.example.", [], id="three aliases"),
        pytest.param("round.example.", [], id="an alias of itself"),
    ],
)
def test_a_name_server_that_is_an_alias_has_the_addresses_at_its_end(asked: str, found: list[list[Address]]) -> None:
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
        assert await look_up(book_of(world, ONLY_4), world, asked) == found

    play(main)


def test_an_alias_that_leads_to_who_waits_for_it_finds_nothing() -> None:
    async def main() -> None:
        world = World(small_internet())
        within = world.new_budget().sub(question("www.test. A"))
        assert await look_up(book_of(world, ONLY_4), world, "alias.example.", within) == []
        assert world.counts.cycles == 1

    play(main)
