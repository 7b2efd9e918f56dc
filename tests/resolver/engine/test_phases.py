"""How an exchange goes on: every pair of phase and signal, in the table or not."""

import pytest

from resolver.engine.phases import NEXT, Phase, Signal, is_over_tcp


@pytest.mark.parametrize("signal", Signal)
@pytest.mark.parametrize("phase", Phase)
def test_a_signal_leads_on_or_ends_the_exchange(phase: Phase, signal: Signal) -> None:
    """What is not in the table is over; all that is in it stands here once more, as sentences."""
    leads = NEXT.get((phase, signal))
    is_guarded_udp = phase in (Phase.FIRST, Phase.NEW_COOKIE, Phase.NO_COOKIE)
    if signal in (Signal.SETTLED, Signal.HINDERED):
        assert leads is None, "there is a reply, or this host cannot send"
    elif signal in (Signal.SILENT, Signal.FAILED):
        assert leads is (Phase.UNGUARDED if phase is Phase.CLEARING else None), (
            "only a suspicion is cleared up without TCP"
        )
    elif signal is Signal.TRUNCATED:
        assert leads is (None if is_over_tcp(phase) else Phase.STREAM), "over TCP there is nothing longer"
    elif signal is Signal.BAD_COOKIE:
        asks_again = {Phase.FIRST: Phase.NEW_COOKIE, Phase.NEW_COOKIE: Phase.STREAM, Phase.UNGUARDED: Phase.STREAM}
        assert leads is asks_again.get(phase), "a new cookie is tried once"
    elif signal is Signal.NO_COOKIE:
        assert leads is (None if phase in (Phase.NO_COOKIE, Phase.NO_EDNS) else Phase.NO_COOKIE), "it is left away once"
    elif signal is Signal.NO_EDNS:
        assert leads is (None if phase is Phase.NO_EDNS else Phase.NO_EDNS), "it is left away once"
    elif signal is Signal.GARBLED:
        without = Phase.NO_EDNS if is_guarded_udp or phase is Phase.UNGUARDED else None
        assert leads is (Phase.UNGUARDED if phase is Phase.CLEARING else without), "EDNS may be why, or TCP"
    else:
        assert signal is Signal.SUSPICIOUS
        assert leads is (Phase.CLEARING if is_guarded_udp or phase is Phase.NO_EDNS else None)


def test_no_exchange_goes_round_in_a_circle() -> None:
    """EDNS and a cookie are never taken up again, and so what ends them is met once; without it nothing leads back."""
    left, met_once = set(Phase), (Signal.NO_EDNS, Signal.GARBLED, Signal.NO_COOKIE)
    for _ in Phase:
        left = {phase for (at, signal), phase in NEXT.items() if at in left and signal not in met_once}
    assert not left
