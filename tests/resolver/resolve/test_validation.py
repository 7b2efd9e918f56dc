"""Validation in its place: between what servers say and what is stored, through flights that wait for flights."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

import msgspec
import pytest
import trio
import trio.testing

from cache.answer import Answer, Question
from cache.chain import Link, alias_of
from cache.failures import Failures
from cache.names import from_text
from cache.options import CacheOptions, StaleOptions
from cache.rrset import Denial, RRset, Security, Trust
from cache.rrtypes import NSEC, NXDOMAIN, SOA, YXDOMAIN, A
from cache.store import RRsetCache
from resolver.dnssec.anchors import read
from resolver.dnssec.counts import DnssecCounts
from resolver.dnssec.gaps import Gaps
from resolver.dnssec.standing import Standings
from resolver.dnssec.trust import ChainOfTrust
from resolver.dnssec.validate import Validator
from resolver.errors import DNSSEC_BOGUS, Bogus, CachedFailure, NameTooLong, NoReachableAuthority, ResolutionFailure
from resolver.iterate import Budget, Iteration
from resolver.iterate.trace import Found, Missing
from resolver.resolve import Fetcher, Flights, PublicResolver, ResolveCounts
from resolver.resolve.validation import Validation
from tests.build import denial, question, rrset
from tests.signing import WALL, SignedZone

WWW = Question(from_text("www.example."), A)
GOOD, FORGED = "www.example. 60 A 192.0.2.1", "www.example. 60 A 192.0.2.66"


class World:
    """Servers of the root, of `example.` (signed) and of `open.` (not), and the daemon's core before them."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.root, self.example = SignedZone("."), SignedZone("example.")
        self.said: dict[Question, Callable[[], RRset | Denial | Iteration | ResolutionFailure]] = {}
        self.asked: list[Question] = []
        self.cache, self.failures = RRsetCache(CacheOptions()), Failures()
        self.counts = DnssecCounts()
        anchors = read(self.root.anchor)
        trust = ChainOfTrust(trio.current_time, anchors, frozenset(), Standings(self.counts))
        gaps = Gaps(CacheOptions(), self.counts)
        validator = Validator(trust, gaps, trio.current_time, lambda: WALL + trio.current_time(), self.counts)
        validation = Validation(trio.current_time, validator, self.cache, self._lookup)
        resolve = ResolveCounts()
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
        signed = self.root.sign(made.soa)
        return msgspec.structs.replace(made, soa=signed, proof=proof)

    def records(self, text: str) -> RRset:
        """These records, signed by `example.`, as heard now."""
        return self.example.sign(rrset(text, trio.current_time()))

    async def ask(self, asked: Question = WWW, *, is_checked: bool = True) -> Answer:
        return await self.public.resolve(asked, Budget(trio.current_time() + 10), is_checked=is_checked)

    async def _lookup(self, asked: Question, budget: Budget) -> Link:
        return await self.public.lookup(asked, budget)

    async def _iterate(self, asked: Question, budget: Budget) -> Iteration:
        self.asked.append(asked)
        await trio.sleep(0.01)
        if asked not in self.said:
            raise NoReachableAuthority("silent")
        entry = self.said[asked]()
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


def test_the_proof_of_a_wildcards_answer_is_given_with_it_and_proves_nothing_of_another_name() -> None:
    async def test(world: World) -> None:
        gap = world.records("www.example. 60 NSEC z.example. A RRSIG NSEC")
        for owner, proof in (("x.example.", (gap,)), ("a.example.", ()), ("b.example.", (gap,))):
            expanded = world.example.sign(rrset(f"{owner} 300 A 192.0.2.1"), name="*.example.")
            world.says(partial(msgspec.structs.replace, expanded, proof=proof))
        asked = question("x.example. A")
        for given in (await world.ask(asked), world.public.find(asked, trio.current_time())):
            assert given is not None
            assert given.security is Security.SECURE
            assert [(one.owner, one.security) for one in given.authority] == [(gap.owner, Security.SECURE)]
        for other in ("a.example. A", "b.example. A"):  # without proof, and with one of a gap elsewhere
            with pytest.raises(Bogus):
                await world.ask(question(other))

    simulate(test)


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


