"""The `.internal` names: answered from the host's copy of the replicated state database."""

from internal_zones.apex import is_ours
from internal_zones.counts import InternalCounts
from internal_zones.database import StateFault
from internal_zones.inspection import AppRow, FaultRow, MachineRow, Wanted
from internal_zones.mapping import Mapping
from internal_zones.news import ChangeRow
from internal_zones.offline import FileReport, check_file
from internal_zones.options import StateOptions, SubscriptionOptions
from internal_zones.status import StateStatus
from internal_zones.zones import InternalZones

__all__ = [
    "AppRow",
    "ChangeRow",
    "FaultRow",
    "FileReport",
    "InternalCounts",
    "InternalZones",
    "MachineRow",
    "Mapping",
    "StateFault",
    "StateOptions",
    "StateStatus",
    "SubscriptionOptions",
    "Wanted",
    "check_file",
    "is_ours",
]
