"""What is answered at once: the same octets as by the slow way, and never longer than they are true."""

import itertools
import tracemalloc

import dns.flags
import dns.rcode
import pytest
import trio
from trio.testing import assert_no_checkpoints

from cache.answer import Answer
from cache.rrset import Entry
from resolver.policy.tally import Tally
from resolver.service.counts import ServiceCounts
from resolver.service.fast import MAX_KEPT_OCTETS, MAX_VIEWS, UDP_OCTETS, Asked, FastPath, ReplyStyle, udp_room
from resolver.wire import Query, compose_reply, read_query
from tests.build import denial, replace, rrset
from tests.resolver.service.world import LOOPBACK, STRANGER, CachedAnswers, ask, cache_of, fast_path, read

PROOF = (rrset("wild.example. 60 NSEC z.example. TXT"),)
ENTRIES: tuple[Entry, ...] = (
    rrset("www.example. 300 A 192.0.2.1\nwww.example. 300 A 192.0.2.2"),
    rrset("alias.example. 600 CNAME www.example."),
    rrset("away.example. 600 CNAME gone.example."),
    denial("gone.example. NXDOMAIN"),
    denial("www.example. AAAA"),
    rrset("dname.example. 600 DNAME example."),
    replace(rrset("x.wild.example. 600 CNAME www.example."), proof=PROOF),
    replace(rrset("y.wild.example. 60 A 192.0.2.3"), proof=PROOF),
)
QUESTIONS = (
    pytest.param("www.example. A", id="an RRset"),
    pytest.param("WwW.eXample. A", id="in the client's letter case"),
    pytest.param("alias.example. A", id="an alias"),
    pytest.param("alias.example. AAAA", id="an alias to NODATA"),
    pytest.param("away.example. A", id="an alias to NXDOMAIN"),
    pytest.param("gone.example. A", id="NXDOMAIN"),
    pytest.param("x.wild.example. A", id="a wildcard's alias"),
    pytest.param("x.wild.example. AAAA", id="a wildcard's alias to NODATA"),
    pytest.param("y.wild.example. A", id="a wildcard's RRset"),
    pytest.param("www.dname.example. A", id="a DNAME"),
)


def answer(fast: FastPath, data: bytes, now: float = 0.0, *, client: bytes = LOOPBACK) -> bytes:
    reply = fast.answer(data, client, LOOPBACK, now)
    assert isinstance(reply, bytes)
    return reply


def slowly(answers: CachedAnswers, data: bytes, now: float) -> bytes:
    """The reply as the slow path composes it."""
    query = read_query(data)
    assert isinstance(query, Query)
    found = answers.answer_now(query, answers.view_of(LOOPBACK, LOOPBACK), now, Tally())
    assert found is not None
    return compose_reply(query, found, now, max_octets=udp_room(query, UDP_OCTETS))


@pytest.mark.parametrize("text", QUESTIONS)
@pytest.mark.parametrize("edns", [False, True], ids=["plain", "EDNS"])
def test_the_fast_reply_equals_the_slow_one_at_every_moment(text: str, edns: bool) -> None:
    answers = CachedAnswers(cache_of(*ENTRIES))
    fast = fast_path(answers)
    for step, now in enumerate(itertools.takewhile(lambda at: at < 59, itertools.count(0.0, 0.07))):
        data = ask(text, id=step, edns=edns)
        assert answer(fast, data, now) == slowly(answers, data, now)


@pytest.mark.parametrize("text", QUESTIONS)
def test_nothing_is_awaited(text: str) -> None:
    async def main() -> None:
        fast = fast_path(CachedAnswers(cache_of(*ENTRIES)))
        with assert_no_checkpoints():
            for _ in range(2):
                answer(fast, ask(text))

    trio.run(main)


@pytest.mark.parametrize("text", QUESTIONS[:-1])
def test_a_reply_is_composed_once_while_its_ttls_stay(text: str) -> None:
    answers = CachedAnswers(cache_of(*ENTRIES))
    fast = fast_path(answers)
    replies = {answer(fast, ask(text, id=number), 0.01 * number)[2:] for number in range(40)}
    assert (len(replies), len(answers.asked)) == (1, 1)


def test_a_reply_dies_with_its_rrset() -> None:
    answers = CachedAnswers(cache_of(*ENTRIES))
    fast = fast_path(answers)
    before = read(answer(fast, ask("alias.example. A")))
    answers.cache.put(rrset("www.example. 300 A 192.0.2.9"), 0.0)
    after = read(answer(fast, ask("alias.example. A")))
    assert before.answer[0] == after.answer[0]
    assert [str(rdata) for rdata in after.answer[1]] == ["192.0.2.9"]


