"""What is trusted and what is left unchecked at this moment: by the config, by what zones signed since, and by operators."""

from collections.abc import Iterable, Mapping

from cache.names import ROOT, WireName, from_text, is_at_or_below
from resolver.dnssec.anchors import Anchor
from resolver.dnssec.exemptions import Exemption
from resolver.dnssec.keys import tag_of
from resolver.dnssec.options import DnssecOptions
from resolver.dnssec.rollover import TrustPoint, begin, with_configured

Anchors = Mapping[WireName, Anchor]


class Beliefs:
    """anchors, unchecked, root_tags: as they are now; whoever holds one of them sees it change.

    points, exemptions: what they come from besides the config. not_saved: why the file of both could not be written.
    """

    def __init__(self, options: DnssecOptions, configured: Anchors, wall: float) -> None:
        self.anchors: dict[WireName, Anchor] = {}
        self.unchecked: set[WireName] = set()
        self.root_tags: set[int] = set()
        self.points: dict[WireName, TrustPoint] = {}
        self.exemptions: dict[WireName, Exemption] = {}
        self.not_saved = ""
        self.configured_exempt: frozenset[WireName] = frozenset()
        self.adopt(options, configured, wall)

    def adopt(self, options: DnssecOptions, configured: Anchors, wall: float) -> None:
        """Go by this config from now on; what was learned of its zones' keys stays."""
        self.configured_exempt = frozenset(map(from_text, options.negative_trust_anchors))
        known = self.points
        self.points = {
            zone: with_configured(known[zone], anchor.ds, wall) if zone in known else begin(zone, anchor.ds, wall)
            for zone, anchor in configured.items()
        }
        self._renew()

    def restore(self, points: Iterable[TrustPoint], exemptions: Iterable[Exemption], wall: float) -> None:
        """Know again what an earlier process had learned of zones that are configured still, and the exemptions."""
        for point in points:
            begun = self.points.get(point.zone)
            if begun is not None:
                self.points[point.zone] = with_configured(point, begun.trusted, wall)
        self.exemptions.update((one.zone, one) for one in exemptions)
        self._renew()

    def learn(self, point: TrustPoint) -> None:
        """The zone's keys are these."""
        self.points[point.zone] = point
        self._renew()

    def exempt(self, exemption: Exemption) -> None:
        self.exemptions[exemption.zone] = exemption
        self._renew()

    def enforce(self, zone: WireName) -> None:
        """The zone's exemption is over."""
        del self.exemptions[zone]
        self._renew()

    def exemption_of(self, name: WireName) -> Exemption | None:
        """The closest one that covers the name; None: no operator has exempted it."""
        above = [zone for zone in self.exemptions if is_at_or_below(name, zone)]
        return self.exemptions[max(above, key=len)] if above else None

    def _renew(self) -> None:
        trusted = {zone: point.trusted for zone, point in self.points.items()}
        self.anchors.clear()
        self.anchors.update((zone, Anchor(zone, ds)) for zone, ds in trusted.items() if ds)
        self.unchecked.clear()
        self.unchecked.update(self.configured_exempt, self.exemptions)
        self.root_tags.clear()
        self.root_tags.update(map(tag_of, trusted.get(ROOT, ())))
