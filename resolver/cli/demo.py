"""`cistern demo`: the daemon with a state database and a small internet of its own."""

import sys

import click


@click.command("demo")
@click.option("--tour", is_flag=True, help="End after the tour: 0 if every step was right.")
def command(tour: bool) -> None:
    """Show the daemon at work.

    It listens on 127.0.0.1:5300, shows what it does, and stays up for your own dig.
    """
    from resolver.demo.run import main

    sys.exit(main(tour))