def test_a_denial_dies_with_what_comes_into_being() -> None:
    answers = CachedAnswers(cache_of(*ENTRIES))
    fast = fast_path(answers)
    assert read(answer(fast, ask("gone.example. A"))).rcode() == dns.rcode.NXDOMAIN
    answers.cache.put(rrset("gone.example. 300 A 192.0.2.9"), 1.0)
    assert read(answer(fast, ask("gone.example. A"), 1.0)).rcode() == dns.rcode.NOERROR


def test_a_forgotten_link_has_to_be_waited_for() -> None:
    answers = CachedAnswers(cache_of(*ENTRIES))
    fast = fast_path(answers)
    answer(fast, ask("alias.example. A"))
    answers.cache.forget(ENTRIES[0].owner)
    assert isinstance(fast.answer(ask("alias.example. A"), LOOPBACK, LOOPBACK, 0.0), Asked)


def test_what_went_and_came_back_is_rendered_anew_and_kept_again() -> None:
    answers = CachedAnswers(cache_of(*ENTRIES))
    fast = fast_path(answers)
    answer(fast, ask("www.example. A"))
    answers.cache.forget(ENTRIES[0].owner)
    answers.cache.put(ENTRIES[0], 0.0)
    answers.asked.clear()
    for _ in range(3):
        assert read(answer(fast, ask("www.example. A"))).answer
    assert len(answers.asked) == 1


def test_an_expired_rrset_has_to_be_waited_for() -> None:
    answers = CachedAnswers(cache_of(*ENTRIES))
    fast = fast_path(answers)
    answer(fast, ask("www.example. A"), 299.9)
    assert isinstance(fast.answer(ask("www.example. A"), LOOPBACK, LOOPBACK, 300.0), Asked)


def test_a_client_that_may_not_ask_gets_nothing_that_was_rendered() -> None:
    answers = CachedAnswers(cache_of(*ENTRIES))
    fast = fast_path(answers)
    answer(fast, ask("www.example. A"))
    assert read(answer(fast, ask("www.example. A"), client=STRANGER)).rcode() == dns.rcode.REFUSED
    assert read(answer(fast, ask("www.example. A"))).rcode() == dns.rcode.NOERROR


def test_what_is_given_again_is_counted_by_its_transport() -> None:
    answers = CachedAnswers(cache_of(*ENTRIES))
    counts = ServiceCounts()
    fast = FastPath(answers, answers.cache, counts)
    for number, spelling in enumerate(("www", "www", "WWW", "WWW")):  # composed, kept, kept by its key, kept
        answer(fast, ask(f"{spelling}.example. A", id=number))
    assert (counts.answers.udp.kept, counts.answers.tcp.kept, counts.composed) == (2, 0, 2)
    for number in range(3):
        fast.answer(ask("www.example. A", id=number), LOOPBACK, LOOPBACK, 0.0, over_tcp=True)
    assert (counts.answers.udp.kept, counts.answers.tcp.kept, counts.composed) == (2, 2, 3)


class OtherAnswers(CachedAnswers):
    """Gives one answer to everything."""

    def __init__(self, given: Answer) -> None:
        super().__init__(cache_of(ENTRIES[0]))
        self._given = given

    def answer_now(self, query: Query, view: object, now: float, tally: Tally) -> Answer:
        self.asked.append(query)
        return self._given


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(Answer(answer=(rrset("www.example. 300 A 192.0.2.1"),)), id="equal but not the cache's"),
        pytest.param(Answer(rcode=dns.rcode.REFUSED), id="of no entry"),
        pytest.param(Answer(answer=(rrset("www.example. 300 A 192.0.2.1"),), is_stale=True), id="stale"),
    ],
)
def test_what_is_not_made_of_the_caches_entries_is_composed_each_time(given: Answer) -> None:
    answers = OtherAnswers(given)
    fast = fast_path(answers)
    answer(fast, ask("www.example. A"))
    answer(fast, ask("www.example. A"))
    assert len(answers.asked) == 2


def test_a_reply_over_tcp_is_whole_and_over_udp_truncated() -> None:
    many = "\n".join(f"many.example. 300 A 192.0.2.{host}" for host in range(200))
    fast = fast_path(CachedAnswers(cache_of(rrset(many))))
    whole = fast.answer(ask("many.example. A"), LOOPBACK, LOOPBACK, 0.0, over_tcp=True)
    cut = fast.answer(ask("many.example. A"), LOOPBACK, LOOPBACK, 0.0)
    assert not read(whole).flags & dns.flags.TC
    assert len(read(whole).answer[0]) == 200
    assert read(cut).flags & dns.flags.TC
    assert len(read(cut).answer[0]) == 30
    assert fast.answer(ask("many.example. A"), LOOPBACK, LOOPBACK, 0.0, over_tcp=True) == whole


