"""Zones that were taken away and go on being asked for: nothing that their own servers say keeps them alive."""

from collections.abc import Callable
from typing import Final

import pytest

from resolver.demo.behaviour import Asking, Delays
from tests.simulation.scenarios.kit import NO_STALE, Net, given
from tests.simulation.scenarios.servers import NETWORK, Mind, Said, zone

X_ADDRESS: Final = f"{NETWORK}11"  # as `given` numbers it
GRANT: Final = 60  # s: TTL of the delegation that its parent takes away
LONGER: Final = 3600  # s: what the zone's own servers say of themselves
GHOST: Final = {"X": zone("ghost.test", f"www {LONGER} A 203.0.113.66", delegation_ttl=GRANT)}

Turn = Callable[[Net, int], str]  # what a client asks in the nth turn


def _of_its_own(question: str, asking: Asking) -> Said:
    """A server that gives each of its names, and itself, a life of an hour, with an NS RRset that differs each time."""
    qname, _, qtype = question.partition(" ")
    own = f"ns-x.ghost.test. {LONGER} A {X_ADDRESS}"
    if qtype == "NS":
        return Said((f"ghost.test. {LONGER} NS ns-x.ghost.test.",), additional=(own,))
    if qtype != "A":
        return Said(authority=(f"ghost.test. {LONGER} SOA a. b. 1 1 1 1 {LONGER}",))
    address = X_ADDRESS if qname.startswith("ns") else "203.0.113.66"
    return Said(
        (f"{qname}. {LONGER} A {address}",), authority=(f"ghost.test. {LONGER} NS ns-x.ghost.test.",), additional=(own,)
    )


def _renamed_each_time(question: str, asking: Asking) -> Said:
    """The same with another name server in each NS RRset, so that it is never the same data."""
    said = _of_its_own(question, asking)
    fresh = f"ns{asking.rng.getrandbits(32)}.ghost.test."
    return said._replace(
        answer=tuple(line.replace("NS ns-x.ghost.test.", f"NS {fresh}") for line in said.answer),
        authority=tuple(line.replace("NS ns-x.ghost.test.", f"NS {fresh}") for line in said.authority),
        additional=(f"{fresh} {LONGER} A {X_ADDRESS}",),
    )


def _grandchildren(question: str, asking: Asking) -> Said:
    """Phoenix: the ghost delegates ever new zones below itself, each to itself, for an hour."""
    qname = question.split()[0]
    labels = qname.split(".")
    if len(labels) == 3 and labels[0].startswith("p"):
        return Said(
            authority=(f"{qname}. {LONGER} NS ns-x.ghost.test.",),
            additional=(f"ns-x.ghost.test. {LONGER} A {X_ADDRESS}",),
            is_authoritative=False,
        )
    return _of_its_own(question, asking)


@pytest.mark.parametrize(
    ("mind", "turn"),
    [
        pytest.param(_of_its_own, lambda net, n: f"n{n}.ghost.test A", id="cve-2012-1033-new-names"),
        pytest.param(_of_its_own, lambda net, n: "ghost.test NS", id="cve-2012-1033-ns-of-the-apex"),
        pytest.param(_of_its_own, lambda net, n: "ns-x.ghost.test A", id="cve-2026-40622-glue-from-the-child"),
        pytest.param(_renamed_each_time, lambda net, n: "ghost.test NS", id="cve-2022-30698-apex-with-new-data"),
        pytest.param(_renamed_each_time, lambda net, n: f"n{n}.ghost.test A", id="cve-2022-30698-new-names-new-data"),
        pytest.param(_grandchildren, lambda net, n: f"a.p{n}.ghost.test A", id="cve-2022-30699-new-zones-below"),
        pytest.param(_grandchildren, lambda net, n: f"a{n}.p1.ghost.test A", id="cve-2026-42955-a-zone-below"),
    ],
)
@given(GHOST, stale=NO_STALE)
async def test_a_delegation_that_was_taken_away_is_over_with_its_ttl(net: Net, mind: Mind, turn: Turn) -> None:
    """Whatever its servers say of themselves, and however often they are asked."""
    net.possess("X", mind)
    assert (await net.ask("www.ghost.test")).rcode == "NOERROR"
    await net.at(10)
    net.undelegate("ghost.test")
    n = 0
    while net.seconds < GRANT - 5:
        n += 1
        await net.at(net.seconds + 2)
        await net.ask(turn(net, n))
    # all that was learned below the grant ends with it, at its end and for ever
    await net.at(GRANT + 2)
    net.asked()
    for n in range(1000, 1030):
        reply = await net.ask(turn(net, n))
        assert reply.rcode == "NXDOMAIN", reply
        await net.at(net.seconds + 2)
    assert "X" not in net.asked()
    assert (await net.ask("www.ghost.test")).rcode == "NXDOMAIN"


@pytest.mark.parametrize("late", [0.03, 0.3])
@given({"X": zone("src.test", "www 10 A 198.51.100.1", "other 300 A 198.51.100.2", minimum=300)})
async def test_sdns_515_a_late_refresh_does_not_bring_a_withdrawn_name_back(net: Net, late: float) -> None:
    """A refresh asked before the name went away is answered after its NXDOMAIN has been heard."""
    await net.ask("www.src.test")
    await net.at(9.5)
    net.break_server("X", Delays(late))
    await net.ask("www.src.test")  # due: its refresh is on its way, and its reply is already written
    await net.at(9.515)
    net.withdraw("www.src.test.", "A")
    net.heal_server("X")
    assert (await net.ask("www.src.test AAAA")).rcode == "NXDOMAIN"
    await net.at(12)
    assert (await net.ask("www.src.test")).rcode == "NXDOMAIN"
    assert await net.cached("www.src.test") == {"*": "nxdomain"}
