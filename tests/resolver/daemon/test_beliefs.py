"""Where trust begins and ends now, by the config and by what came since."""

from cache.names import ROOT, from_text
from resolver.daemon.beliefs import Beliefs
from resolver.daemon.trust import read_anchors
from resolver.dnssec.anchors import Anchor
from resolver.dnssec.exemptions import Exemption
from resolver.dnssec.options import DnssecOptions
from resolver.dnssec.rollover import Kept, State, TrustPoint, begin
from tests.resolver.dnssec.signing import NOW

EXAMPLE, LAB = from_text("example."), from_text("lab.example.")
OPTIONS = DnssecOptions(negative_trust_anchors=("lab.example",))
DS, OTHER_DS = b"\x00\x07\x0d\x02" + bytes(32), b"\x00\x08\x0d\x02" + bytes(32)
ANCHORS = {EXAMPLE: Anchor(EXAMPLE, (DS,))}


def test_the_config_is_what_is_believed_at_first() -> None:
    beliefs = Beliefs(OPTIONS, read_anchors(DnssecOptions()), NOW)
    assert beliefs.anchors == read_anchors(DnssecOptions())
    assert beliefs.unchecked == {LAB}
    assert beliefs.root_tags == {20326, 38696}


def test_what_was_learned_is_known_again_of_zones_that_are_configured_still() -> None:
    beliefs = Beliefs(OPTIONS, ANCHORS, NOW)
    revoked = TrustPoint(EXAMPLE, (Kept(DS, State.REVOKED, NOW), Kept(OTHER_DS, State.VALID, NOW)))
    held = beliefs.anchors
    beliefs.restore([revoked, begin(ROOT, (DS,), NOW)], [], NOW)
    assert beliefs.anchors == {EXAMPLE: Anchor(EXAMPLE, (OTHER_DS,))}
    assert held is beliefs.anchors  # whoever validates holds it
    beliefs.adopt(OPTIONS, ANCHORS, NOW)
    assert beliefs.anchors == {EXAMPLE: Anchor(EXAMPLE, (OTHER_DS,))}
    beliefs.adopt(OPTIONS, {}, NOW)
    assert beliefs.anchors == {}


def test_a_zone_whose_anchors_are_all_revoked_has_none() -> None:
    beliefs = Beliefs(OPTIONS, ANCHORS, NOW)
    beliefs.learn(TrustPoint(EXAMPLE, (Kept(DS, State.REVOKED, NOW),)))
    assert beliefs.anchors == {}


def test_exemptions_stand_beside_those_of_the_config() -> None:
    beliefs = Beliefs(OPTIONS, ANCHORS, NOW)
    one = Exemption(EXAMPLE, NOW, NOW + 60, "x")
    beliefs.exempt(one)
    assert beliefs.unchecked == {LAB, EXAMPLE}
    assert beliefs.exemption_of(from_text("www.example.")) == beliefs.exemption_of(EXAMPLE) == one
    assert beliefs.exemption_of(from_text("anexample.")) is None
    nearer = Exemption(LAB, NOW, NOW + 60, "y")
    beliefs.exempt(nearer)
    assert beliefs.exemption_of(from_text("a.lab.example.")) == nearer
    beliefs.enforce(LAB)
    beliefs.enforce(EXAMPLE)
    assert beliefs.unchecked == {LAB}
