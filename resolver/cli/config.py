"""`cistern config`: every option there is."""

import click


@click.command("config")
def command() -> None:
    """Print every option with its default."""
    from resolver.options import reference

    click.echo(reference(), nl=False)
