"""What one server of a zone says wrongly is asked of another, in flights."""

from functools import partial

import pytest
import trio
import trio.testing

from cache.rrset import RRset, Security
from cache.rrtypes import DNSKEY, NXDOMAIN
from resolver.engine.elsewhere import MAX_ASKED_ELSEWHERE
from resolver.errors import (
    DNSSEC_INDETERMINATE,
    Bogus,
    CachedFailure,
    DnskeyMissing,
    Indeterminate,
    NoReachableAuthority,
    RrsigsMissing,
)
from resolver.iterate.trace import Disbelieved, Event
from tests.build import denial, question, rrset
from tests.resolver.engine.turned import codes
from tests.resolver.engine.validated_world import FORGED, GOOD, SERVERS, WWW, Word, World, simulate
from tests.signing import SignedZone


def forged(world: World) -> RRset:
    return world.records(GOOD).replace(rdatas=rrset(FORGED).rdatas)


def unsigned(world: World) -> RRset:
    """Whether its name begins a zone is asked then, and denied."""
    nsec = world.records("www.example. 3600 NSEC example. A RRSIG NSEC")
    soa = "example. 3600 SOA ns.example. admin.example. 1 2 3 4 3600"
    world.said[question("www.example. DS")] = lambda: world.denies("www.example. DS", soa, nsec)
    return world.records(GOOD).replace(rrsigs=())


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
        await world.ask(WWW, watch=lambda event, depth: told.append(event))
        disbelieved = [event for event in told if isinstance(event, Disbelieved)]
        assert [(event.question, event.said_by) for event in disbelieved] == [(WWW, SERVERS[0]), (WWW, SERVERS[1])]
        assert disbelieved[0].text == "www.example. A: signature does not match"

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


def test_an_unsigned_answer_whose_zone_cannot_be_told_is_asked_of_another_server() -> None:
    """What would settle if it has to be signed cannot be had; an answer that is signed needs no such thing."""

    async def test(world: World) -> None:
        world.says(lambda: unsigned(world))
        world.said[question("www.example. DS")] = lambda: NoReachableAuthority("silent")
        world.beside[WWW] = [lambda: world.records(GOOD)]
        answer = await world.ask()
        assert (answer.security, answer.answer[0].rdatas) == (Security.SECURE, rrset(GOOD).rdatas)
        assert world.asked.count(WWW) == 2

    simulate(test)


def test_a_remembered_failure_of_keys_is_judged_as_it_was_and_remembered_no_longer() -> None:
    """While keys could not be had, each question for a name below sent a packet, for an answer that nothing could be told of."""

    async def test(world: World) -> None:
        world.says(lambda: world.records(GOOD))
        del world.said[question("example. DS")]
        world.says(lambda: world.records("other.example. 60 A 192.0.2.2"))
        with pytest.raises(NoReachableAuthority):
            await world.ask(question("other.example. A"))
        world.failures.succeed(question("other.example. A"))
        assert world.failures.find(question("example. DS"), trio.current_time()) is not None
        with pytest.raises(NoReachableAuthority) as failure:
            await world.ask()
        assert failure.value.is_remembered
        asked = world.asked.count(WWW)
        with pytest.raises(CachedFailure):
            await world.ask()
        assert world.asked.count(WWW) == asked
        ends = [world.failures.find(one, trio.current_time()) for one in (question("example. DS"), WWW)]
        assert ends[0] is not None
        assert ends[1] is not None
        assert ends[0].until == ends[1].until

    simulate(test)
