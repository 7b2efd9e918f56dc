"""The `cistern` command."""

from resolver.cli.commands import main

__all__ = ["main"]
