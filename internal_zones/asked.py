"""A question of a client, and what its units keep of what stands at its name: made once, where rows stand for it."""

from collections.abc import Sequence
from typing import NamedTuple

from cache.names import WireName
from internal_zones.effort import effort
from internal_zones.index import SCANNED, Labels
from internal_zones.lookup import Place
from internal_zones.nodes import Made
from internal_zones.readings import AppData
from internal_zones.records import EMPTY, UNKNOWN, UNREADABLE, Node, is_of_many
from internal_zones.units import Unit


class Asked(NamedTuple):
    """The question. client: packed address."""

    place: Place
    qname: WireName
    qtype: int
    client: bytes

    def takes_long(self, units: Sequence[Unit]) -> bool:
        """Are more rows looked through to make what stands at the name than fit a turn?"""
        return self.kept(units) is None and effort(self.place, [unit.reading.data for unit in units]) > SCANNED

    def what(self, units: Sequence[Unit]) -> tuple[Labels | WireName | int, ...]:
        """What tells what stands at the name from all else that may be made of units."""
        nearest_of = self.place.nearest
        return self.qname if nearest_of is None else nearest_of.subset, *map(id, units)

    def kept(self, units: Sequence[Unit]) -> Made:
        """What is kept of the name; None: nothing."""
        match units:
            case []:
                return self.place.node
            case [first, second] if self.place.nearest is not None:
                return first.ranks(self.place.nearest.subset, second)
            case [first]:
                return first.node(self.qname)
        return units[0].joint_node(self.qname, tuple(units))

    def keep(self, units: Sequence[Unit], made: Made) -> None:
        """Keep with its units what was made. Only names that rows stand for are kept: the rows bound their number."""
        if made is None or made is UNKNOWN or made is UNREADABLE or not units:
            return
        first, data = units[0], units[0].reading.data
        if not isinstance(made, Node):
            if self.place.nearest is not None and isinstance(data, AppData) and data.subsets is not None:
                first.keep_ranks(self.place.nearest.subset, units[1], made)
        elif len(units) > 1:
            if made != EMPTY or isinstance(data, AppData):
                first.keep_joint_node(self.qname, tuple(units), made)
        elif made != EMPTY or (isinstance(data, AppData) and is_of_many(data, self.place.labels)):
            first.keep_node(self.qname, made)
