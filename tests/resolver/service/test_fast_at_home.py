"""Replies of internal names that are given again: to the same network only, and no longer than all holds that they rest on."""

import pytest

from cache.answer import Answer, ExtendedError, Ground
from cache.rrset import Rank
from resolver.policy.tally import Tally
from resolver.policy.views import View
from resolver.service.counts import ServiceCounts
from resolver.service.fast import COMPOSED_ANEW, MAX_KEPT_OCTETS, FastPath, ReplyStyle
from resolver.service.orders import RESHUFFLED
from resolver.wire.message import Query
from tests.build import replace, rrset
from tests.resolver.service.world import LOOPBACK, ask, cache_of, read

QUERY = ask("web.internal. AAAA")


class AtHome:
    """An Answerer that has an app of three machines in every network; the client's last octet is its network."""

    def __init__(self) -> None:
        self.asked: list[int] = []  # the network of each question that nothing kept could answer
        self.ground = Ground(100.0)
        self.grounds: tuple[Ground, ...] | None = (self.ground,)
        self.is_stale = False
        self.refusal = ""
        self.machines = 3
        self.owner = "web.internal."

    def view_of(self, client: bytes, local: bytes) -> View:
        return View(client, client[-1], self.refusal, "a group", client)

    def answer_now(self, query: Query, view: View, now: float, tally: Tally) -> Answer | None:
        network = view.network_id()
        self.asked.append(network)
        if view.refusal:
            return Answer(rcode=5)
        text = "\n".join(f"{self.owner} 5 AAAA fdaa:0:{network:x}::{number}" for number in range(1, self.machines + 1))
        errors = (ExtendedError(3, "as it was"),) if self.is_stale else ()
        return Answer(
            answer=(replace(rrset(text), rank=Rank.LOCAL, expires=float("inf")),),
            authoritative=True,
            is_stale=self.is_stale,
            errors=errors,
            grounds=self.grounds,
        )

    def ask(self, query: Query, view: View, give: object, tally: Tally) -> bool:
        raise NotImplementedError


@pytest.fixture
def home() -> AtHome:
    return AtHome()


@pytest.fixture
def fast(home: AtHome) -> FastPath:
    return FastPath(home, cache_of(), ServiceCounts(), ReplyStyle(seed=1))


def addresses(fast: FastPath, network: int = 1, now: float = 0.0, query: bytes = QUERY, **options: bool) -> list[str]:
    reply = fast.answer(query, bytes((10, 0, 0, network)), LOOPBACK, now, **options)
    message = read(reply)
    assert message.id == int.from_bytes(query[:2])
    return [str(rdata) for section in message.answer for rdata in section]


def test_a_reply_is_given_again_in_every_order(fast: FastPath, home: AtHome) -> None:
    seen = {tuple(addresses(fast)) for _ in range(200)}
    assert len(seen) == 6
    assert home.asked == [1]


def test_what_is_given_again_is_counted_by_its_transport(home: AtHome) -> None:
    counts = ServiceCounts()
    fast = FastPath(home, cache_of(), counts, ReplyStyle(seed=1))
    for over_tcp in (False, False, False, True, True):  # over TCP the first one is composed anew: it may be longer
        addresses(fast, over_tcp=over_tcp)
    assert (counts.answers.udp.kept_at_home, counts.answers.tcp.kept_at_home, counts.composed) == (2, 1, 2)
    assert counts.answers.udp.kept == counts.answers.tcp.kept == 0


def test_no_network_is_told_what_another_was(fast: FastPath, home: AtHome) -> None:
    for _ in range(3):
        for network in (1, 2, 24):
            assert set(addresses(fast, network)) == {f"fdaa:0:{network:x}::{number}" for number in (1, 2, 3)}
    assert home.asked == [1, 2, 24]


def test_a_client_that_is_refused_is_told_nothing_that_others_were(fast: FastPath, home: AtHome) -> None:
    addresses(fast)
    home.refusal = "it asked another network's resolver"
    assert read(fast.answer(QUERY, bytes((10, 0, 1, 1)), LOOPBACK, 0.0)).rcode() == 5


