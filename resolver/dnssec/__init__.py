"""DNSSEC: trust anchors and validation."""

from resolver.dnssec.options import DnssecOptions

__all__ = ["DnssecOptions"]
