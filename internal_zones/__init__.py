"""The `.internal` names: answered from the host's copy of the replicated state database."""

from internal_zones.apex import is_ours
from internal_zones.counts import InternalCounts
from internal_zones.mapping import Mapping
from internal_zones.options import StateOptions
from internal_zones.status import StateStatus
from internal_zones.zones import InternalZones

__all__ = ["InternalCounts", "InternalZones", "Mapping", "StateOptions", "StateStatus", "is_ours"]
