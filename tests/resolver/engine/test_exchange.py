"""Exchanges with a server that behaves in one way, on a clock that jumps."""

import errno
from collections.abc import Awaitable, Callable, Iterable

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest
import trio

from cache.answer import Question
from cache.names import from_text
from cache.rrtypes import FORMERR, NOERROR, SERVFAIL, A
from cache.servers import Edns, ServerState
from resolver.engine import Exchange, Landing, Means
from resolver.engine.exchange import Outcome
from resolver.engine.phases import Phase
from resolver.engine.timers import NEVER
from resolver.errors import ResolutionFailure, WorkExhausted
from resolver.iterate.budget import Budget, BudgetLimits
from resolver.iterate.options import ServerOverride
from resolver.upstream import Assurance, NoReply, Reply
from resolver.upstream.choose import Candidate, patience_for, tcp_lateness
from resolver.upstream.counts import UpstreamCounts
from tests.resolver.engine.fake_network import SERVER, Behaviour, FakeEnv, Said, reply_to, silent
from tests.resolver.engine.turned import Turned, means_of, play

QUESTION = Question(from_text("www.example."), A)
RECORD = "www.example. 60 A 192.0.2.1"
FORGED = "www.example. 60 A 203.0.113.66"
TIMEOUT = 0.4
PATIENCE = patience_for(TIMEOUT)
DEADLINE = 3600.0


class Asked:
    """One exchange under way, and what it tells. late: when it said that its reply is late."""

    def __init__(self, means: Means, budget: Budget, wait: float = TIMEOUT, *, silent_since: float = NEVER) -> None:
        self.landing = Landing()
        self.late: list[float] = []
        self.outcomes: list[Outcome] = []
        self._mesh = means.mesh
        self.exchange = Exchange(
            means,
            Candidate(SERVER, means.state_of(SERVER)),
            QUESTION,
            wait,
            budget,
            QUESTION.qname,
            self._note_late,
            self._note_over,
            is_recursive=False,
            silent_since=silent_since,
        )

    async def finish(self) -> Reply | NoReply:
        """Send, and wait for the end; raises WorkExhausted."""
        self.exchange.send()
        await self._mesh.landed(self.landing)
        (outcome,) = self.outcomes
        if isinstance(outcome, ResolutionFailure):
            raise outcome
        return outcome

    def _note_late(self, exchange: Exchange) -> None:
        assert exchange is self.exchange
        self.late.append(self._mesh.now)

    def _note_over(self, exchange: Exchange, outcome: Outcome) -> None:
        assert exchange is self.exchange
        self.outcomes.append(outcome)
        self.landing.land()


class Result:
    """What became of some exchanges."""

    def __init__(self) -> None:
        self.outcomes: list[Reply | NoReply] = []
        self.elapsed: list[float] = []
        self.counts = UpstreamCounts()
        self.env = FakeEnv({})
        self.state = ServerState()
        self.spent = 0

    @property
    def outcome(self) -> Reply | NoReply:
        return self.outcomes[-1]

    @property
    def address(self) -> bytes:
        """The rdata answered last."""
        assert isinstance(self.outcome, Reply)
        return self.outcome.response.answer[0].rdatas[0]

    @property
    def sent_over_tcp(self) -> list[bool]:
        return [over_tcp for _, _, over_tcp in self.env.world.sent]


def ask(
    behaviour: Behaviour | None,
    times: int = 1,
    *,
    prepare: Callable[[Result, Means], None] | None = None,
    case_randomization: bool = True,
    deadline: float = DEADLINE,
    override: ServerOverride | None = None,
) -> Result:
    result = Result()

    async def main() -> None:
        env = result.env = FakeEnv({} if behaviour is None else {SERVER: behaviour})
        turned = Turned(env)
        means = means_of(
            turned, env, upstream_counts=result.counts, case_randomization=case_randomization, override=override
        )
        result.state = means.state_of(SERVER)
        if prepare is not None:
            prepare(result, means)
        for _ in range(times):
            before, budget = env.now(), Budget(env.now() + deadline)
            result.outcomes.append(await turned.run(asked(means, budget)))
            result.elapsed.append(env.now() - before)
            result.spent += budget.spent.queries

    play(main)
    return result


async def asked(means: Means, budget: Budget) -> Reply | NoReply:
    return await Asked(means, budget).finish()


def with_one(
    behaviour: Behaviour, test: Callable[[Turned, FakeEnv, Asked], Awaitable[None]], wait: float = 0.1
) -> None:
    """Run the test with one exchange that is not sent yet."""

    async def main() -> None:
        env = FakeEnv({SERVER: behaviour})
        turned = Turned(env)
        await test(turned, env, Asked(means_of(turned, env), Budget(DEADLINE), wait))

    play(main)


