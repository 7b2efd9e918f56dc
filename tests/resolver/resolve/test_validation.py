"""Validation in its place: between what servers say and what is stored, through flights that wait for flights."""

from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet
from functools import partial

import msgspec
import pytest
import trio
import trio.testing

from cache.answer import Answer, Question
from cache.chain import Link, alias_of
from cache.failures import Failures
from cache.names import ROOT, from_text
from cache.options import CacheOptions, StaleOptions
from cache.rrset import Denial, RRset, Security, Trust
from cache.rrtypes import DNSKEY, NXDOMAIN, YXDOMAIN, A
from cache.store import RRsetCache
from resolver.dnssec.anchors import read
from resolver.dnssec.counts import DnssecCounts
from resolver.dnssec.standing import Standings
from resolver.dnssec.trust import ChainOfTrust
from resolver.dnssec.validate import Validator
from resolver.env import Address
from resolver.errors import (
    DNSSEC_BOGUS,
    DNSSEC_INDETERMINATE,
    Bogus,
    CachedFailure,
    DnskeyMissing,
    Indeterminate,
    NameTooLong,
    NoReachableAuthority,
    ResolutionFailure,
    RrsigsMissing,
)
from resolver.iterate import Budget, Iteration, ZoneServer
from resolver.iterate.trace import Event, Refused
from resolver.resolve import Fetcher, Flights, PublicResolver, ResolveCounts
from resolver.resolve.elsewhere import MAX_ASKED_ELSEWHERE
from resolver.resolve.validation import Validation
from tests.build import denial, question, rrset
from tests.signing import WALL, SignedZone

WWW = Question(from_text("www.example."), A)
GOOD, FORGED = "www.example. 60 A 192.0.2.1", "www.example. 60 A 192.0.2.66"
Word = Callable[[], RRset | Denial | Iteration | ResolutionFailure]
SERVERS = tuple(ZoneServer(from_text("example."), Address(f"192.0.2.{host}", 53)) for host in range(1, 12))


