"""Whether an exempt zone validates again, as its servers are; what comes of it is in test_trust_keeper."""

import pytest
import trio

from resolver.daemon.trust_keeper import LOOK_EVERY
from resolver.dnssec.exemptions import PROBE_EVERY
from resolver.service.trust_protocol import TrustExempt
from tests.simulation.denials import Kind
from tests.simulation.scenarios.kit import Net, given
from tests.simulation.scenarios.servers import zone
from tests.simulation.signing_authority import Flaw

HOUR = 3600.0  # s that a DS is fresh for
SIGNED = zone("signed.test", "www 300 A 198.51.100.1", "a 300 CNAME www", signs=Kind.NSEC3)


# with HOLLOW the zone's names are found all the same: the whole name is asked where what denies part of it is unproven
FLAWS = [flaw for flaw in Flaw if flaw not in (Flaw.NONE, Flaw.HOLLOW)]


@pytest.mark.parametrize("flaw", FLAWS, ids=lambda flaw: flaw.name)
def test_a_zone_that_is_wrong_in_any_way_does_not_validate(flaw: Flaw) -> None:
    @given({"S": SIGNED})
    async def play(net: Net) -> None:
        net.spoil("S", flaw)
        await net.operator.look(TrustExempt("signed.test.", 86400, "x"))
        await trio.sleep(PROBE_EVERY + 2 * LOOK_EVERY)
        assert await net.counter("trust_exemptions") == 1

    play()


@pytest.mark.parametrize("name", ["signed.test.", "www.signed.test.", "nope.signed.test."])
def test_what_is_sound_does_at_an_apex_and_at_any_name(name: str) -> None:
    @given({"S": SIGNED})
    async def play(net: Net) -> None:
        await net.operator.look(TrustExempt(name, 86400, "x"))
        await trio.sleep(PROBE_EVERY + 2 * LOOK_EVERY)
        assert await net.counter("trust_exemptions") == 0

    play()


@given({"S": SIGNED})
async def test_a_zone_that_is_not_signed_any_more_needs_no_exemption(net: Net) -> None:
    net.spoil("S", Flaw.UNSIGNED)
    await net.operator.look(TrustExempt("signed.test.", 86400, "x"))
    net.vouch("signed.test", is_signed=False)
    await net.flush("test")
    await trio.sleep(PROBE_EVERY + 2 * LOOK_EVERY)
    assert await net.counter("trust_exemptions") == 0


@given({"S": SIGNED})
async def test_a_silent_zone_says_nothing(net: Net) -> None:
    await net.operator.look(TrustExempt("signed.test.", 86400, "x"))
    net.break_server("S")
    await trio.sleep(PROBE_EVERY + 2 * LOOK_EVERY)
    assert await net.counter("trust_exemptions") == 1


@given({"S": SIGNED})
async def test_a_stale_ds_says_nothing_of_today(net: Net) -> None:
    """The zone's parent may have another by now, and does not answer."""
    net.spoil("S", Flaw.FORGED)
    await net.operator.look(TrustExempt("signed.test.", 86400, "x"))
    await trio.sleep(PROBE_EVERY + 2 * LOOK_EVERY)
    assert (await net.cached("signed.test."))["DS"] == "fresh"
    net.break_server("test")
    await trio.sleep(HOUR)
    assert (await net.cached("signed.test."))["DS"] == "stale"
    net.spoil("S", Flaw.NONE)
    await trio.sleep(PROBE_EVERY + 2 * LOOK_EVERY)
    assert await net.counter("trust_exemptions") == 1
