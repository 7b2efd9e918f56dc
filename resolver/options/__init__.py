"""Everything the daemon can be told, where it is wrong, and the printed reference of it."""

from resolver.options.difference import Difference, differences, digest, with_fixed
from resolver.options.problems import ConfigError, Problem
from resolver.options.reading import load, parse
from resolver.options.reference import reference
from resolver.options.schema import Options

__all__ = [
    "ConfigError",
    "Difference",
    "Options",
    "Problem",
    "differences",
    "digest",
    "load",
    "parse",
    "reference",
    "with_fixed",
]
