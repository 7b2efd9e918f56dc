"""In which manner is a question put to the servers: passing over whom, and showing how much of it?"""

from collections.abc import Set as AbstractSet
from typing import Final, final

from mypy_extensions import mypyc_attr

from cache.names import WireName
from cache.value import Value
from resolver.env import Address
from resolver.iterate.delegation import ZoneServer


@final
@mypyc_attr(acyclic=True)
class Manner(Value):
    """avoided: servers that are passed over in their zones, as if they had failed.

    in_whole: the whole name is shown at once, and no denial of a name above is taken for that of all below it.
    """

    __slots__ = ("avoided", "in_whole")

    def __init__(self, avoided: AbstractSet[ZoneServer] = frozenset(), *, in_whole: bool = False) -> None:
        self.avoided: Final = avoided
        self.in_whole: Final = in_whole

    def parts(self) -> tuple[object, ...]:
        return self.avoided, self.in_whole

    def avoided_in(self, zone: WireName) -> frozenset[Address]:
        """The servers that are passed over as servers of `zone`."""
        return frozenset(one.server for one in self.avoided if one.zone == zone)


USUAL: Final = Manner()
