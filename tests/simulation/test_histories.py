"""An answer does not depend on what was asked before (design.md §5.10): cold, warm and after any history it is the same.

RCODE, records and AD are compared; TTLs count down, and what is said beside an answer is whatever is known.
"""

from random import Random
from typing import Final

import pytest

from resolver.policy.options import AnswerOptions
from tests.simulation.denials import Kind
from tests.simulation.scenarios.kit import Net, Reply, given
from tests.simulation.scenarios.servers import Said, zone

SIGNED: Final = zone(
    "signed.test",
    "www 300 A 198.51.100.1",
    "c12 300 A 198.51.100.6",
    "out 300 CNAME www.open.test.",
    "round 300 CNAME back.open.test.",
    "near 300 CNAME www.hashed.test.",
    "mail 300 MX 1 www.signed.test.",
    "*.wild 300 A 198.51.100.3",
    "*.wild 300 AAAA 2001:db8::3",
    "*.led 300 CNAME www.signed.test.",
    "tree 300 DNAME hashed.test.",
    *(f"c{place} 300 CNAME c{place + 1}.hashed.test." for place in range(0, 12, 2)),
    signs=Kind.NSEC,
)
HASHED: Final = zone(
    "hashed.test",
    "www 300 A 198.51.100.4",
    "a.b 300 A 198.51.100.5",
    "*.wild 300 AAAA 2001:db8::4",
    *(f"c{place} 300 CNAME c{place + 1}.signed.test." for place in range(1, 12, 2)),
    signs=Kind.NSEC3,
)
OPEN: Final = zone("open.test", "www 300 A 198.51.100.2", "back 300 CNAME www.signed.test.", "*.wild 300 TXT wild")
WORLD: Final = {"S": SIGNED, "H": HASHED, "O": OPEN}
OWNERS: Final = (
    *("www.signed.test", "out.signed.test", "round.signed.test", "near.signed.test", "mail.signed.test"),
    *("x.wild.signed.test", "y.wild.signed.test", "wild.signed.test", "a.x.wild.signed.test", "x.led.signed.test"),
    *("www.tree.signed.test", "nope.tree.signed.test", "nope.signed.test", "a.nope.signed.test", "signed.test"),
    *("www.hashed.test", "b.hashed.test", "a.b.hashed.test", "x.wild.hashed.test", "nope.hashed.test", "hashed.test"),
    *("c0.signed.test", "c1.hashed.test", "c2.signed.test", "c9.hashed.test"),  # 12 aliases, 11, 10 and 3
    *("www.open.test", "back.open.test", "x.wild.open.test", "nope.open.test", "both.open.test", "open.test"),
)
TYPES: Final = ("A", "A", "AAAA", "AAAA", "MX", "TXT", "DS", "CNAME", "DNSKEY", "NS", "NSEC", "NSEC3PARAM", "ANY")
FULL: Final = AnswerOptions(any="full")
OF_KEYS: Final = frozenset({"dnskey", "ds"})
HISTORY: Final = 12  # questions before the one that counts
SEEDS: Final = 12


def drawn(rng: Random) -> str:
    """A question; one in three in mixed letter case."""
    owner = rng.choice(OWNERS)
    if rng.randrange(3) == 0:
        owner = "".join(rng.choice((letter.lower(), letter.upper())) for letter in owner)
    return f"{owner} {rng.choice(TYPES)}"


def said(reply: Reply) -> tuple[str, frozenset[str], bool]:
    """What must not change: the RCODE, the records without TTL and signatures, AD. Keys are made anew for each world."""
    records = [line.lower().split(" ", 3) for line in reply.answer]
    shown = (
        (owner, rtype, "" if rtype in OF_KEYS else rdata) for owner, _, rtype, rdata in records if rtype != "rrsig"
    )
    return reply.rcode, frozenset(map(" ".join, shown)), reply.is_secure


def prepared(net: Net) -> None:
    """One name has an alias and an address, as misguided servers say."""
    alias = "both.open.test. 300 CNAME www.open.test."
    for rtype in set(TYPES):
        beside = ("both.open.test. 300 A 192.0.2.9",) if rtype in ("A", "ANY") else ()
        net.say("O", f"both.open.test {rtype}", Said((alias, *beside)))


@pytest.mark.parametrize("above", list(Kind), ids=lambda kind: kind.name)
@pytest.mark.parametrize("seed", range(SEEDS))
def test_an_answer_is_the_same_whatever_was_asked_before(seed: int, above: Kind) -> None:
    rng = Random(f"{seed}/{above.name}")
    question = drawn(rng)
    history = [drawn(rng) for _ in range(HISTORY)]
    heard: list[tuple[str, frozenset[str], bool]] = []

    @given(WORLD, above=above, answer=FULL)
    async def cold(net: Net) -> None:
        prepared(net)
        heard.extend([said(await net.ask(question, flags="DO")) for _ in range(2)])

    @given(WORLD, above=above, answer=FULL)
    async def after(net: Net) -> None:
        prepared(net)
        for one in history:
            await net.ask(one, flags=rng.choice(("DO", "AD", "")))
        heard.extend([said(await net.ask(question, flags="DO")) for _ in range(2)])

    cold()
    after()
    assert len(set(heard)) == 1, f"{question} after {history}: {heard}"


@pytest.mark.parametrize(
    ("question", "rcode", "answers"),
    [
        pytest.param("c0.signed.test A", "SERVFAIL", 0, id="12 aliases"),
        pytest.param("c1.hashed.test A", "NOERROR", 12, id="11 aliases"),
        pytest.param("C2.siGned.test NSEC", "NOERROR", 1, id="what stands beside an alias"),
        pytest.param("c2.signed.test A", "NOERROR", 11, id="10 aliases"),
        pytest.param("wWw.Signed.test NSEC", "NOERROR", 1, id="NSEC in mixed case"),
        pytest.param("Www.hAshed.test NSEC", "NOERROR", 0, id="no NSEC in mixed case"),
    ],
)
def test_long_chains_and_proofs_are_the_same_cold_and_warm(question: str, rcode: str, answers: int) -> None:
    @given(WORLD, above=Kind.NSEC)
    async def twice(net: Net) -> None:
        cold, warm = [await net.ask(question, flags="DO") for _ in range(2)]
        assert said(cold) == said(warm)
        assert (cold.rcode, len(said(cold)[1])) == (rcode, answers)
        assert cold.is_secure is (rcode == "NOERROR")

    twice()