OPEN = question("www.open. A")
NO_DS = "open. 600 NSEC org. NS RRSIG NSEC"


def referral(world: World, proof: str, *, ttl: int = 3600, trust: Trust = Trust.ADDITIONAL) -> RRset:
    """The NS RRset of `open.` as the root said it, with its proof that there is no DS."""
    delegation = rrset(f"open. {ttl} NS ns.open.", trust=trust)
    return msgspec.structs.replace(delegation, proof=(world.root.sign(rrset(proof)),))


def test_a_referral_with_the_proof_that_there_is_no_ds_is_not_asked_for_it() -> None:
    async def test(world: World) -> None:
        world.says(lambda: rrset("www.open. 60 A 192.0.2.1"))
        world.cache.put(referral(world, NO_DS), trio.current_time())
        assert (await world.ask(OPEN)).security is Security.INSECURE
        assert question("open. DS") not in world.asked
        checked = world.counts.signatures_checked
        await trio.sleep(60)
        await world.ask(OPEN)  # and it is remembered, whatever has become of the delegation
        assert world.counts.signatures_checked == checked
        # a client gets nothing of it, but what the root says itself, with its SOA
        assert [one.rtype for one in (await world.ask(question("open. DS"))).authority] == [SOA, NSEC]
        assert question("open. DS") in world.asked

    simulate(test)


@pytest.mark.parametrize(
    ("told", "wait"),
    [
        pytest.param(lambda world: referral(world, "open. 600 NSEC org. NS DS RRSIG NSEC"), 0, id="there is a DS"),
        pytest.param(lambda world: referral(world, "com. 600 NSEC net. NS RRSIG NSEC"), 0, id="of another name"),
        pytest.param(lambda world: referral(world, NO_DS, trust=Trust.AUTHORITY_AA), 0, id="said by the zone itself"),
        pytest.param(lambda world: referral(world, NO_DS), 601, id="over"),
        pytest.param(lambda world: referral(world, NO_DS, ttl=60), 61, id="of a delegation that is over"),
        pytest.param(
            lambda world: msgspec.structs.replace(referral(world, NO_DS), proof=(rrset(NO_DS),)), 0, id="unsigned"
        ),
        pytest.param(
            lambda world: msgspec.structs.replace(referral(world, NO_DS), proof=(world.example.sign(rrset(NO_DS)),)),
            0,
            id="signed by a zone beside",
        ),
    ],
)
def test_a_ds_is_asked_for_where_the_referral_proves_nothing(told: Callable[[World], RRset], wait: float) -> None:
    async def test(world: World) -> None:
        world.says(lambda: rrset("www.open. 60 A 192.0.2.1"))
        world.cache.put(told(world), trio.current_time())
        await trio.sleep(wait)
        assert (await world.ask(OPEN)).security is Security.INSECURE
        assert question("open. DS") in world.asked

    simulate(test)


def test_a_ds_that_is_known_outlives_a_referral_that_denies_it() -> None:
    async def test(world: World) -> None:
        world.says(lambda: world.records(GOOD))
        await world.ask(question("example. DS"))
        delegation = rrset("example. 3600 NS ns.example.", trust=Trust.ADDITIONAL)
        lie = world.root.sign(rrset("example. 600 NSEC org. NS RRSIG NSEC"))
        world.cache.put(msgspec.structs.replace(delegation, proof=(lie,)), trio.current_time())
        assert (await world.ask()).security is Security.SECURE

    simulate(test)


ROOT_SOA = ". 3600 SOA a.root. admin.root. 1 2 3 4 3600"