def honest(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
    return [(0.02, reply_to(query, RECORD).to_wire())]


def with_id(reply: dns.message.Message, id: int) -> bytes:
    return id.to_bytes(2, "big") + reply.to_wire()[2:]


def lowered(query: dns.message.Message) -> dns.message.Message:
    """The query as a server sees it that does not keep letter case."""
    name = query.question[0].name.to_wire()
    assert name is not None
    return dns.message.from_wire(query.to_wire().replace(name, name.lower()))


def test_a_reply_is_taken_and_its_round_trip_remembered() -> None:
    result = ask(honest)
    assert isinstance(result.outcome, Reply)
    assert result.outcome.response.rcode == NOERROR
    assert result.outcome.assurance is Assurance.CASE
    assert result.elapsed == [pytest.approx(0.02)]
    assert result.state.srtt == pytest.approx(0.02)
    assert result.state.edns is Edns.WORKS
    assert (result.counts.sent, result.counts.received, result.spent) == (1, 1, 1)
    assert all(channel.is_closed for channel in result.env.world.channels)


def test_the_query_is_iterative_with_edns_1232_and_random_case() -> None:
    result = ask(honest, times=20)
    queries = [dns.message.from_wire(message) for _, message, _ in result.env.world.sent]
    assert all(not query.flags & dns.flags.RD for query in queries)
    assert {(query.edns, query.payload) for query in queries} == {(0, 1232)}
    assert len({query.question[0].name.to_text() for query in queries}) > 10
    assert len({query.id for query in queries}) > 15


def test_signatures_are_always_asked_for() -> None:
    """RFC 4035 §3.2.1: «MUST set the DO bit when sending requests, regardless of the state of the DO bit in the initiating
    request»."""
    (_, message, _) = ask(honest).env.world.sent[0]
    assert dns.message.from_wire(message).ednsflags & dns.flags.DO


def test_without_case_randomization_the_name_is_as_it_is() -> None:
    result = ask(honest, case_randomization=False)
    assert dns.message.from_wire(result.env.world.sent[0][1]).question[0].name.to_text() == "www.example."


def test_silence_is_a_timeout() -> None:
    result = ask(silent)
    assert result.outcome is NoReply.TIMEOUT
    assert result.elapsed == [pytest.approx(PATIENCE)]
    assert result.state.timeouts_in_a_row == 1
    assert result.state.loss > 0
    assert result.counts.timeouts == 1


def test_a_late_reply_counts_and_tells_how_far_the_server_is() -> None:
    result = ask(lambda query, over_tcp: [(TIMEOUT + 0.1, reply_to(query, RECORD).to_wire())])
    assert isinstance(result.outcome, Reply)
    assert result.state.srtt == pytest.approx(TIMEOUT + 0.1)
    assert result.state.timeouts_in_a_row == 0
    assert result.counts.late_replies == 1


def test_who_asked_is_told_once_that_the_reply_is_late_and_gets_it_when_it_comes() -> None:
    async def test(turned: Turned, env: FakeEnv, one: Asked) -> None:
        reply = await turned.run(one.finish())
        assert isinstance(reply, Reply)
        assert env.now() == pytest.approx(0.5)
        assert one.late == [pytest.approx(0.1)]
        assert one.exchange.was_late
        assert all(channel.is_closed for channel in env.world.channels)

    with_one(lambda query, over_tcp: [(0.5, reply_to(query, RECORD).to_wire())], test)


def truncating(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
    return [(0.02, reply_to(query, RECORD, flags=0 if over_tcp else dns.flags.TC).to_wire())]


def test_what_is_fetched_over_tcp_has_a_moment_of_its_own_to_be_late() -> None:
    async def test(turned: Turned, env: FakeEnv, one: Asked) -> None:
        outcome = await turned.run(one.finish())
        assert isinstance(outcome, Reply)
        assert outcome.assurance is Assurance.TCP
        assert (one.exchange.phase, one.late, one.exchange.was_late) == (Phase.STREAM, [], False)
        assert one.exchange.sent_at == pytest.approx(0.02)
        assert one.exchange.late_at > env.now()

    with_one(truncating, test)


def test_a_stream_that_is_late_is_told_like_a_datagram_and_listened_to() -> None:
    def slow(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        return [(0.9 if over_tcp else 0.02, data) for _, data in truncating(query, over_tcp)]

    async def test(turned: Turned, env: FakeEnv, one: Asked) -> None:
        assert isinstance(await turned.run(one.finish()), Reply)
        assert one.late == [pytest.approx(0.02 + tcp_lateness(0.1))]
        assert env.now() == pytest.approx(0.92)

    with_one(slow, test)


def test_a_reply_that_nobody_wants_any_more_is_not_fetched_over_tcp() -> None:
    async def test(turned: Turned, env: FakeEnv, one: Asked) -> None:
        one.exchange.is_wanted = False
        await turned.run(one.finish())
        assert [over_tcp for _, _, over_tcp in env.world.sent] == [False]

    with_one(truncating, test)


def test_who_is_not_wanted_any_more_is_not_told_to_be_late() -> None:
    async def test(turned: Turned, env: FakeEnv, one: Asked) -> None:
        one.exchange.is_wanted = False
        assert await turned.run(one.finish()) is NoReply.TIMEOUT
        assert (one.late, one.exchange.was_late) == ([], True)

    with_one(silent, test)


@pytest.mark.parametrize("over_tcp", [False, True], ids=["UDP", "TCP"])
def test_an_exchange_that_is_closed_tells_nobody_anything(over_tcp: bool) -> None:
    async def test(turned: Turned, env: FakeEnv, one: Asked) -> None:
        turned.do(one.exchange.send)
        await trio.sleep(0.03 if over_tcp else 0.01)
        assert [is_stream for _, _, is_stream in env.world.sent] == [False, True][: 1 + over_tcp]
        turned.do(one.exchange.close)
        await trio.sleep(5.0)
        assert (one.late, one.outcomes) == ([], [])
        assert all(channel.is_closed for channel in env.world.channels)
        assert len(turned.mesh.timers) == 0

    with_one(truncating, test)


def test_a_reply_after_all_patience_is_too_late() -> None:
    result = ask(lambda query, over_tcp: [(PATIENCE + 0.01, reply_to(query, RECORD).to_wire())])
    assert result.outcome is NoReply.TIMEOUT


def test_icmp_unreachable_ends_the_wait_at_once() -> None:
    result = ask(lambda query, over_tcp: [(0.01, b"")])
    assert result.outcome is NoReply.UNREACHABLE
    assert result.elapsed == [pytest.approx(0.01)]
    assert result.counts.unreachable == 1


def another_question(query: dns.message.Message) -> bytes:
    return with_id(
        reply_to(dns.message.make_query("other.example.", "A"), "other.example. 60 A 203.0.113.66"), query.id
    )


def another_type(query: dns.message.Message) -> bytes:
    return with_id(reply_to(dns.message.make_query(query.question[0].name, "MX")), query.id)


def the_query_itself(query: dns.message.Message) -> bytes:
    return query.to_wire()


def no_question(query: dns.message.Message) -> bytes:
    reply = reply_to(query, FORGED)
    reply.question = []
    return reply.to_wire()


@pytest.mark.parametrize(
    "stray",
    [
        pytest.param(lambda query: b"\xff" * 40, id="garbage"),
        pytest.param(lambda query: b"x", id="one octet"),
        pytest.param(lambda query: with_id(reply_to(query, FORGED), query.id ^ 1)[:-3], id="cut short, of another ID"),
        pytest.param(
            lambda query: reply_to(lowered(query), FORGED).to_wire()[:-3], id="cut short, in other letter case"
        ),
        pytest.param(another_question, id="another question"),
        pytest.param(another_type, id="another type"),
        pytest.param(the_query_itself, id="QR=0"),
        pytest.param(no_question, id="an answer to no question"),
    ],
)
def test_nothing_but_the_reply_ends_the_wait(stray: Callable[[dns.message.Message], bytes]) -> None:
    """TuDoor: a malformed or foreign response must not cost the client the right one."""

    def behave(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        return [(0.01, stray(query)), (0.02, stray(query)), (0.03, reply_to(query, RECORD).to_wire())]

    result = ask(behave)
    assert result.address == bytes([192, 0, 2, 1])
    assert result.counts.garbage + result.counts.mismatched == 2
    assert result.sent_over_tcp == [False]


def test_a_guessed_id_sends_us_to_tcp() -> None:
    def behave(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        if over_tcp:
            return [(0.02, reply_to(query, RECORD).to_wire())]
        return [(0.01, with_id(reply_to(query, FORGED), query.id ^ 1)), (0.02, reply_to(query, FORGED).to_wire())]

    result = ask(behave)
    assert result.address == bytes([192, 0, 2, 1])
    assert result.sent_over_tcp == [False, True]
    assert result.counts.near_misses == 1
    assert result.spent == 2


def test_a_flood_of_strays_sends_us_to_tcp() -> None:
    def behave(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        if over_tcp:
            return [(0.02, reply_to(query, RECORD).to_wire())]
        return [(0.001, b"\xff" * 20)] * 1000

    result = ask(behave)
    assert result.address == bytes([192, 0, 2, 1])
    assert result.counts.garbage <= 64


def test_truncated_replies_are_fetched_over_tcp() -> None:
    def behave(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        flags = dns.flags.AA if over_tcp else dns.flags.AA | dns.flags.TC
        return [(0.02, reply_to(query, RECORD if over_tcp else FORGED, flags=flags).to_wire())]

    result = ask(behave)
    assert result.address == bytes([192, 0, 2, 1])
    assert isinstance(result.outcome, Reply)
    assert result.outcome.assurance is Assurance.TCP
    assert (result.counts.truncated, result.counts.sent_tcp) == (1, 1)


@pytest.mark.parametrize(
    ("over_tcp_says", "why"),
    [
        pytest.param(lambda query: [], NoReply.UNREACHABLE, id="closed without a word"),
        pytest.param(lambda query: [(60.0, b"late")], NoReply.TIMEOUT, id="silent"),
        pytest.param(lambda query: [(0.0, b"\xff" * 30)], NoReply.GARBLED, id="garbage"),
        pytest.param(
            lambda query: [(0.0, with_id(reply_to(query, FORGED), query.id ^ 1))], NoReply.BROKEN, id="wrong ID"
        ),
        pytest.param(
            lambda query: [(0.0, reply_to(query, FORGED, flags=dns.flags.TC).to_wire())],
            NoReply.TOO_LONG,
            id="TC again",
        ),
    ],
)
def test_truncated_data_is_never_used_when_tcp_fails(
    over_tcp_says: Callable[[dns.message.Message], Iterable[Said]], why: NoReply
) -> None:
    """Scenario 44."""

    def behave(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        if over_tcp:
            return over_tcp_says(query)
        return [(0.01, reply_to(query, FORGED, flags=dns.flags.TC).to_wire())]

    assert ask(behave).outcome is why


def truncating_without_tcp(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
    return [(60.0, b"late")] if over_tcp else truncating(query, over_tcp)


def test_silence_over_tcp_says_nothing_of_datagrams() -> None:
    """A firewall drops what would open the connection; over UDP the server answers each time."""
    result = ask(truncating_without_tcp, times=4)
    assert result.outcomes == [NoReply.TIMEOUT] * 4
    assert (result.state.losses, result.state.loss) == (0, 0.0)


def test_silence_over_tcp_counts_where_nothing_else_is_asked() -> None:
    result = ask(truncating_without_tcp, override=ServerOverride(SERVER.host, tcp="always"))
    assert (result.outcome, result.state.losses) == (NoReply.TIMEOUT, 1)


@pytest.mark.parametrize("truncates", [pytest.param(False, id="UDP"), pytest.param(True, id="TCP")])
def test_nothing_is_waited_for_past_the_deadline(truncates: bool) -> None:
    def behave(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        delay = 0.0 if truncates and not over_tcp else 60.0
        return [(delay, reply_to(query, RECORD, flags=dns.flags.TC).to_wire())]

    result = ask(behave, deadline=0.25)
    assert result.outcome is NoReply.TIMEOUT
    assert result.elapsed == [pytest.approx(0.25)]


def test_a_server_that_changes_letter_case_is_confirmed_over_tcp_and_remembered() -> None:
    def behave(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        return [(0.02, reply_to(lowered(query), RECORD).to_wire())]

    result = ask(behave, times=3)
    assert [isinstance(outcome, Reply) for outcome in result.outcomes] == [True] * 3
    assert result.sent_over_tcp == [False, True, False, False]
    assert result.state.keeps_case is False
    assert result.counts.case_broken_servers == 1


def test_a_forger_cannot_make_us_give_up_letter_case() -> None:
    def behave(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        return [(0.02, reply_to(query if over_tcp else lowered(query), RECORD).to_wire())]

    result = ask(behave)
    assert isinstance(result.outcome, Reply)
    assert result.state.keeps_case is not False
    assert result.counts.case_mismatched == 1


def without_tcp(behave: Behaviour) -> Behaviour:
    """The same server behind a filter that drops TCP."""
    return lambda query, over_tcp: () if over_tcp else behave(query, over_tcp)


def test_a_server_without_tcp_that_changes_letter_case_is_asked_in_its_own_and_remembered() -> None:
    result = ask(without_tcp(lambda query, over_tcp: [(0.02, reply_to(lowered(query), RECORD).to_wire())]), times=3)
    assert [isinstance(outcome, Reply) for outcome in result.outcomes] == [True] * 3
    assert result.sent_over_tcp == [False, True, False, False, False]
    assert result.state.keeps_case is False
    assert result.elapsed[1:] == [pytest.approx(0.02)] * 2


def test_a_guessed_id_does_not_take_a_server_without_tcp_away() -> None:
    """The forger knows the first port, not the second."""
    ports = iter([True])

    def behave(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        if next(ports, False):
            return [(0.01, with_id(reply_to(query, FORGED), query.id ^ 1)), (0.02, reply_to(query, RECORD).to_wire())]
        return [(0.02, reply_to(query, RECORD).to_wire())]

    result = ask(without_tcp(behave))
    assert result.address == bytes((192, 0, 2, 1))
    assert result.sent_over_tcp == [False, True, False]
    assert result.counts.cleared_up_without_tcp == 1


def test_who_goes_on_guessing_ends_the_exchange_and_teaches_nothing() -> None:
    def behave(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        return [(0.01, with_id(reply_to(query, FORGED), query.id ^ 1))]

    result = ask(without_tcp(behave))
    assert result.outcome is NoReply.BROKEN
    assert result.sent_over_tcp == [False, True, False]
    assert result.state.keeps_case is not False


def before_edns(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
    """A server that answers FORMERR to any query with OPT."""
    if query.edns >= 0:
        return [(0.02, reply_to(query, rcode=FORMERR, edns=False).to_wire())]
    return [(0.02, reply_to(query, RECORD).to_wire())]


def test_a_server_without_edns_is_asked_without_and_remembered() -> None:
    result = ask(before_edns, times=2)
    assert result.address == bytes([192, 0, 2, 1])
    assert [dns.message.from_wire(message).edns for _, message, _ in result.env.world.sent] == [0, -1, -1]
    assert result.state.edns is Edns.BROKEN
    assert result.counts.edns_fallbacks == 1


@pytest.mark.parametrize("rcode", [dns.rcode.NOTIMP, dns.rcode.BADVERS], ids=["NOTIMP", "BADVERS"])
def test_other_refusals_of_edns_are_understood(rcode: dns.rcode.Rcode) -> None:
    def behave(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        if query.edns >= 0:
            return [(0.02, reply_to(query, rcode=rcode, edns=rcode == dns.rcode.BADVERS).to_wire())]
        return [(0.02, reply_to(query, RECORD).to_wire())]

    assert ask(behave).address == bytes([192, 0, 2, 1])


def test_what_was_learned_of_edns_expires() -> None:
    def remember(result: Result, means: Means) -> None:
        result.state.edns, result.state.edns_until = Edns.BROKEN, result.env.now() - 1

    result = ask(honest, prepare=remember)
    assert dns.message.from_wire(result.env.world.sent[0][1]).edns == 0
    assert result.state.edns is Edns.WORKS


def test_a_forged_formerr_teaches_nothing() -> None:
    """CVE-2026-52690: a bare FORMERR needs no knowledge of the question; it may cost a retry, not EDNS."""

    def behave(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        if query.edns < 0:
            return [(0.02, reply_to(query, RECORD).to_wire())]
        return [(0.01, query.id.to_bytes(2, "big") + b"\x80\x01" + bytes(8))]

    result = ask(behave)
    assert result.address == bytes([192, 0, 2, 1])
    assert result.state.edns is not Edns.BROKEN


def test_a_server_that_always_says_formerr_is_asked_twice_and_no_more() -> None:
    """CVE-2026-5950."""
    result = ask(lambda query, over_tcp: [(0.01, reply_to(query, rcode=FORMERR, edns=False).to_wire())])
    assert isinstance(result.outcome, Reply)
    assert result.outcome.response.rcode == FORMERR
    assert result.spent == 2
    assert result.state.edns is not Edns.BROKEN


def test_an_error_with_edns_is_the_answer() -> None:
    result = ask(lambda query, over_tcp: [(0.01, reply_to(query, rcode=SERVFAIL).to_wire())])
    assert isinstance(result.outcome, Reply)
    assert result.outcome.response.rcode == SERVFAIL
    assert result.spent == 1


def test_no_route_is_no_fault_of_the_server() -> None:
    result = ask(honest, prepare=lambda result, means: result.env.world.unroutable.add(SERVER.host))
    assert result.outcome is NoReply.NO_ROUTE
    assert result.state.timeouts_in_a_row == 0


def test_what_this_host_lacks_is_no_fault_of_the_server() -> None:
    result = ask(honest, prepare=lambda result, means: result.env.world.hinder(errno.EMFILE))
    assert result.outcome is NoReply.THIS_HOST
    assert (result.state.timeouts_in_a_row, result.state.losses, result.state.probe_at) == (0, 0, 0.0)
    assert result.counts.host_errors == {"EMFILE": 1}
    assert result.counts.unreachable == 0


def test_no_route_closes_the_family_while_the_other_one_works() -> None:
    def heard_over_the_other(result: Result, means: Means) -> None:
        result.env.world.unroutable.add(SERVER.host)
        means.families.note_heard(SERVER._replace(host="2001:db8::1"), 0.0)

    result = ask(honest, prepare=heard_over_the_other)
    assert result.counts.family_absent == 1


def test_an_exhausted_budget_ends_the_exchange_before_anything_is_sent() -> None:
    async def main() -> None:
        env = FakeEnv({SERVER: honest})
        turned = Turned(env)
        with pytest.raises(WorkExhausted):
            await turned.run(asked(means_of(turned, env), Budget(DEADLINE, BudgetLimits(queries=0))))
        assert env.world.sent == []
        assert all(channel.is_closed for channel in env.world.channels)

    play(main)


def test_an_exhausted_budget_ends_the_exchange_before_the_next_packet() -> None:
    async def main() -> None:
        env = FakeEnv({SERVER: truncating})
        turned = Turned(env)
        with pytest.raises(WorkExhausted):
            await turned.run(asked(means_of(turned, env), Budget(DEADLINE, BudgetLimits(queries=1))))
        assert [over_tcp for _, _, over_tcp in env.world.sent] == [False]
        assert all(channel.is_closed for channel in env.world.channels)

    play(main)


def test_edns_that_was_refused_is_not_taken_up_again_over_tcp() -> None:
    """Else this server would be asked for ever: over UDP it truncates, and over TCP it can read nothing."""

    def behave(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        rcode, flags = (FORMERR, 0) if over_tcp else (NOERROR, dns.flags.TC)
        return [(0.01, reply_to(query, rcode=rcode, flags=flags, edns=False).to_wire())]

    result = ask(behave)
    assert result.sent_over_tcp == [False, True, False, True]
    assert [dns.message.from_wire(message).edns for _, message, _ in result.env.world.sent] == [0, 0, -1, -1]
    assert isinstance(result.outcome, Reply)
    assert result.outcome.response.rcode == FORMERR


SERVER_COOKIE = bytes(range(16))


def cookie_of(query: dns.message.Message) -> dns.edns.CookieOption | None:
    return next((option for option in query.options if isinstance(option, dns.edns.CookieOption)), None)


def with_cookie(
    query: dns.message.Message, record: str = RECORD, *, client: bytes | None = None, rcode: int = NOERROR
) -> bytes:
    """A reply with the client cookie of the query, or with another one, and a server cookie."""
    sent = cookie_of(query)
    reply = reply_to(query, *([record] if rcode == NOERROR else []))
    reply.use_edns(0, options=[dns.edns.CookieOption(client or (sent.client if sent else bytes(8)), SERVER_COOKIE)])
    reply.set_rcode(dns.rcode.Rcode(rcode))
    return reply.to_wire()


def cookies_sent(result: Result) -> list[bytes | None]:
    sent = [cookie_of(dns.message.from_wire(message)) for _, message, _ in result.env.world.sent]
    return [option.client + option.server if option is not None else None for option in sent]


def test_the_server_cookie_is_echoed_from_the_second_query_on() -> None:
    result = ask(lambda query, over_tcp: [(0.02, with_cookie(query))], times=3)
    first, second, third = cookies_sent(result)
    assert first is not None
    assert len(first) == 8
    assert second == third == first + SERVER_COOKIE
    assert isinstance(result.outcome, Reply)


def test_a_cookie_proves_a_reply_where_letter_case_does_not() -> None:
    proven = ask(lambda query, over_tcp: [(0.02, with_cookie(query))], case_randomization=False).outcome
    unproven = ask(honest, case_randomization=False).outcome
    assert isinstance(proven, Reply)
    assert isinstance(unproven, Reply)
    assert (proven.assurance, unproven.assurance) == (Assurance.COOKIE, Assurance.NONE)


def test_a_reply_with_another_client_cookie_is_confirmed_over_tcp() -> None:
    """RFC 7873 §5.3; not even if ID, port and letter case were guessed is it taken, and it costs the client one exchange."""

    def forged_first(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        honestly = (0.02, with_cookie(query))
        return [honestly] if over_tcp else [(0.01, with_cookie(query, FORGED, client=b"guessing")), honestly]

    result = ask(forged_first)
    assert result.address == bytes((192, 0, 2, 1))
    assert result.sent_over_tcp == [False, True]
    assert result.counts.cookies_given_up == 0
    assert (result.state.discards, result.state.last_discard) == (1, NoReply.OTHER_COOKIE.value)


OURS_ALONE = "ours alone"


@pytest.mark.parametrize("has_tcp", [pytest.param(True, id="TCP"), pytest.param(False, id="no TCP")])
@pytest.mark.parametrize("cookie", [OURS_ALONE, "another's"])
def test_a_server_that_cannot_echo_cookies_is_asked_without_in_the_same_question(cookie: str, has_tcp: bool) -> None:
    def behave(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        sent = cookie_of(query)
        if over_tcp and not has_tcp:
            return [(60.0, b"")]
        if sent is None:
            return [(0.01, reply_to(query, RECORD).to_wire())]
        if cookie == OURS_ALONE:
            reply = reply_to(query, RECORD)
            reply.use_edns(0, options=[dns.edns.GenericOption(dns.edns.OptionType.COOKIE, sent.client)])
            return [(0.01, reply.to_wire())]
        return [(0.01, with_cookie(query, client=b"constant"))]

    result = ask(behave, times=3)
    assert all(isinstance(outcome, Reply) for outcome in result.outcomes)
    assert result.sent_over_tcp == [False, True, *([] if has_tcp else [False]), False, False]
    assert result.elapsed[0] < 0.4
    assert result.elapsed[1:] == [pytest.approx(0.01)] * 2
    assert cookies_sent(result)[2:] == [None] * (2 if has_tcp else 3)
    assert (result.state.losses, result.counts.cookies_given_up) == (0, 1)


def test_a_server_without_tcp_that_bears_neither_cookie_nor_letter_case_is_asked_without_both() -> None:
    """What it bears is learned of one guard at a time: that which was suspected."""
    behave = without_tcp(lambda query, over_tcp: [(0.01, with_cookie(lowered(query), client=b"constant"))])
    result = ask(behave, times=3)
    assert all(isinstance(outcome, Reply) for outcome in result.outcomes)
    assert result.sent_over_tcp == [False, True, False] * 2 + [False]
    assert (result.counts.case_broken_servers, result.counts.cookies_given_up) == (1, 1)
    assert [sent is None for sent in cookies_sent(result)] == [False, False, True, False, False, True, True]


def test_what_was_discarded_is_what_is_told_when_nothing_helps() -> None:
    def stubborn(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        is_first = cookie_of(query) is not None and not over_tcp
        return [(0.01, with_cookie(query, client=b"constant"))] if is_first else [(60.0, b"")]

    result = ask(stubborn)
    assert result.outcome is NoReply.OTHER_COOKIE
    assert result.spent == 3


def malformed(query: dns.message.Message) -> bytes:
    """A reply whose A record has five octets of data."""
    wire = reply_to(query, RECORD, edns=False).to_wire()
    return wire[:-6] + b"\0\5" + wire[-4:] + b"\0"


def test_a_malformed_reply_is_asked_for_once_more_without_edns() -> None:
    def behave(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        return [(0.01, malformed(query) if query.edns >= 0 else reply_to(query, RECORD).to_wire())]

    result = ask(behave, times=2)
    assert result.address == bytes((192, 0, 2, 1))
    assert [dns.message.from_wire(message).edns for _, message, _ in result.env.world.sent] == [0, -1, -1]
    assert result.elapsed == [pytest.approx(0.02), pytest.approx(0.01)]
    assert (result.counts.malformed, result.counts.edns_broken_servers) == (1, 1)


def test_a_server_that_only_says_what_cannot_be_read_has_failed_for_that_reason() -> None:
    result = ask(lambda query, over_tcp: [(0.01, malformed(query))])
    assert result.outcome is NoReply.GARBLED
    assert (result.spent, result.state.losses) == (2, 0)
    assert result.state.last_discard == NoReply.GARBLED.value
    assert result.state.edns is not Edns.BROKEN


def test_a_malformed_reply_of_a_server_with_cookies_may_be_forged() -> None:
    turns = iter([False, True])

    def behave(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        return [(0.01, malformed(query) if next(turns, False) else with_cookie(query))]

    result = ask(behave, times=2)
    assert isinstance(result.outcome, Reply)
    assert result.sent_over_tcp == [False, False, True]
    assert result.state.edns is Edns.WORKS


@pytest.mark.parametrize("flaw", ["two", "an option past its end"])
def test_a_reply_with_a_broken_opt_is_read_without_it(flaw: str) -> None:
    opt = b"\0\0\x29\x04\xd0\0\0\x80\0\0"
    broken = (opt + b"\0") * 2 if flaw == "two" else opt + b"\4\0\x0f\0\x09"

    def behave(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        wire = reply_to(query, RECORD, edns=False).to_wire()
        return [(0.01, wire[:10] + bytes((0, 2 if flaw == "two" else 1)) + wire[12:] + broken)]

    result = ask(behave)
    assert result.address == bytes((192, 0, 2, 1))
    assert result.spent == 1
    assert (result.state.discards, "OPT" in result.state.last_discard) == (1, True)


def test_a_reply_without_the_cookie_that_the_server_has_is_confirmed_over_tcp() -> None:
    """Whether forged or true: over TCP nobody off the path can say it."""
    turns = iter([True, False, True, True])

    def sometimes(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        if next(turns):
            return [(0.02, with_cookie(query))]
        return [(0.01, reply_to(query, FORGED).to_wire())]

    result = ask(sometimes, times=3)
    assert result.address == bytes((192, 0, 2, 1))
    assert result.sent_over_tcp == [False, False, True, False]
    assert (result.counts.cookies_missing, result.counts.cookies_given_up) == (1, 0)
    assert len(cookies_sent(result)[-1] or b"") == 8 + len(SERVER_COOKIE)


def test_a_server_that_gave_up_cookies_costs_tcp_once() -> None:
    turns = iter([True])

    def once(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        return [(0.02, with_cookie(query) if next(turns, False) else reply_to(query, RECORD).to_wire())]

    result = ask(once, times=4)
    assert result.sent_over_tcp == [False, False, True, False, False]
    assert result.counts.cookies_given_up == 1


def test_a_server_without_tcp_that_gave_up_cookies_costs_one_more_query_once() -> None:
    turns = iter([True])

    def once(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        return [(0.02, with_cookie(query) if next(turns, False) else reply_to(query, RECORD).to_wire())]

    result = ask(without_tcp(once), times=4)
    assert [isinstance(outcome, Reply) for outcome in result.outcomes] == [True] * 4
    assert result.sent_over_tcp == [False, False, True, False, False, False]
    assert cookies_sent(result)[3:] == [None, None, None]
    assert result.counts.cookies_given_up == 1


def test_badcookie_is_asked_again_once_with_the_new_cookie() -> None:
    def strict(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        sent = cookie_of(query)
        is_right = sent is not None and sent.server == SERVER_COOKIE
        return [(0.02, with_cookie(query, rcode=NOERROR if is_right else dns.rcode.BADCOOKIE))]

    result = ask(strict, times=2)
    assert all(isinstance(outcome, Reply) and outcome.response.rcode == NOERROR for outcome in result.outcomes)
    assert result.sent_over_tcp == [False, False, False]
    assert result.counts.bad_cookies == 1


def test_badcookie_for_ever_ends_over_tcp() -> None:
    def never(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        return [(0.02, with_cookie(query, rcode=NOERROR if over_tcp else dns.rcode.BADCOOKIE))]

    result = ask(never)
    assert isinstance(result.outcome, Reply)
    assert result.outcome.response.rcode == NOERROR
    assert result.sent_over_tcp == [False, False, True]


@pytest.mark.parametrize("rcode", [FORMERR, dns.rcode.BADCOOKIE], ids=["FORMERR", "BADCOOKIE"])
def test_a_server_that_refuses_every_cookie_is_found_out_within_the_question(rcode: int) -> None:
    def refuses(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        reply = with_cookie(query, rcode=rcode) if cookie_of(query) is not None else reply_to(query, RECORD).to_wire()
        return [(0.02, reply)]

    result = ask(refuses, times=3)
    assert all(isinstance(outcome, Reply) and outcome.response.rcode == NOERROR for outcome in result.outcomes)
    assert cookies_sent(result)[-3:] == [None] * 3
    assert result.counts.cookies_given_up == 1
    assert result.counts.edns_fallbacks == 0


def test_formerr_for_another_reason_is_asked_without_a_cookie_once_and_teaches_nothing() -> None:
    def refuses(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        return [(0.02, with_cookie(query, rcode=FORMERR))]

    result = ask(refuses)
    assert isinstance(result.outcome, Reply)
    assert result.outcome.response.rcode == FORMERR
    assert len(result.sent_over_tcp) == 2
    assert result.counts.cookies_given_up == 0


def test_a_forged_badcookie_teaches_nothing() -> None:
    def forged_first(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        forged = with_cookie(query, client=b"guessing", rcode=dns.rcode.BADCOOKIE)
        return [(0.02, with_cookie(query))] if over_tcp else [(0.01, forged), (0.02, with_cookie(query))]

    result = ask(forged_first)
    assert result.sent_over_tcp == [False, True]
    assert isinstance(result.outcome, Reply)
    assert result.outcome.response.rcode == NOERROR
    assert result.counts.bad_cookies == 0


def test_a_forged_formerr_does_not_reach_a_server_with_cookies() -> None:
    """CVE-2026-52690: it lacks the cookie, so it leads to TCP, and EDNS stays."""
    turns = iter([False, True])

    def forged(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        if next(turns, False):
            return [(0.01, query.to_wire()[:2] + b"\x80\x01" + bytes(8))]
        return [(0.02, with_cookie(query))]

    result = ask(forged, times=3)
    assert result.sent_over_tcp == [False, False, True, False]
    assert result.counts.edns_fallbacks == 0


def dropping_options(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
    """A box before the server drops what has an option that it does not know."""
    return [] if query.options and not over_tcp else [(0.01, reply_to(query, RECORD).to_wire())]


def test_what_is_sent_again_to_a_silent_server_has_no_options_and_what_comes_of_it_is_remembered() -> None:
    async def main() -> None:
        env, counts = FakeEnv({SERVER: dropping_options}), UpstreamCounts()
        turned = Turned(env)
        means = means_of(turned, env, upstream_counts=counts)
        one = Asked(means, Budget(DEADLINE), silent_since=env.now())
        assert isinstance(await turned.run(one.finish()), Reply)
        assert counts.options_dropped == 1
        assert isinstance(await turned.run(asked(means, Budget(DEADLINE))), Reply)
        assert [dns.message.from_wire(message).options for _, message, _ in env.world.sent] == [(), ()]

    play(main)


def test_a_cookie_that_comes_after_all_is_taken_up_again() -> None:
    """The first query was late, not dropped."""

    async def main() -> None:
        env = FakeEnv({SERVER: lambda query, over_tcp: [(0.3 if query.options else 0.01, with_cookie(query))]})
        turned = Turned(env)
        means = means_of(turned, env)
        first, second = Asked(means, Budget(DEADLINE), wait=0.1), Asked(means, Budget(DEADLINE), silent_since=env.now())
        turned.do(first.exchange.send)
        await trio.sleep(0.1)
        assert isinstance(await turned.run(second.finish()), Reply)
        assert not means.state_of(SERVER).cookie
        await trio.sleep(0.3)
        assert isinstance(first.outcomes[0], Reply)
        assert len(means.state_of(SERVER).cookie) == 8 + len(SERVER_COOKIE)

    play(main)


@pytest.mark.parametrize(
    ("override", "kinds"),
    [
        pytest.param(ServerOverride(SERVER.host, cookies=False), [(False, 0, 0)], id="no cookies"),
        pytest.param(ServerOverride(SERVER.host, edns=False), [(False, -1, 0)], id="no EDNS"),
        pytest.param(ServerOverride(SERVER.host, tcp="always"), [(True, 0, 1)], id="TCP only"),
    ],
)
def test_what_the_config_says_of_a_server_is_done(override: ServerOverride, kinds: list[tuple[bool, int, int]]) -> None:
    result = ask(honest, override=override)
    assert isinstance(result.outcome, Reply)
    queries = [(over_tcp, dns.message.from_wire(message)) for _, message, over_tcp in result.env.world.sent]
    assert [(over_tcp, query.edns, len(query.options)) for over_tcp, query in queries] == kinds


def test_a_server_that_shall_not_be_asked_over_tcp_is_not() -> None:
    override = ServerOverride(SERVER.host, tcp="never")
    assert ask(truncating, override=override).outcome is NoReply.CUT_SHORT
    cleared_up = ask(lambda query, over_tcp: [(0.01, with_cookie(query, client=b"constant"))], override=override)
    assert isinstance(cleared_up.outcome, Reply)
    assert cleared_up.sent_over_tcp == [False, False]
