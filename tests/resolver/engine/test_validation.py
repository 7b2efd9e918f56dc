"""Validation in its place: between what servers say and what is stored, through flights that wait for flights."""

from functools import partial

import pytest
import trio
import trio.testing

from cache.answer import ExtendedError
from cache.chain import alias_of
from cache.names import from_text
from cache.rrset import Rank, RRset, Security
from cache.rrtypes import NOERROR, YXDOMAIN, A
from resolver.dnssec.work import Work
from resolver.engine import Landing
from resolver.errors import (
    DNSSEC_BOGUS,
    UNSUPPORTED_ALGORITHM,
    Bogus,
    CachedFailure,
    NameTooLong,
    NoReachableAuthority,
)
from resolver.iterate import Budget, Iteration
from tests.build import denial, question, rrset
from tests.resolver.engine.turned import codes
from tests.resolver.engine.validated_world import FORGED, GOOD, WWW, World, simulate
from tests.signing import SignedZone


def test_the_proof_of_a_wildcards_answer_is_given_with_it_and_proves_nothing_of_another_name() -> None:
    async def test(world: World) -> None:
        gap = world.records("www.example. 60 NSEC z.example. A RRSIG NSEC")
        for owner, proof in (("x.example.", (gap,)), ("a.example.", ()), ("b.example.", (gap,))):
            expanded = world.example.sign(rrset(f"{owner} 300 A 192.0.2.1"), name="*.example.")
            world.says(partial(expanded.replace, proof=proof))
        asked = question("x.example. A")
        for given in (await world.ask(asked), world.public.find(asked, trio.current_time())):
            assert given is not None
            assert given.security is Security.SECURE
            assert [(one.owner, one.security) for one in given.authority] == [(gap.owner, Security.SECURE)]
        for other in ("a.example. A", "b.example. A"):  # without proof, and with one of a gap elsewhere
            with pytest.raises(Bogus):
                await world.ask(question(other))

    simulate(test)


@pytest.mark.parametrize(
    ("zone", "is_signed"),
    [
        pytest.param(".", True, id="of a trust anchor"),
        pytest.param("example.", True, id="with a DS"),
        pytest.param("open.", False, id="without"),
        pytest.param("below.open.", False, id="below one without"),
        pytest.param("odd.", False, id="with a DS of an algorithm that is not supported"),
        pytest.param("exempt.", False, id="of a negative trust anchor"),
    ],
)
def test_the_data_of_a_zone_is_validated_if_its_keys_are_vouched_for_whether_they_can_be_had_or_not(
    zone: str, is_signed: bool
) -> None:
    async def test(world: World) -> None:
        world.says(lambda: world.root.sign(rrset(f"odd. 3600 DS 1 200 2 {'00' * 32}")))
        del world.said[question("example. DNSKEY")]
        budget = Budget(trio.current_time() + 10)
        said = await world.turned.run(world.validation.is_signed(from_text(zone), WWW, budget, Landing()))
        assert said is is_signed

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
        world.says(lambda: signed.replace(rdatas=rrset(FORGED).rdatas))
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
        world.says(lambda: world.records(GOOD).replace(rdatas=rrset(FORGED).rdatas))
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
        world.says(lambda: signed.replace(rdatas=rrset(FORGED).rdatas))
        asked: list[int] = []
        for _ in range(2):  # the second time the failure is remembered
            answer = await world.ask(is_checked=False)
            assert answer.security is Security.UNCHECKED
            assert [one.rdatas for one in answer.answer] == [rrset(FORGED).rdatas]
            assert DNSSEC_BOGUS in codes(answer)
            asked.append(len(world.asked))
        assert asked[0] == asked[1], "nobody is asked again within the failure's pause"
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
        world.said[asked] = lambda: NameTooLong("too long", dname.replace(rdatas=(b"\0",)))
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
        ds = world.root.sign(rrset(world.example.anchor, rank=Rank.ADDITIONAL))
        told = ds if is_true else ds.replace(rdatas=rrset(SignedZone("example.").anchor).rdatas)
        assert world.cache.put(told, trio.current_time())
        assert (await world.ask()).security is Security.SECURE
        assert (question("example. DS") in world.asked) is not is_true
        kept = world.cache.peek(told.owner, told.rtype)
        assert isinstance(kept, RRset)
        assert (kept.rdatas, kept.security) == (ds.rdatas, Security.SECURE)

    simulate(test)