def deny_gone(world: World) -> None:
    """The root denies `gone.`, and with it all that is between `example.` and `open.`; the records come anew each time."""

    def deny() -> Denial:
        records = (rrset("example. 600 NSEC open. NS DS RRSIG NSEC"), rrset(". 600 NSEC example. NS SOA RRSIG NSEC"))
        proof = (_heard(world.root.sign(one), trio.current_time()) for one in records)
        return world.denies("gone. NXDOMAIN", ROOT_SOA, *proof)

    world.said[question("gone. A")] = deny


def test_what_a_denial_proves_of_other_names_is_not_asked_for() -> None:
    """RFC 8198 §5.1."""

    async def test(world: World) -> None:
        deny_gone(world)
        await world.ask(question("gone. A"))
        asked = list(world.asked)
        await trio.sleep(100)
        answer = await world.ask(question("lost. AAAA"))
        assert (answer.rcode, answer.security, world.asked) == (NXDOMAIN, Security.SECURE, asked)
        assert [one.rtype for one in answer.authority] == [SOA, NSEC, NSEC]
        kept = world.cache.peek(from_text("lost."), A)
        assert isinstance(kept, Denial)
        assert kept.expires == pytest.approx(600, abs=1)  # of when the records were heard, not of now
        assert world.counts.derived == 1
        await trio.sleep(501)
        with pytest.raises(NoReachableAuthority):  # once they are over, it has to be asked for
            await world.ask(question("other. A"))

    simulate(test)


@pytest.mark.parametrize(
    ("known", "is_asked"),
    [
        pytest.param(rrset("lost. 60 A 192.0.2.1", 0.0), False, id="an address that is over, heard before"),
        pytest.param(rrset("lost. 60 A 192.0.2.1", 50.0), True, id="an address that is over, heard later"),
        pytest.param(rrset("lost. 3600 TXT x", 0.0), True, id="data that would live longer"),
        pytest.param(rrset("lost. 3600 NS ns.lost.", 0.0, trust=Trust.ADDITIONAL), True, id="a live delegation"),
        pytest.param(rrset("lost. 60 NS ns.lost.", 0.0, trust=Trust.ADDITIONAL), False, id="a delegation that is over"),
    ],
)
def test_what_was_proven_does_not_push_out_what_is_known_better(known: RRset, is_asked: bool) -> None:
    async def test(world: World) -> None:
        deny_gone(world)
        await world.ask(question("gone. A"))
        await trio.sleep(200)
        world.cache.restore(known, 0, trio.current_time())
        with suppress(NoReachableAuthority):
            await world.ask(question("lost. A"))
        assert (question("lost. A") in world.asked) is is_asked

    simulate(test)


def test_a_watcher_is_told_what_was_proven_already() -> None:
    async def test(world: World) -> None:
        deny_gone(world)
        await world.ask(question("gone. A"))
        told: list[object] = []
        budget = Budget(trio.current_time() + 10, watch=lambda event, depth: told.append(event))
        await world.public.resolve(question("lost. A"), budget)
        assert [type(one) for one in told] == [Missing, Found]

    simulate(test)


def test_a_wildcard_whose_records_are_known_is_not_asked_for_the_next_name() -> None:
    async def test(world: World) -> None:
        gap = world.records("www.example. 60 NSEC z.example. A RRSIG NSEC")
        expanded = world.example.sign(rrset("x.example. 300 A 192.0.2.1"), name="*.example.")
        world.says(partial(msgspec.structs.replace, expanded, proof=(gap,)))
        await world.ask(question("x.example. A"))
        answer = await world.ask(question("y.example. A"))
        assert question("y.example. A") not in world.asked
        assert (answer.security, answer.answer[0].rrsigs) == (Security.SECURE, expanded.rrsigs)
        assert [one.owner for one in answer.authority] == [gap.owner]
        oracle = await world.public.lookup(question("y.example. A"), Budget(trio.current_time() + 10))
        assert isinstance(oracle, RRset)
        assert oracle.expires <= 61

    simulate(test)
