"""What came beside other answers proves what need not be asked for: a zone without DS, gaps (RFC 8198), wildcards."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest
import trio
import trio.testing

from cache.names import from_text
from cache.rrset import Denial, Rank, RRset, Security
from cache.rrtypes import NSEC, NXDOMAIN, SOA, A
from resolver.errors import NoReachableAuthority
from resolver.iterate.trace import Boarded, Found
from tests.build import question, rrset
from tests.resolver.engine.validated_world import GOOD, World, as_heard, simulate

OPEN = question("www.open. A")
NO_DS = "open. 600 NSEC org. NS RRSIG NSEC"


def referral(world: World, proof: str, *, ttl: int = 3600, rank: Rank = Rank.ADDITIONAL) -> RRset:
    """The NS RRset of `open.` as the root said it, with its proof that there is no DS."""
    delegation = rrset(f"open. {ttl} NS ns.open.", rank=rank)
    return delegation.replace(proof=(world.root.sign(rrset(proof)),))


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
        pytest.param(lambda world: referral(world, NO_DS, rank=Rank.AUTHORITY_AA), 0, id="said by the zone itself"),
        pytest.param(lambda world: referral(world, NO_DS), 601, id="over"),
        pytest.param(lambda world: referral(world, NO_DS, ttl=60), 61, id="of a delegation that is over"),
        pytest.param(lambda world: referral(world, NO_DS).replace(proof=(rrset(NO_DS),)), 0, id="unsigned"),
        pytest.param(
            lambda world: referral(world, NO_DS).replace(proof=(world.example.sign(rrset(NO_DS)),)),
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
        delegation = rrset("example. 3600 NS ns.example.", rank=Rank.ADDITIONAL)
        lie = world.root.sign(rrset("example. 600 NSEC org. NS RRSIG NSEC"))
        world.cache.put(delegation.replace(proof=(lie,)), trio.current_time())
        assert (await world.ask()).security is Security.SECURE

    simulate(test)


ROOT_SOA = ". 3600 SOA a.root. admin.root. 1 2 3 4 3600"


def deny_gone(world: World) -> None:
    """The root denies `gone.`, and with it all that is between `example.` and `open.`; the records come anew each time."""

    def deny() -> Denial:
        records = (rrset("example. 600 NSEC open. NS DS RRSIG NSEC"), rrset(". 600 NSEC example. NS SOA RRSIG NSEC"))
        proof = (as_heard(world.root.sign(one), trio.current_time()) for one in records)
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
        pytest.param(rrset("lost. 3600 NS ns.lost.", 0.0, rank=Rank.ADDITIONAL), True, id="a live delegation"),
        pytest.param(rrset("lost. 60 NS ns.lost.", 0.0, rank=Rank.ADDITIONAL), False, id="a delegation that is over"),
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
        await world.ask(question("lost. A"), watch=lambda event, depth: told.append(event))
        assert [type(one) for one in told] == [Boarded, Found]

    simulate(test)


def test_a_wildcard_whose_records_are_known_is_not_asked_for_the_next_name() -> None:
    async def test(world: World) -> None:
        gap = world.records("www.example. 60 NSEC z.example. A RRSIG NSEC")
        expanded = world.example.sign(rrset("x.example. 300 A 192.0.2.1"), name="*.example.")
        world.says(partial(expanded.replace, proof=(gap,)))
        await world.ask(question("x.example. A"))
        answer = await world.ask(question("y.example. A"))
        assert question("y.example. A") not in world.asked
        assert (answer.security, answer.answer[0].rrsigs) == (Security.SECURE, expanded.rrsigs)
        assert [one.owner for one in answer.authority] == [gap.owner]
        oracle = await world.look_up(question("y.example. A"))
        assert isinstance(oracle, RRset)
        assert oracle.expires <= 61

    simulate(test)
