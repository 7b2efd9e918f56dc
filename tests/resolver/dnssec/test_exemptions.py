"""When an exemption is over."""

from resolver.dnssec.exemptions import MAX_SECONDS, Exemption, over
from tests.resolver.dnssec.signing import NOW, ZONE


def test_an_exemption_ends_at_its_end_and_when_the_clock_makes_it_too_long() -> None:
    an_hour = Exemption(ZONE, NOW, NOW + 3600, "their signer is down")
    assert over([an_hour], NOW + 3599) == []
    assert over([an_hour], NOW + 3600) == [an_hour]
    assert over([an_hour], NOW - MAX_SECONDS) == [an_hour]
