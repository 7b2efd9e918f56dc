"""The chain of trust as an operator sees it: of good zones, of bad ones, from memory and for real."""

from typing import Final

import pytest

from resolver.policy.explain import PROVEN
from resolver.policy.options import AnswerOptions, LocalOptions
from resolver.service.control_protocol import CacheFlush, Explain, Resolve
from resolver.service.trust_protocol import TrustChain, TrustExempt
from tests.simulation.attacks.test_signatures import EVIL, VICTIM, keytrap
from tests.simulation.denials import Kind
from tests.simulation.scenarios.kit import Net, given
from tests.simulation.scenarios.servers import zone
from tests.simulation.signing_authority import Flaw

WORLD: Final = {
    "S": zone("signed.test", "www 300 A 198.51.100.1", "out 300 CNAME www.other.test.", signs=Kind.NSEC),
    "O": zone("other.test", "www 300 A 198.51.100.2", signs=Kind.NSEC3),
    "U": zone("open.test", "www 300 A 198.51.100.3"),
}
FULL: Final = AnswerOptions(any="full")
LONG: Final = ".".join(letter * 60 for letter in "ab")  # twice this is more than a name may have
DOWN: Final = [
    (".", ".", "DNSKEY", "secure"),
    (".", "test.", "DS", "secure"),
    ("test.", "test.", "DNSKEY", "secure"),
    ("test.", "signed.test.", "DS", "secure"),
    ("signed.test.", "signed.test.", "DNSKEY", "secure"),
]
WWW: Final = ("signed.test.", "www.signed.test.", "A", "secure")


async def chain(
    net: Net, name: str, rtype: str = "A", *, is_asked: bool = True
) -> tuple[list[tuple[object, ...]], list[dict[str, object]]]:
    """zone, owner, type and security of each link; and the rows."""
    rows = await net.operator.look(TrustChain(name, rtype, is_asked))
    return [tuple(row[key] for key in ("zone", "owner", "type", "security")) for row in rows], rows


@given(WORLD)
async def test_each_link_is_told_with_what_vouches_for_it_and_until_when(net: Net) -> None:
    links, rows = await chain(net, "www.signed.test")
    assert links == [*DOWN, WWW]
    assert all(len(row["signatures"]) == 1 for row in rows)  # type: ignore[arg-type]  # a list
    assert "13, 2026-07-02 00:00 to 2026-08-31 00:00 UTC" in str(rows[-1]["signatures"])
    assert rows[-2]["ds"] == rows[-3]["ds"]
    assert "vouched for" in str(rows[-2]["keys"])


@given({"S": zone("signed.test", "www 300 A 198.51.100.1", "www 300 TXT hello", signs=Kind.NSEC)}, answer=FULL)
async def test_of_any_each_record_set_is_told(net: Net) -> None:
    links, _ = await chain(net, "www.signed.test", "ANY")
    assert links == [*DOWN, WWW, ("signed.test.", "www.signed.test.", "TXT", "secure")]


@given(WORLD)
async def test_of_what_is_cached_it_is_told_without_asking_anybody(net: Net) -> None:
    await net.ask("www.signed.test")
    net.asked()
    links, _ = await chain(net, "www.signed.test", is_asked=False)
    assert links == [*DOWN, WWW]
    links, rows = await chain(net, "www.other.test", is_asked=False)
    assert links[-1] == ("test.", "www.other.test.", "A", "unknown")
    assert rows[-1]["note"] == "not in the cache"
    assert net.asked() == {}


@given(WORLD)
async def test_an_answer_whose_zone_is_vouched_for_no_more_in_the_cache_is_not_told_as_its_parents(net: Net) -> None:
    """The parent's keys have not signed it: it would look bogus, and is secure."""
    await net.ask("www.signed.test")
    await net.operator.look(CacheFlush("signed.test.", "DS"))
    links, rows = await chain(net, "www.signed.test", is_asked=False)
    assert links == [*DOWN[:3], ("test.", "signed.test.", "DS", "unknown")]
    assert rows[-1]["note"] == "not in the cache"


@given(WORLD)
async def test_an_unsigned_zone_is_told_by_the_proof_that_came_with_its_referral(net: Net) -> None:
    await net.ask("www.open.test")
    net.asked()
    links, _ = await chain(net, "www.open.test", is_asked=False)
    assert links == [*DOWN[:3], ("test.", "open.test.", "DS", "insecure")]
    assert net.asked() == {}


