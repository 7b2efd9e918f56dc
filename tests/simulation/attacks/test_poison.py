"""Replies that say more than they were asked, or more than their server may say: nothing of that reaches a client."""

from typing import Final

import pytest

from resolver.demo.authority import Transport
from resolver.demo.behaviour import Asking
from resolver.dnssec.options import DnssecOptions
from tests.simulation.denials import Kind
from tests.simulation.scenarios.kit import Net, given
from tests.simulation.scenarios.servers import NETWORK, Said, zone

EVIL: Final = "203.0.113.66"
X_ADDRESS: Final = f"{NETWORK}11"  # as `given` numbers the first server
WWW_TRUTH: Final = ["www.victim.test 300 A 198.51.100.1"]
VICTIM: Final = zone("victim.test", "www 300 A 198.51.100.1", "mail 300 A 198.51.100.2", "y 300 A 198.51.100.3")
EVIL_REFERRAL: Final = ("victim.test. 86400 NS ns.evil.test.",)
EVIL_GLUE: Final = (f"ns.evil.test. 86400 A {X_ADDRESS}",)


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(
            Said((f"x.fwd.test. 300 A {EVIL}",), ("test. 86400 NS ns.evil.test.",), EVIL_GLUE),
            id="ns-of-the-zone-above",
        ),
        pytest.param(Said((f"x.fwd.test. 300 A {EVIL}",), EVIL_REFERRAL, EVIL_GLUE), id="ns-beside"),
        pytest.param(Said((f"x.fwd.test. 300 A {EVIL}", f"www.victim.test. 300 A {EVIL}")), id="an-address-beside"),
        pytest.param(
            Said(("x.fwd.test. 300 CNAME www.victim.test.", f"www.victim.test. 300 A {EVIL}")), id="a-chain-out-of-it"
        ),
        pytest.param(Said((), EVIL_REFERRAL, EVIL_GLUE, is_authoritative=False), id="a-referral"),
        pytest.param(Said(("test. 300 DNAME evil.test.",)), id="a-dname-above"),
    ],
)
@given({"X": zone("fwd.test"), "V": VICTIM}, forward={"fwd.test": ("X",)})
async def test_maginotdns_cve_2021_25220_a_forwarder_speaks_of_its_own_zone_only(net: Net, said: Said) -> None:
    net.possess("X", lambda question, asking: said)
    await net.ask("x.fwd.test", excused="0 SOAs")  # what is left of it may be nothing
    net.asked()
    assert (await net.ask("www.victim.test")).answer == WWW_TRUTH
    assert (await net.ask("mail.victim.test")).answer == ["mail.victim.test 300 A 198.51.100.2"]
    assert "X" not in net.asked()


@given({"X": zone("evil.test"), "V": VICTIM})
async def test_promiscuous_ns_cve_2025_11411_beside_an_answer_redirect_nothing(net: Net) -> None:
    """What a forger adds to a true answer over UDP: other name servers for the answer's own zone, with addresses."""
    net.say("V", "www.victim.test A", Said((f"www.victim.test. 300 A {EVIL}",), EVIL_REFERRAL, EVIL_GLUE))
    await net.ask("www.victim.test")
    net.asked()
    assert (await net.ask("mail.victim.test")).answer == ["mail.victim.test 300 A 198.51.100.2"]
    assert (await net.ask("nowhere.victim.test")).rcode == "NXDOMAIN"
    assert "X" not in net.asked()


@pytest.mark.parametrize("beside", ["MX 10 mail.victim.test.", "SRV 1 1 25 mail.victim.test.", "PTR mail.victim.test."])
@given({"X": zone("evil.test"), "V": VICTIM})
async def test_cve_2026_42960_an_address_beside_anything_but_ns_is_no_glue(net: Net, beside: str) -> None:
    glue = (f"mail.victim.test. 86400 A {EVIL}",)
    net.say(
        "V",
        "www.victim.test A",
        Said((WWW_TRUTH[0].replace("test ", "test. "),), (f"victim.test. 300 {beside}",), glue),
    )
    assert (await net.ask("www.victim.test")).answer == WWW_TRUTH
    assert await net.cached("mail.victim.test") == {}
    assert (await net.ask("mail.victim.test")).answer == ["mail.victim.test 300 A 198.51.100.2"]


@given({"X": zone("evil.test"), "V": VICTIM})
async def test_pdns_sa_2026_01_records_that_no_alias_leads_to_are_dropped(net: Net) -> None:
    """In reply to x: y, which the same server may speak of but was not asked for, and names of others."""
    others = (f"y.victim.test. 300 A {EVIL}", "z.victim.test. 300 CNAME y.victim.test.", f"www.test. 300 A {EVIL}")
    net.say("V", "www.victim.test A", Said(("www.victim.test. 300 A 198.51.100.1", *others)))
    assert (await net.ask("www.victim.test")).answer == WWW_TRUTH
    for name in ("y.victim.test", "z.victim.test", "www.test"):
        assert await net.cached(name) == {}
    assert (await net.ask("y.victim.test")).answer == ["y.victim.test 300 A 198.51.100.3"]