class World:
    """Servers of the root, of `example.` (signed) and of `open.` (not), and the daemon's core before them."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.root, self.example = SignedZone("."), SignedZone("example.")
        self.said: dict[Question, Word] = {}
        self.beside: dict[Question, list[Word]] = {}  # what the second server and those after it say
        self.asked: list[Question] = []
        self.cache, self.failures = RRsetCache(CacheOptions()), Failures()
        self.counts = DnssecCounts()
        anchors = read(self.root.anchor)
        self.standings = Standings(self.counts)
        trust = ChainOfTrust(trio.current_time, anchors, frozenset(), self.standings)
        validator = Validator(trust, trio.current_time, lambda: WALL + trio.current_time(), self.counts)
        validation = Validation(trio.current_time, validator, self.cache, self._lookup)
        resolve = self.resolve = ResolveCounts()
        fetcher = Fetcher(
            trio.current_time, self.cache, self.failures, self._iterate, StaleOptions(), resolve, validation
        )
        flights = Flights(nursery, trio.current_time, fetcher.fetch, _raise, resolve)
        self.public = PublicResolver(
            trio.current_time,
            self.cache,
            self.failures,
            flights,
            StaleOptions(),
            resolve,
            is_local=lambda name: False,
            note_due=lambda asked: None,
        )
        self.says(lambda: self.root.keys)
        self.says(lambda: self.root.sign(rrset(self.example.anchor)))
        self.says(lambda: self.example.keys)
        no_ds = self.root.sign(rrset("open. 3600 NSEC org. NS RRSIG NSEC"))
        self.said[question("open. DS")] = lambda: self.denies(
            "open. DS", ". 3600 SOA a.root. admin.root. 1 2 3 4 3600", no_ds
        )

    def says(self, entry: Callable[[], RRset], at: Question | None = None) -> None:
        made = entry()
        self.said[at or Question(made.owner, made.rtype)] = entry

    def denies(self, text: str, soa: str, *proof: RRset) -> Denial:
        made = denial(text, trio.current_time(), soa=soa)
        signed = (self.root if made.soa.owner == ROOT else self.example).sign(made.soa)
        return msgspec.structs.replace(made, soa=signed, proof=proof)

    def records(self, text: str) -> RRset:
        """These records, signed by `example.`, as heard now."""
        return self.example.sign(rrset(text, trio.current_time()))

    async def ask(self, asked: Question = WWW, *, is_checked: bool = True) -> Answer:
        return await self.public.resolve(asked, Budget(trio.current_time() + 10), is_checked=is_checked)

    async def _lookup(self, asked: Question, budget: Budget) -> Link:
        return await self.public.lookup(asked, budget)

    async def _iterate(self, asked: Question, budget: Budget, avoided: AbstractSet[ZoneServer]) -> Iteration:
        """What the first server says that is not to be avoided."""
        self.asked.append(asked)
        await trio.sleep(0.01)
        words = [self.said[asked]] if asked in self.said else []
        for server, word in zip(SERVERS, [*words, *self.beside.get(asked, ())], strict=False):
            if server not in avoided:
                return msgspec.structs.replace(_iteration(asked, word()), said_by=server)
        raise NoReachableAuthority("silent")


def _iteration(asked: Question, entry: RRset | Denial | Iteration | ResolutionFailure) -> Iteration:
    if isinstance(entry, ResolutionFailure):
        raise entry
    if isinstance(entry, Iteration):
        return entry
    now = trio.current_time()
    heard = entry if isinstance(entry, Denial) else _heard(entry, now)
    if isinstance(heard, RRset) and heard.rtype != asked.qtype:
        return Iteration(alias_of(heard, asked.qname), (heard,))
    return Iteration(heard, (heard,))


def _heard(entry: RRset, now: float) -> RRset:
    return msgspec.structs.replace(entry, received=now, expires=now + entry.ttl)


def _raise(asked: Question, fault: Exception) -> None:
    raise fault


def simulate(test: Callable[[World], Awaitable[None]]) -> None:
    async def main() -> None:
        async with trio.open_nursery() as nursery:
            await test(World(nursery))
            nursery.cancel_scope.cancel()

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def codes(answer: Answer) -> list[int]:
    return [error.code for error in answer.errors]


def test_a_signed_answer_is_secure_at_once_and_from_the_cache() -> None:
    async def test(world: World) -> None:
        world.says(lambda: world.records(GOOD))
        assert (await world.ask()).security is Security.SECURE
        asked = len(world.asked)
        found = world.public.find(WWW, trio.current_time())
        assert found is not None
        assert found.security is Security.SECURE
        await world.ask(question("open. DS"))
        assert len(world.asked) == asked + 1  # the keys of the root are known

    simulate(test)


def test_a_bogus_answer_reaches_neither_client_nor_cache() -> None:
    async def test(world: World) -> None:
        signed = world.records(GOOD)
        world.says(lambda: msgspec.structs.replace(signed, rdatas=rrset(FORGED).rdatas))
        with pytest.raises(Bogus) as failure:
            await world.ask()
        assert failure.value.info_code == DNSSEC_BOGUS
        assert world.cache.peek(WWW.qname, A) is None
        with pytest.raises(CachedFailure):
            await world.ask()

    simulate(test)


def test_a_bogus_refresh_leaves_the_last_good_answer() -> None:
    """Scenario 39: the stale secure answer is served, and nothing bogus is stored."""

    async def test(world: World) -> None:
        world.says(lambda: world.records(GOOD))
        good = await world.ask()
        await trio.sleep(61)
        world.says(lambda: msgspec.structs.replace(world.records(GOOD), rdatas=rrset(FORGED).rdatas))
        answer = await world.ask()
        assert answer.is_stale
        assert answer.answer[0].rdatas == good.answer[0].rdatas
        assert DNSSEC_BOGUS in codes(answer)
        kept = world.cache.peek(WWW.qname, A)
        assert isinstance(kept, RRset)
        assert kept.rdatas == good.answer[0].rdatas

    simulate(test)


def test_a_client_that_checks_for_itself_gets_what_failed_and_nobody_else_does() -> None:
    """RFC 4035 §3.2.2: CD=1."""

    async def test(world: World) -> None:
        signed = world.records(GOOD)
        world.says(lambda: msgspec.structs.replace(signed, rdatas=rrset(FORGED).rdatas))
        for _ in range(2):  # the second time the failure is remembered
            answer = await world.ask(is_checked=False)
            assert answer.security is Security.UNCHECKED
            assert [one.rdatas for one in answer.answer] == [rrset(FORGED).rdatas]
        assert world.cache.peek(WWW.qname, A) is None
        with pytest.raises(CachedFailure):
            await world.ask()

    simulate(test)


def test_a_chain_is_as_secure_as_its_weakest_link() -> None:
    async def test(world: World) -> None:
        world.says(lambda: world.records("www.example. 60 CNAME www.open."), WWW)
        world.says(lambda: rrset("www.open. 60 A 192.0.2.7"))
        answer = await world.ask()
        assert answer.security is Security.INSECURE
        assert [one.security for one in answer.answer] == [Security.SECURE, Security.INSECURE]

    simulate(test)


def test_a_further_link_that_is_bogus_is_asked_for_by_itself() -> None:
    async def test(world: World) -> None:
        alias = world.records("www.example. 60 CNAME b.example.")
        forged = rrset("b.example. 60 A 192.0.2.66", trio.current_time())
        link = alias_of(alias, WWW.qname)
        world.said[WWW] = lambda: Iteration(link, (alias, forged), (forged,))
        world.said[question("b.example. DS")] = lambda: NoReachableAuthority("silent")
        world.says(lambda: world.records("b.example. 60 A 192.0.2.8"))
        answer = await world.ask()
        assert answer.security is Security.SECURE
        assert answer.answer[-1].rdatas == rrset("b.example. 60 A 192.0.2.8").rdatas

    simulate(test)


def test_keys_that_cannot_be_had_fail_the_answer_and_do_not_make_it_insecure() -> None:
    async def test(world: World) -> None:
        world.says(lambda: world.records(GOOD))
        del world.said[question("example. DNSKEY")]
        with pytest.raises(NoReachableAuthority):
            await world.ask()
        assert world.cache.peek(WWW.qname, A) is None

    simulate(test)


def test_keys_are_asked_for_as_any_other_name() -> None:
    """Their flight does not wait for itself."""

    async def test(world: World) -> None:
        answer = await world.ask(question("example. DNSKEY"))
        assert answer.security is Security.SECURE
        del world.said[question("open. DS")]
        with pytest.raises(NoReachableAuthority):
            await world.ask(question("open. DNSKEY"))

    simulate(test)


def test_many_names_at_once_share_the_look_ups_of_their_keys() -> None:
    async def test(world: World) -> None:
        names = [f"h{number}.example." for number in range(20)]
        for name in names:
            world.says(partial(world.records, f"{name} 60 A 192.0.2.1"))
        async with trio.open_nursery() as nursery:
            for name in names:
                nursery.start_soon(world.ask, question(f"{name} A"))
        assert len(world.asked) == len(names) + 3  # the root's keys, the DS, the keys of example.

    simulate(test)


def test_a_dname_that_gives_too_long_a_name_is_kept_only_if_it_is_signed() -> None:
    async def test(world: World) -> None:
        asked, long = question(f"{'x' * 20}.d.example. A"), ".".join(["l" * 60] * 4)
        dname = world.records(f"d.example. 60 DNAME {long}.")
        world.said[asked] = lambda: NameTooLong("too long", dname)
        assert (await world.ask(asked)).rcode == YXDOMAIN
        assert world.cache.get(dname.owner, dname.rtype) is not None
        world.cache.forget(dname.owner)
        world.said[asked] = lambda: NameTooLong("too long", msgspec.structs.replace(dname, rdatas=(b"\0",)))
        with pytest.raises(Bogus):
            await world.ask(asked)
        assert world.cache.get(dname.owner, dname.rtype) is None

    simulate(test)


def test_what_is_not_signed_beside_the_answer_is_dropped() -> None:
    async def test(world: World) -> None:
        good = world.records(GOOD)
        beside = rrset("example. 60 NS ns.attacker.test.", trio.current_time())
        world.said[WWW] = lambda: Iteration(good, (good, beside))
        assert (await world.ask()).security is Security.SECURE
        assert world.cache.get(beside.owner, beside.rtype) is None

    simulate(test)


@pytest.mark.parametrize("is_true", [True, False])
def test_a_ds_of_a_referral_is_believed_if_it_is_signed(is_true: bool) -> None:
    async def test(world: World) -> None:
        world.says(lambda: world.records(GOOD))
        ds = world.root.sign(rrset(world.example.anchor, trust=Trust.ADDITIONAL))
        told = ds if is_true else msgspec.structs.replace(ds, rdatas=rrset(SignedZone("example.").anchor).rdatas)
        assert world.cache.put(told, trio.current_time())
        assert (await world.ask()).security is Security.SECURE
        assert (question("example. DS") in world.asked) is not is_true
        kept = world.cache.peek(told.owner, told.rtype)
        assert isinstance(kept, RRset)
        assert (kept.rdatas, kept.security) == (ds.rdatas, Security.SECURE)

    simulate(test)


def forged(world: World) -> RRset:
    return msgspec.structs.replace(world.records(GOOD), rdatas=rrset(FORGED).rdatas)


def unsigned(world: World) -> RRset:
    """Whether its name begins a zone is asked then, and denied."""
    nsec = world.records("www.example. 3600 NSEC example. A RRSIG NSEC")
    soa = "example. 3600 SOA ns.example. admin.example. 1 2 3 4 3600"
    world.said[question("www.example. DS")] = lambda: world.denies("www.example. DS", soa, nsec)
    return msgspec.structs.replace(world.records(GOOD), rrsigs=())


def test_what_one_server_of_a_zone_says_wrongly_another_says_rightly() -> None:
    async def test(world: World) -> None:
        world.says(lambda: forged(world))
        world.beside[WWW] = [lambda: unsigned(world), lambda: world.records(GOOD)]
        answer = await world.ask()
        assert (answer.security, answer.answer[0].rdatas) == (Security.SECURE, rrset(GOOD).rdatas)
        assert world.asked.count(WWW) == 3
        assert (world.resolve.asked_elsewhere, world.resolve.mended_elsewhere, world.resolve.failures) == (2, 1, 0)
        await world.ask()
        assert world.asked.count(WWW) == 3

    simulate(test)


def test_who_watches_is_told_which_servers_were_not_believed() -> None:
    async def test(world: World) -> None:
        world.says(lambda: forged(world))
        world.beside[WWW] = [lambda: forged(world), lambda: world.records(GOOD)]
        told: list[Event] = []
        budget = Budget(trio.current_time() + 10, watch=lambda event, depth: told.append(event))
        await world.public.resolve(WWW, budget)
        refused = [event for event in told if isinstance(event, Refused)]
        assert [(event.question, event.said_by) for event in refused] == [(WWW, SERVERS[0]), (WWW, SERVERS[1])]
        assert refused[0].text == "www.example. TYPE1: signature does not match"

    simulate(test)


def test_when_all_servers_are_wrong_the_client_hears_what_was_wrong_with_the_first() -> None:
    async def test(world: World) -> None:
        world.says(lambda: unsigned(world))
        world.beside[WWW] = [lambda: forged(world)]
        with pytest.raises(RrsigsMissing) as failure:
            await world.ask()
        assert isinstance(failure.value.unvalidated, RRset)
        assert failure.value.unvalidated.rdatas == rrset(GOOD).rdatas
        assert world.asked.count(WWW) == 3  # the third time nobody was left
        assert (world.resolve.asked_elsewhere, world.resolve.mended_elsewhere, world.resolve.failures) == (2, 0, 1)

    simulate(test)


def test_so_many_servers_are_asked_and_no_more() -> None:
    async def test(world: World) -> None:
        world.says(lambda: forged(world))
        world.beside[WWW] = [partial(forged, world)] * MAX_ASKED_ELSEWHERE
        world.beside[WWW].append(lambda: world.records(GOOD))
        with pytest.raises(Bogus):
            await world.ask()
        assert world.asked.count(WWW) == 1 + MAX_ASKED_ELSEWHERE

    simulate(test)


@pytest.mark.parametrize("what", ["example. DNSKEY", "example. DS"])
def test_keys_and_ds_are_asked_of_another_server_in_flights_of_their_own(what: str) -> None:
    async def test(world: World) -> None:
        world.says(lambda: world.records(GOOD))
        asked = question(what)
        good = world.said[asked]
        other = SignedZone("example.")
        bad = other.keys if asked.qtype == DNSKEY else rrset(other.anchor)
        world.said[asked] = lambda: bad
        world.beside[asked] = [good]
        assert (await world.ask()).security is Security.SECURE
        assert (world.asked.count(asked), world.asked.count(WWW)) == (2, 1)

    simulate(test)


def test_where_no_server_has_the_keys_the_answer_is_not_asked_for_again() -> None:
    async def test(world: World) -> None:
        keys = question("example. DNSKEY")
        world.says(lambda: world.records(GOOD))
        world.beside[WWW] = [lambda: world.records(GOOD)] * 3
        world.said[keys] = lambda: SignedZone("example.").keys
        world.beside[keys] = [lambda: SignedZone("example.").keys]
        with pytest.raises(DnskeyMissing):
            await world.ask()
        assert (world.asked.count(WWW), world.asked.count(keys)) == (1, 3)

    simulate(test)


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(lambda: denial("example. DNSKEY", trio.current_time()), id="NODATA"),
        pytest.param(lambda: denial("example. NXDOMAIN", trio.current_time()), id="NXDOMAIN"),
        pytest.param(lambda: rrset("example. 60 CNAME www.open."), id="an alias"),
    ],
)
def test_a_server_that_knows_of_no_keys_is_passed_over(said: Word) -> None:
    """It serves a copy of the zone from before it was signed."""

    async def test(world: World) -> None:
        keys = question("example. DNSKEY")
        world.says(lambda: world.records(GOOD))
        good: list[Word] = [world.said[keys]]
        world.beside[keys] = good
        world.said[keys] = said
        assert (await world.ask()).security is Security.SECURE
        del world.beside[keys]
        world.cache.forget(keys.qname, subtree=True)
        world.standings.forget(keys.qname, subtree=True)
        with pytest.raises(DnskeyMissing):
            await world.ask()

    simulate(test)


def test_what_only_a_stale_ds_vouches_for_is_indeterminate_and_no_servers_fault() -> None:
    """RFC 4035 §4.3."""

    async def test(world: World) -> None:
        world.says(lambda: world.records(GOOD))
        await world.ask()
        await trio.sleep(3601)
        del world.said[question("example. DS")]
        other = question("other.example. A")
        world.says(lambda: world.records("other.example. 60 A 192.0.2.9"))
        with pytest.raises(Indeterminate) as failure:
            await world.ask(other)
        assert (failure.value.info_code, world.asked.count(other)) == (DNSSEC_INDETERMINATE, 1)

    simulate(test)


def test_an_unsigned_denial_of_a_name_below_one_that_is_not_there_is_that_ones_nxdomain() -> None:
    """RFC 8020: it is learned while the zone is looked for that should have signed the denial. Nothing of it is stale."""

    async def test(world: World) -> None:
        asked, above = question("www.gone. TXT"), question("gone. DS")
        soa, nsec = ". 3600 SOA a.root. admin.root. 1 2 3 4 3600", world.root.sign(rrset(". 3600 NSEC org. NS SOA"))
        world.said[asked] = lambda: denial("www.gone. NXDOMAIN", trio.current_time(), soa=soa)
        world.said[above] = lambda: world.denies("gone. NXDOMAIN", soa, nsec)
        answer = await world.ask(asked)
        assert (answer.rcode, answer.security, answer.is_stale, codes(answer)) == (NXDOMAIN, Security.SECURE, False, [])
        assert world.resolve.stale_links_after_failure == 0

    simulate(test)