def test_the_root_has_no_ds_and_that_is_proven() -> None:
    """No zone stands above it that could have one; its own servers say so (RFC 4035 §3.1.4.1)."""

    async def test(world: World) -> None:
        proof = world.root.sign(rrset(". 3600 NSEC example. NS SOA RRSIG NSEC DNSKEY"))
        world.said[question(". DS")] = lambda: world.denies(
            ". DS", ". 3600 SOA a.root. admin.root. 1 2 3 4 3600", proof
        )
        for _ in range(2):
            answer = await world.ask(question(". DS"))
            assert (answer.rcode, answer.answer, answer.security) == (NOERROR, (), Security.SECURE)

    simulate(test)


EXAMPLE_SOA = "example. 3600 SOA ns.example. admin.example. 1 2 3 4 3600"
BELOW = "www.sub.alias.example. 60 A 192.0.2.7"


@pytest.mark.parametrize("before", [[], ["DS"], ["NSEC3PARAM"], ["NSEC"], ["DS", "NSEC3PARAM", "NSEC"]])
def test_what_is_delegated_below_an_alias_is_proven_insecure_whatever_was_asked_of_the_alias(before: list[str]) -> None:
    async def test(world: World) -> None:
        alias = partial(world.records, "alias.example. 60 CNAME www.open.")
        for rtype in ("DS", "NSEC3PARAM", "NSEC"):
            world.said[question(f"alias.example. {rtype}")] = alias
            world.said[question(f"www.open. {rtype}")] = partial(denial, f"www.open. {rtype}")
        no_ds = world.records("sub.alias.example. 3600 NSEC www.example. NS RRSIG NSEC")
        world.said[question("sub.alias.example. DS")] = lambda: world.denies(
            "sub.alias.example. DS", EXAMPLE_SOA, no_ds
        )
        world.says(lambda: rrset(BELOW, trio.current_time()))
        for rtype in before:
            await world.ask(question(f"alias.example. {rtype}"))
        answer = await world.ask(question("www.sub.alias.example. A"))
        assert (answer.rcode, answer.security) == (NOERROR, Security.INSECURE)
        assert answer.answer[0].rdatas == rrset(BELOW).rdatas

    simulate(test)


def test_eleven_aliases_through_as_many_signed_zones_are_followed() -> None:
    """Each zone costs a DS, its keys and the record: more than a question without aliases may check."""

    async def test(world: World) -> None:
        zones = [SignedZone(f"z{number}.") for number in range(12)]
        for number, zone in enumerate(zones):
            world.says(partial(world.root.sign, rrset(zone.anchor)))
            world.says(lambda zone=zone: zone.keys)  # type: ignore[misc]  # the zone of this turn
            target = f"www.z{number + 1}." if number < 11 else ""
            record = f"www.z{number}. 60 CNAME {target}" if target else f"www.z{number}. 60 A 192.0.2.1"
            world.says(partial(zone.sign, rrset(record)), question(f"www.z{number}. A"))
        answer = await world.ask(question("www.z0. A"))
        assert (len(answer.answer), answer.security) == (12, Security.SECURE)
        assert world.counts.signatures_checked == 1 + 3 * 12

    simulate(test)


def test_when_the_failure_is_forgotten_a_client_that_checks_for_itself_asks_anew() -> None:
    async def test(world: World) -> None:
        signed = world.records(GOOD)
        world.says(lambda: signed.replace(rdatas=rrset(FORGED).rdatas))
        await world.ask(is_checked=False)
        world.failures.forget(WWW.qname)
        world.says(lambda: world.records(GOOD))
        assert (await world.ask(is_checked=False)).security is Security.SECURE

    simulate(test)


@pytest.mark.parametrize(
    ("asked", "codes_told"),
    [
        pytest.param("www.example. A", [], id="secure: it is of a name server's zone"),
        pytest.param("www.open. A", [UNSUPPORTED_ALGORITHM], id="insecure"),
    ],
)
def test_why_something_counts_as_unsigned_is_not_told_of_what_is_secure(asked: str, codes_told: list[int]) -> None:
    """All that a question has looked up shares what is left of its work, and what is remarked there."""

    async def test(world: World) -> None:
        world.says(lambda: world.records("www.example. 60 A 192.0.2.1"))
        world.says(lambda: rrset("www.open. 60 A 192.0.2.7"))
        budget = Budget(trio.current_time() + 10)
        work = budget.spent.of_validation = Work(0.0)
        work.remark(ExtendedError(UNSUPPORTED_ALGORITHM, "ns.test."))
        answer = await world.turned.run(world.public.resolve(question(asked), budget))
        assert codes(answer) == codes_told

    simulate(test)