@given({"X": EVIL, "V": VICTIM})
async def test_a_zone_that_takes_too_much_work_ends_the_chain_and_says_so(net: Net) -> None:
    """KeyTrap, CVE-2023-50387: no more is computed for an operator's question than for a client's."""
    net.possess("X", keytrap(net.keys_of("evil.test")))
    links, rows = await chain(net, "www.evil.test")
    assert links[-1] == ("www.evil.test.", "www.evil.test.", "A", "unknown")
    assert rows[-1]["note"] == "this question took too much work: signatures"


@given(WORLD)
async def test_an_alias_is_followed_and_no_zone_is_told_twice(net: Net) -> None:
    links, _ = await chain(net, "out.signed.test")
    assert links == [
        *DOWN,
        ("signed.test.", "out.signed.test.", "CNAME", "secure"),
        ("test.", "other.test.", "DS", "secure"),
        ("other.test.", "other.test.", "DNSKEY", "secure"),
        ("other.test.", "www.other.test.", "A", "secure"),
    ]


@given(WORLD)
async def test_an_alias_that_is_cached_is_followed_without_asking_anybody(net: Net) -> None:
    """As explain has it: what answers a question for A is the alias."""
    await net.ask("out.signed.test")
    net.asked()
    links, _ = await chain(net, "out.signed.test", is_asked=False)
    assert [link[1:] for link in links if link[2] in ("CNAME", "A")] == [
        ("out.signed.test.", "CNAME", "secure"),
        ("www.other.test.", "A", "secure"),
    ]
    assert net.asked() == {}


@given({"S": zone("signed.test", f"long 300 DNAME {LONG}.signed.test.", signs=Kind.NSEC)})
async def test_an_alias_that_gives_too_long_a_name_ends_the_chain(net: Net) -> None:
    await net.ask(f"{LONG}.long.signed.test")
    _, rows = await chain(net, f"{LONG}.long.signed.test", is_asked=False)
    assert "no name any more" in str(rows[-1]["note"])


@given(WORLD)
async def test_a_name_below_one_that_is_not_there_is_told_by_its_proof(net: Net) -> None:
    """RFC 8020: so is it answered."""
    await net.ask("nope.signed.test")
    links, rows = await chain(net, "below.nope.signed.test", is_asked=False)
    assert {link[2:] for link in links[5:]} == {("NSEC", "secure")}
    assert rows[-1]["note"] == "of the proof of NXDOMAIN for below.nope.signed.test."


@given(WORLD)
async def test_where_a_zone_is_not_signed_the_chain_ends_with_the_proof(net: Net) -> None:
    links, rows = await chain(net, "www.open.test")
    assert links == [*DOWN[:3], ("test.", "open.test.", "DS", "insecure")]
    assert "an unsigned zone begins here" in str(rows[-1]["note"])


@given(WORLD)
async def test_a_denial_is_told_by_its_proof(net: Net) -> None:
    links, rows = await chain(net, "nope.signed.test")
    assert links[:5] == DOWN
    assert {link[2:] for link in links[5:]} == {("NSEC", "secure")}
    assert rows[-1]["note"] == "of the proof of NXDOMAIN for nope.signed.test."


@pytest.mark.parametrize(
    ("flaw", "said"),
    [
        (Flaw.EXPIRED, "signature expired"),
        (Flaw.EARLY, "signature not yet valid"),
        (Flaw.FORGED, "signature does not match"),
        (Flaw.UNSIGNED, "there are none"),
    ],
)
def test_what_is_wrong_is_told_at_its_link(flaw: Flaw, said: str) -> None:
    @given(WORLD)
    async def play(net: Net) -> None:
        net.spoil("S", flaw)
        links, rows = await chain(net, "www.signed.test")
        assert links == [*DOWN[:4], ("signed.test.", "signed.test.", "DNSKEY", "bogus")]
        assert rows[-1]["note"] == said

    play()


@given(WORLD)
async def test_who_does_not_answer_and_what_is_exempt_are_told(net: Net) -> None:
    net.break_server("S")
    links, _ = await chain(net, "www.signed.test")
    assert links[-1] == ("signed.test.", "signed.test.", "DNSKEY", "unknown")
    await net.operator.look(TrustExempt("signed.test.", 60, "their signer is down"))
    [row] = await net.operator.look(TrustChain("www.signed.test.", "A"))
    assert (row["security"], row["note"]) == ("insecure", "not checked at and below it: their signer is down")


