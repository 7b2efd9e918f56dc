"""The chain of trust: which zone, which keys, and where it ends."""

from functools import partial

import pytest

from cache.answer import Question
from cache.chain import Link
from cache.names import ROOT, from_text
from cache.rrset import Security
from resolver.dnssec.counts import DnssecCounts
from resolver.dnssec.standing import Signed, Standings, Unsigned
from resolver.dnssec.trust import ChainOfTrust
from resolver.dnssec.work import Work
from resolver.errors import Indeterminate, NoReachableAuthority
from tests.build import denial, question, replace, rrset
from tests.resolver.dnssec.signed_world import EXAMPLE_SOA, SignedWorld, play
from tests.resolver.dnssec.signing import at_once


async def zone_of(world: SignedWorld, name: str) -> Signed | Unsigned:
    work = Work(0.0)
    return await world.trust.zone_of(from_text(name), partial(world.fetch, work=work), work)


def test_the_chain_is_followed_once_and_remembered_until_its_records_end() -> None:
    async def main() -> None:
        world = SignedWorld()
        zone = await zone_of(world, "example.")
        assert isinstance(zone, Signed)
        assert zone.zone == from_text("example.")
        asked = len(world.asked)
        assert await zone_of(world, "example.") == zone
        assert len(world.asked) == asked
        world.standings.forget(from_text("."), subtree=True)
        assert await zone_of(world, "example.") == zone
        assert len(world.asked) == 2 * asked

    play(main)


def test_an_ordinary_name_belongs_to_the_zone_above_it() -> None:
    async def main() -> None:
        world = SignedWorld()
        world.said[question("www.example. DS")] = world.denied(
            world.example, "www.example. DS", EXAMPLE_SOA, "www.example. 3600 NSEC example. A RRSIG NSEC"
        )
        zone = await zone_of(world, "www.example.")
        assert isinstance(zone, Signed)
        assert zone.zone == from_text("example.")

    play(main)


def test_no_zone_begins_at_an_alias() -> None:
    """Servers answer with the alias where its DS is asked for; it is signed, and nothing else begins there (scenario 48)."""

    async def main() -> None:
        world = SignedWorld()
        world.said[question("alias.example. DS")] = world.example.sign(rrset("alias.example. 60 CNAME www.open."))
        zone = await zone_of(world, "alias.example.")
        assert isinstance(zone, Signed)
        assert zone.zone == from_text("example.")

    play(main)


def test_a_zone_of_unknown_algorithms_counts_as_unsigned() -> None:
    """RFC 4035 §5.2."""

    async def main() -> None:
        world = SignedWorld()
        world.says(world.root.sign(rrset("odd. 3600 DS 1 250 2 " + "ab" * 32)))
        assert isinstance(await zone_of(world, "odd."), Unsigned)

    play(main)


def test_a_ds_that_cannot_be_had_is_no_proof_of_anything() -> None:
    async def main() -> None:
        world = SignedWorld()
        del world.said[question("open. DS")]
        with pytest.raises(NoReachableAuthority):
            await zone_of(world, "open.")

    play(main)


@pytest.mark.parametrize("is_cut", [pytest.param(True, id="a zone"), pytest.param(False, id="no zone begins there")])
def test_what_one_question_has_learned_of_zones_serves_all_of_it_though_its_ttl_is_0(is_cut: bool) -> None:
    """Eleven aliases in such a zone had its DS asked for ten times, and the question's signatures were used up."""

    async def main() -> None:
        world = SignedWorld()
        ttl = 3600 if is_cut else 0
        if is_cut:
            world.says(world.root.sign(rrset(world.example.anchor).replace(ttl=0)))
        world.said[question("www.example. DS")] = world.denied(
            world.example, "www.example. DS", EXAMPLE_SOA, f"www.example. {ttl} NSEC example. A RRSIG NSEC"
        )
        work, asked = Work(0.0), []
        for _ in range(3):
            zone = await world.trust.zone_of(from_text("www.example."), partial(world.fetch, work=work), work)
            assert isinstance(zone, Signed)
            asked.append(len(world.asked))
        assert asked[0] == asked[2]

    play(main)


@pytest.mark.parametrize(("began", "is_of_use"), [(4.9, True), (5.0, False)], ids=["during the question", "before it"])
def test_what_ends_during_a_question_serves_it_to_its_end(began: float, is_of_use: bool) -> None:
    """A proof that lives for seconds may end while signatures are checked."""
    proof = replace(denial("open. DS", 0.0, security=Security.INSECURE), ttl=5, expires=5.0)

    async def fetch(asked: Question) -> Link:
        return proof

    trust = ChainOfTrust(lambda: 5.1, {}, frozenset(), Standings(DnssecCounts()))
    looked = trust.vouchers(from_text("open."), ROOT, fetch, Work(began))
    if is_of_use:
        assert at_once(looked) == Unsigned(5.0)
    else:
        with pytest.raises(Indeterminate):
            at_once(looked)
