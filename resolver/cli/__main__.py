"""`python -m resolver.cli`: the `cistern` command where no script of that name is."""

from resolver.cli.commands import main

main(prog_name="cistern")