def of_chain(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return [row for row in rows if row["kind"] == "chain"]


@given(WORLD)
async def test_what_explain_says_of_a_validated_answer_has_the_same_links(net: Net) -> None:
    assert of_chain(await net.operator.look(Explain("www.signed.test"))) == []  # nobody has asked yet
    resolved = await net.operator.look(Resolve("www.signed.test"))
    net.asked()
    told = await net.operator.look(Explain("www.signed.test"))
    _, rows = await chain(net, "www.signed.test", is_asked=False)
    assert of_chain(told) == of_chain(resolved) == rows
    assert [row["kind"] for row in told] == ["link", *["chain"] * len(rows), "verdict"]
    assert net.asked() == {}


@given(WORLD)
async def test_what_is_proven_already_is_told_as_it_will_be_answered_and_asks_nobody(net: Net) -> None:
    """RFC 8198: the NSEC record that denied one name denies others."""
    await net.ask("nope.signed.test")
    net.asked()
    link, *links, verdict = await net.operator.look(Explain("nine.signed.test"))
    assert (link["state"], link["security"], link["note"]) == ("negative", "secure", PROVEN)
    assert {one["security"] for one in links} == {"secure"}
    assert (verdict["rcode"], verdict["next"]) == ("NXDOMAIN", "")
    assert (await net.ask("nine.signed.test")).rcode == "NXDOMAIN"
    assert net.asked() == {}


@given(WORLD)
async def test_to_be_told_what_is_proven_already_is_no_use_of_it(net: Net) -> None:
    await net.ask("nope.other.test")
    before = await net.operator.stats()
    link, *_ = await net.operator.look(Explain("a.other.test"))
    assert link["note"] == PROVEN
    changed = {row.name for row in set(await net.operator.stats()) - set(before)}
    assert not any("dnssec" in name or "cache" in name for name in changed), changed


@given(WORLD)
async def test_what_explain_says_of_an_unsigned_zone_has_the_proof_of_it(net: Net) -> None:
    resolved = await net.operator.look(Resolve("www.open.test"))
    net.asked()
    assert of_chain(await net.operator.look(Explain("www.open.test"))) == of_chain(resolved)
    assert "an unsigned zone begins here" in str(of_chain(resolved)[-1]["note"])
    await net.operator.look(Resolve("www.open.test"))
    assert net.asked() == {}


@pytest.mark.parametrize("flaw", [Flaw.EXPIRED, Flaw.UNSIGNED])
def test_what_explain_says_of_a_bogus_answer_has_the_link_that_fails(flaw: Flaw) -> None:
    @given(WORLD)
    async def play(net: Net) -> None:
        net.spoil("S", flaw)
        resolved = of_chain(await net.operator.look(Resolve("www.signed.test")))
        assert (resolved[-1]["owner"], resolved[-1]["security"]) == ("signed.test.", "bogus")
        net.asked()
        told = of_chain(await net.operator.look(Explain("www.signed.test")))
        assert (told[-1]["owner"], told[-1]["security"]) == ("signed.test.", "bogus")
        assert net.asked() == {}

    play()


@given(WORLD)
async def test_a_failure_that_is_not_of_validation_has_no_chain(net: Net) -> None:
    net.break_server("S")
    assert of_chain(await net.operator.look(Resolve("www.signed.test"))) == []


@given(WORLD)
async def test_of_this_hosts_own_names_nobody_is_asked(net: Net) -> None:
    net.asked()
    links, _ = await chain(net, "web.internal")
    assert links == [("web.internal.", "web.internal.", "A", "insecure")]
    assert net.asked() == {}


@given(WORLD)
async def test_of_any_that_is_answered_here_nobody_is_asked(net: Net) -> None:
    net.asked()
    links, _ = await chain(net, "www.signed.test", "ANY")
    assert links == [("www.signed.test.", "www.signed.test.", "ANY", "insecure")]
    assert net.asked() == {}


@given(WORLD, local=LocalOptions(("printer.signed.test. A 192.0.2.7",)))
async def test_of_local_data_nobody_is_asked_either(net: Net) -> None:
    net.asked()
    links, _ = await chain(net, "printer.signed.test")
    assert links == [("printer.signed.test.", "printer.signed.test.", "A", "insecure")]
    assert net.asked() == {}


@given(WORLD)
async def test_a_stale_answer_of_a_zone_that_turned_bogus_has_the_link_that_fails(net: Net) -> None:
    await net.ask("www.signed.test")
    net.spoil("S", Flaw.FORGED)
    await net.at(4000)
    await net.ask("www.signed.test")
    told = await net.operator.look(Explain("www.signed.test"))
    assert told[0]["state"] == "stale"
    last = of_chain(told)[-1]
    assert (last["owner"], last["type"], last["security"]) == ("signed.test.", "DNSKEY", "bogus")
    assert "signature does not match" in str(last["note"])