@pytest.mark.parametrize(("most", "records"), [(512, 29), (1232, 74), (4096, 250)])
def test_a_udp_reply_is_no_longer_than_the_operator_wants(most: int, records: int) -> None:
    answers = CachedAnswers(cache_of(MANY))
    fast = FastPath(answers, answers.cache, ServiceCounts(), ReplyStyle(udp_octets=most))
    reply = read(answer(fast, ask("many.example. A", edns=True, payload=4096)))
    assert (len(reply.answer[0]), bool(reply.flags & dns.flags.TC)) == (records, records < 250)


@pytest.mark.parametrize(
    ("payload", "room"),
    [(0, 512), (512, 512), (1000, 1000), (1232, 1232), (4096, 1232)],
    ids=lambda octets: str(octets),
)
def test_a_udp_reply_is_as_long_as_the_client_and_every_path_can_take(payload: int, room: int) -> None:
    query = read_query(ask("www.example. A", edns=True, payload=payload))
    assert isinstance(query, Query)
    assert udp_room(query, UDP_OCTETS) == room


def test_without_edns_a_udp_reply_has_512_octets() -> None:
    query = read_query(ask("www.example. A"))
    assert isinstance(query, Query)
    assert udp_room(query, UDP_OCTETS) == 512


@pytest.mark.parametrize(
    ("data", "reply"),
    [
        pytest.param(b"", None, id="nothing"),
        pytest.param(bytes(11), None, id="less than a header"),
        pytest.param(ask("www.example. A")[:2] + b"\x81\x80" + ask("www.example. A")[4:], None, id="a response"),
        pytest.param(b"\0\7\1\0" + bytes(8), dns.rcode.FORMERR, id="no question"),
        pytest.param(b"\0\7\x28\0" + bytes(8), dns.rcode.NOTIMP, id="an UPDATE"),
    ],
)
def test_what_is_no_query_is_refused_or_passed_over(data: bytes, reply: int | None) -> None:
    answers = CachedAnswers(cache_of())
    got = fast_path(answers).answer(data, LOOPBACK, LOOPBACK, 0.0)
    assert (None if got is None else read(got).rcode()) == reply
    assert not answers.asked


COOKIE = b"\0\x0c\0\x0a\0\x08"  # an OPT RR's RDLENGTH, and the head of its COOKIE option


def test_queries_that_differ_in_what_no_reply_depends_on_get_the_same_one() -> None:
    answers = CachedAnswers(cache_of(*ENTRIES))
    fast = fast_path(answers)
    plain = ask("www.example. A", edns=True)
    replies = {answer(fast, plain[:-2] + COOKIE + bytes((number,)) * 8) for number in range(9)} | {
        answer(fast, ask("www.example. A", edns=True, payload=payload)) for payload in (1232, 1400, 4096)
    }
    assert (len(replies), len(answers.asked)) == (1, 1)


MANY = rrset("\n".join(f"many.example. 300 A 192.0.2.{host}" for host in range(250)))


def varying(answers: CachedAnswers) -> FastPath:
    return FastPath(answers, answers.cache, ServiceCounts(), ReplyStyle(seed=5))


@pytest.mark.parametrize("over_tcp", [False, True], ids=["truncated", "whole"])
def test_large_sets_are_rendered_once_for_each_transport(over_tcp: bool) -> None:
    answers = CachedAnswers(cache_of(MANY))
    fast = varying(answers)
    for number in range(20):
        data = ask("many.example. A", id=number)
        message = read(fast.answer(data, LOOPBACK, LOOPBACK, 0.0, over_tcp=over_tcp))
        assert bool(message.flags & dns.flags.TC) is not over_tcp
        assert len(message.answer[0]) == (250 if over_tcp else 30)
    assert len(answers.asked) == 1


