"""The `.internal` names: answered from the host's copy of the replicated state database."""

from internal_zones.apex import is_ours
from internal_zones.counts import InternalCounts
from internal_zones.database import StateFault
from internal_zones.inspection import AppRow, FaultRow, MachineRow, Wanted
from internal_zones.mapping import Mapping
from internal_zones.options import StateOptions, SubscriptionOptions
from internal_zones.status import StateStatus
from internal_zones.zones import InternalZones

__all__ = [
    "AppRow",
    "FaultRow",
    "InternalCounts",
    "InternalZones",
    "MachineRow",
    "Mapping",
    "StateFault",
    "StateOptions",
    "StateStatus",
    "SubscriptionOptions",
    "Wanted",
    "is_ours",
]