def test_it_ends_with_what_it_rests_on(fast: FastPath, home: AtHome) -> None:
    addresses(fast)
    home.ground.holds = False
    addresses(fast)
    assert home.asked == [1, 1]
    home.ground.holds = True
    home.ground.until = 0.4
    addresses(fast, now=0.3)
    assert home.asked == [1, 1]
    addresses(fast, now=0.5)
    assert home.asked == [1, 1, 1]


def test_few_records_are_given_in_all_orders_and_composed_once_a_minute(fast: FastPath, home: AtHome) -> None:
    addresses(fast)
    addresses(fast, now=COMPOSED_ANEW * 0.9)
    assert home.asked == [1]
    addresses(fast, now=COMPOSED_ANEW)
    assert home.asked == [1, 1]


def test_many_records_are_shuffled_anew_after_a_while_and_not_composed(fast: FastPath, home: AtHome) -> None:
    home.machines = 9
    first = {tuple(addresses(fast, now=RESHUFFLED * 0.9)) for _ in range(1000)}
    later = {tuple(addresses(fast, now=RESHUFFLED * 2)) for _ in range(1000)}
    assert home.asked == [1]
    assert len(first) == len(later) == 8 * 9
    assert not first & later


def test_what_does_not_show_all_is_composed_anew_after_a_while(fast: FastPath, home: AtHome) -> None:
    """The owner is another name, spelled in full: only some of the records fit, and others have to the next time."""
    home.machines, home.owner = 60, "other.internal."
    some = set(addresses(fast))
    assert len(some) < 60
    addresses(fast, now=RESHUFFLED * 0.9)
    assert home.asked == [1]
    addresses(fast, now=RESHUFFLED)
    assert home.asked == [1, 1]


def test_what_rests_on_nothing_is_composed_anew_after_a_while(fast: FastPath, home: AtHome) -> None:
    home.grounds = ()
    addresses(fast)
    addresses(fast, now=RESHUFFLED)
    assert home.asked == [1, 1]


def test_what_is_stale_or_may_not_be_given_again_is_not(fast: FastPath, home: AtHome) -> None:
    home.is_stale = True
    addresses(fast)
    addresses(fast)
    home.is_stale = False
    addresses(fast)
    home.grounds = None
    home.ground.holds = False
    addresses(fast)
    addresses(fast)
    assert len(home.asked) == 5


def test_other_queries_for_the_same_are_known_by_what_they_ask(fast: FastPath, home: AtHome) -> None:
    addresses(fast)
    addresses(fast, query=ask("web.internal. AAAA", id=9))
    assert len(home.asked) == 1
    addresses(fast, query=ask("WEB.internal. AAAA"))  # its letters are repeated
    addresses(fast, query=ask("web.internal. AAAA", edns=True))
    addresses(fast, over_tcp=True)
    assert len(home.asked) == 4
    addresses(fast, over_tcp=True)
    addresses(fast, query=ask("web.internal. AAAA", edns=True, payload=1400))  # as much room as with 1232
    assert len(home.asked) == 4


def test_what_is_kept_is_bounded(fast: FastPath) -> None:
    fast._make_room(MAX_KEPT_OCTETS - 100_000)
    most = 0
    for number in range(200):
        query = QUERY.replace(b"\3web", b"\x08app%05d" % number)
        fast.answer(query, bytes((10, 0, 0, 1)), LOOPBACK, 0.0)
        assert fast._octets <= MAX_KEPT_OCTETS
        most = max(most, fast._octets)
    assert fast._octets < most  # all was forgotten once at least


def test_what_is_replaced_takes_no_room_any_more(fast: FastPath, home: AtHome) -> None:
    """Beside 1,000 commits a second all was forgotten twice a second, and each reply composed anew."""
    for number in range(3):
        addresses(
            fast, query=ask("web.internal. AAAA", edns=True, payload=1232 + number)
        )  # other octets, and the same room
        taken, kept = fast._octets, len(fast._homes[1])
        home.ground.holds = False
        addresses(fast, query=ask("web.internal. AAAA", edns=True, payload=1300 + number))
        home.ground.holds = True
        assert (fast._octets, len(fast._homes[1])) == (taken, kept)
    assert len(home.asked) == 4