@pytest.mark.parametrize("text", ["www.example. A", "many.example. A"])
@pytest.mark.parametrize("over_tcp", [False, True], ids=["UDP", "TCP"])
def test_each_record_comes_first_now_and_then_in_rendered_replies_too(text: str, over_tcp: bool) -> None:
    """Clients that take the first address spread over all of them; also who always asks for A and AAAA in turns."""
    answers = CachedAnswers(cache_of(*ENTRIES, MANY))
    fast = varying(answers)
    firsts: dict[bytes, int] = {}
    ask_often, beside = ask(text), ask("alias.example. A")
    for _ in range(2000):
        reply = fast.answer(ask_often, LOOPBACK, LOOPBACK, 0.0, over_tcp=over_tcp)
        fast.answer(beside, LOOPBACK, LOOPBACK, 0.0)
        assert isinstance(reply, bytes)
        first = reply[len(ask_often) + 12 :][:4]  # behind the question and a record's head stands the address
        firsts[first] = firsts.get(first, 0) + 1
    records = 250 if text.startswith("many") else 2
    assert len(firsts) > 0.9 * records
    assert max(firsts.values()) < 4 * 2000 / records


def test_the_order_is_kept_where_it_is_not_to_vary() -> None:
    fast = fast_path(CachedAnswers(cache_of(*ENTRIES)))
    assert {str(read(answer(fast, ask("www.example. A", id=number))).answer[0][0]) for number in range(20)} == {
        "192.0.2.1"
    }


def test_views_are_bounded() -> None:
    fast = fast_path(CachedAnswers(cache_of(*ENTRIES)))
    for number in range(MAX_VIEWS + 10):
        answer(fast, ask("www.example. A"), client=bytes((127, *number.to_bytes(3, "big"))))
    assert 0 < len(fast._views) <= MAX_VIEWS


def test_whoever_asks_after_whom_has_a_view_of_his_own() -> None:
    answers = CachedAnswers(cache_of())
    fast = fast_path(answers)
    ends = [(client, local) for client in (LOOPBACK, STRANGER) for local in (LOOPBACK, STRANGER)]
    for before, after in itertools.product(ends, repeat=2):
        for client, local in (before, before, after):
            assert fast.view_of(client, local) == answers.view_of(client, local)


@pytest.mark.parametrize("over_tcp", [False, True], ids=["UDP", "TCP"])
def test_a_long_query_is_known_by_what_it_asks_and_makes_no_other_known(over_tcp: bool) -> None:
    fast = fast_path(CachedAnswers(cache_of(rrset("www.example. 300 A 192.0.2.1"))))
    data = ask("www.example. A", edns=True)
    long = data[:-2] + (304).to_bytes(2, "big") + b"\0\x0c" + (300).to_bytes(2, "big") + bytes(300)
    for _ in range(2):
        reply = fast.answer(long, LOOPBACK, LOOPBACK, 0.0, over_tcp=over_tcp)
        assert isinstance(reply, bytes)
        assert read(reply).answer
    assert fast.answer(b"\0\1", LOOPBACK, LOOPBACK, 0.0, over_tcp=over_tcp) is None
    cut_off = fast.answer(long[:-1], LOOPBACK, LOOPBACK, 0.0, over_tcp=over_tcp)
    assert read(cut_off).rcode() == dns.rcode.FORMERR


def spelled(number: int) -> str:
    letters = "abcdefghijklmnop"
    return "".join(letter.upper() if number >> bit & 1 else letter for bit, letter in enumerate(letters))


def copied(octets: bytes) -> bytes:
    return bytes(bytearray(octets))


LARGE = "\n".join(f"{spelled(0)}.example. 300 TXT {number:03} {'x' * 240}" for number in range(230))


@pytest.mark.parametrize(
    "pad", [pytest.param(0, id="names in all letter cases"), pytest.param(60_000, id="an option of 60 kB")]
)
@pytest.mark.parametrize("over_tcp", [False, True], ids=["UDP", "TCP"])
def test_rendered_replies_and_what_they_hold_on_to_are_bounded_in_octets(pad: int, over_tcp: bool) -> None:
    """One TCP client with queries of 60 kB for one name had 700 MB kept for it."""
    large = rrset(LARGE)
    answers = CachedAnswers(cache_of(large))
    fast = varying(answers)
    asked = 200 if over_tcp else 1000
    tracemalloc.start()
    try:
        for number in range(asked):
            data = ask(f"{spelled(number)}.example. TXT", edns=True)
            if pad:
                data = data[:-2] + (pad + 4).to_bytes(2, "big") + b"\0\x0c" + pad.to_bytes(2, "big") + bytes(pad)
            fast.answer(data, LOOPBACK, LOOPBACK, 0.0, over_tcp=over_tcp)
            answers.asked.clear()
            if number % 7 == 6:  # the cache drops it, and it comes back as another object
                answers.cache.put(replace(large, received=0.001 * number, rdatas=tuple(map(copied, large.rdatas))), 0.0)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 0 < fast._octets <= MAX_KEPT_OCTETS
    assert held < MAX_KEPT_OCTETS + 2**20