@given({"X": zone("evil.test"), "V": VICTIM})
async def test_a_chain_into_another_zone_is_followed_there_and_not_believed(net: Net) -> None:
    chain = ("a.evil.test. 300 CNAME www.victim.test.", f"www.victim.test. 86400 A {EVIL}")
    net.say("X", "a.evil.test A", Said(chain))
    assert (await net.ask("a.evil.test")).answer == ["a.evil.test 300 CNAME www.victim.test.", *WWW_TRUTH]
    assert (await net.ask("www.victim.test")).answer == WWW_TRUTH


@given({"X": zone("evil.test"), "V": VICTIM})
async def test_a_referral_speaks_of_no_zone_but_those_below_the_one_asked(net: Net) -> None:
    net.possess("X", lambda question, asking: Said((), EVIL_REFERRAL, EVIL_GLUE, is_authoritative=False))
    assert (await net.ask("www.evil.test")).rcode == "SERVFAIL"
    net.asked()
    assert (await net.ask("www.victim.test")).answer == WWW_TRUTH
    assert "X" not in net.asked()


@given({"X": zone("evil.test"), "V": VICTIM})
async def test_glue_for_a_strangers_name_server_is_not_kept(net: Net) -> None:
    """A referral to a sub-zone served by the victim's name server, with an address for it."""
    net.possess(
        "X",
        lambda question, asking: Said(
            (),
            ("sub.evil.test. 300 NS ns-v.victim.test.",),
            (f"ns-v.victim.test. 86400 A {X_ADDRESS}",),
            is_authoritative=False,
        ),
    )
    await net.ask("a.sub.evil.test")
    net.asked()
    assert (await net.ask("www.victim.test")).answer == WWW_TRUTH
    assert (await net.ask("ns-v.victim.test")).answer == [f"ns-v.victim.test 86400 A {NETWORK}12"]
    assert "X" not in net.asked()


LAB: Final = {
    "V": zone("victim.test", "www 300 A 198.51.100.1", signs=Kind.NSEC),
    "L": zone("x.lab.victim.test", "@ 300 A 198.51.100.4", "mail 300 A 198.51.100.5", "more 300 A 198.51.100.6"),
}
NO_SUCH_DS: Final = "never was without DS"  # the public tree has no such name; here it has, and no DS
LAB_OPTIONS: Final = DnssecOptions(validate=True, negative_trust_anchors=("x.lab.victim.test.",))


@pytest.mark.parametrize("denied", ["x.lab.victim.test DS", "lab.victim.test", "lab.victim.test DS", "k.victim.test"])
@pytest.mark.parametrize("flags", ["", "CD"])
@given(LAB, stub={"x.lab.victim.test": ("L",)}, dnssec=LAB_OPTIONS)
async def test_no_denial_from_above_silences_a_configured_zone(net: Net, denied: str, flags: str) -> None:
    """One client's question for what is rightly denied: RFC 8020 and RFC 8198 told of all that is below, a stub zone, too."""
    await net.ask(denied, flags=flags, excused=NO_SUCH_DS)
    assert (await net.ask("mail.x.lab.victim.test")).answer == ["mail.x.lab.victim.test 300 A 198.51.100.5"]
    assert (await net.ask("x.lab.victim.test")).answer == ["x.lab.victim.test 300 A 198.51.100.4"]
    assert (await net.ask("none.x.lab.victim.test")).soa.startswith("x.lab.victim.test ")


@given(
    {"V": VICTIM, "L": zone("lab.victim.test", "@ 300 A 198.51.100.4", "mail 300 A 198.51.100.5")},
    stub={"lab.victim.test": ("L",)},
)
async def test_the_ds_of_a_configured_zone_is_all_that_is_denied_without_validation(net: Net) -> None:
    reply = await net.ask("lab.victim.test DS", excused=NO_SUCH_DS)
    assert (reply.rcode, reply.answer, reply.soa[:12]) == ("NOERROR", [], "victim.test ")
    assert (await net.ask("lab.victim.test")).answer == ["lab.victim.test 300 A 198.51.100.4"]


@given(
    {"V": VICTIM, "L": zone("lab.victim.test", "mail 300 A 198.51.100.5")},
    stub={"lab.victim.test": ("L",)},
)
async def test_what_stands_behind_an_alias_is_the_configured_servers_to_say(net: Net) -> None:
    """Over TCP, where a chain is believed as far as its zone has a say."""
    lie = ("www.victim.test. 300 CNAME mail.lab.victim.test.", f"mail.lab.victim.test. 300 A {EVIL}")

    def over_tcp(question: str, asking: Asking) -> Said | None:
        if question != "www.victim.test A":
            return None
        return Said(lie) if asking.transport is Transport.TCP else Said(is_truncated=True)

    net.possess("V", over_tcp)
    assert (await net.ask("www.victim.test")).answer[-1] == "mail.lab.victim.test 300 A 198.51.100.5"
