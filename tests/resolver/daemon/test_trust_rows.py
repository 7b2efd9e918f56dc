"""What is shown of trust; what changes it is in test_trust_keeper."""

from cache.names import ROOT, from_text
from resolver.daemon.beliefs import Beliefs
from resolver.daemon.trust import read_anchors
from resolver.daemon.trust_rows import trust_measures, with_exemption
from resolver.dnssec.exemptions import Exemption
from resolver.dnssec.options import DnssecOptions
from resolver.dnssec.rollover import Kept, State, TrustPoint
from resolver.policy.explain import LinkRow
from tests.resolver.dnssec.signing import NOW

EXAMPLE = from_text("example.")


def test_each_anchor_has_its_state_as_a_number_that_the_help_explains() -> None:
    beliefs = Beliefs(DnssecOptions(), read_anchors(DnssecOptions()), NOW)
    one, other = beliefs.points[ROOT].keys
    missing = Kept(other.ds, State.MISSING, NOW)
    beliefs.learn(TrustPoint(ROOT, (one, missing), checked=NOW))
    beliefs.exempt(Exemption(EXAMPLE, NOW, NOW + 60, "x"))
    states, checked, exemptions = trust_measures(beliefs)
    assert states.values == {". 20326": 2, ". 38696": 3}
    assert "2 valid, 3 missing" in states.help
    assert (checked.values, exemptions.values) == ({".": NOW}, {"": 1})


def test_a_note_is_put_behind_the_one_that_is_there() -> None:
    one = Exemption(EXAMPLE, NOW, NOW + 60, "their signer is down")
    row = LinkRow("example.", "A", "cache", "fresh")
    said = "not checked at and below example. for another 60 s: their signer is down"
    assert with_exemption(row, one, NOW).note == said
    assert with_exemption(with_exemption(row, one, NOW), one, NOW).note == f"{said}; {said}"
