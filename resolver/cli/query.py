"""`cistern query`: asks a DNS server, by default the daemon of this host, as a client would."""

import contextlib
from pathlib import Path

import click
import trio

from cache.names import from_text
from resolver.cli.arguments import CONFIG_FILE, DEFAULT_CONFIG, for_programs, name, rrtype
from resolver.cli.config_file import load_or_exit
from resolver.cli.dig_habits import as_options, reverse_name
from resolver.cli.json_rows import echo_struct
from resolver.env import Address, address_from_text
from resolver.options import Options

DNS_PORT = 53
LOOPBACKS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # where a daemon that listens everywhere is asked


def server_address(text: str) -> Address:
    """ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT. Raises click.BadParameter."""
    for candidate in (text, f"{text}:{DNS_PORT}", f"[{text}]:{DNS_PORT}"):
        with contextlib.suppress(ValueError):
            return address_from_text(candidate)
    raise click.BadParameter(f"{text!r} is no address: expected 127.0.0.1, 127.0.0.1:53 or [::1]:53")


class DigLike(click.Command):
    """A command that takes dig's words as well."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, as_options(args))


@click.command("query", cls=DigLike)
@click.argument("qname", metavar="[NAME]", type=name, required=False)
@click.argument("qtype", metavar="[TYPE]", type=rrtype, default="A")
@click.option(
    "--server",
    type=server_address,
    metavar="ADDRESS[:PORT]",
    help="Whom to ask.  [default: the daemon's first address]",
)
@click.option("--port", "-p", type=click.IntRange(1, 65535), help="At which port of it.")
@click.option("--config", type=CONFIG_FILE, help=f"The daemon's config, for its address.  [default: {DEFAULT_CONFIG}]")
@click.option("--type", "-t", "other_type", type=rrtype, metavar="TYPE", help="The same as TYPE behind the name.")
@click.option("--reverse", "-x", metavar="ADDRESS", help="Ask for the PTR of this address, in place of NAME.")
@click.option("--tcp", is_flag=True, help="Ask over TCP at once, not only when the answer is truncated.")
@click.option("--no-recurse", is_flag=True, help="Ask for what the daemon knows by itself (RD=0).")
@click.option("--dnssec", is_flag=True, help="Ask for signatures too (DO=1).")
@click.option("--short", is_flag=True, help="Only the data of the answer, one record a line.")
@for_programs
def command(
    qname: str | None,
    qtype: str,
    server: Address | None,
    port: int | None,
    config: Path | None,
    other_type: str | None,
    reverse: str | None,
    tcp: bool,
    no_recurse: bool,
    dnssec: bool,
    short: bool,
    as_json: bool,
) -> None:
    """Ask for NAME and print the answer like dig.

    dig's own words are taken too: @SERVER, +short, +tcp, +dnssec, +norecurse, -x ADDRESS, -t TYPE, -p PORT, TYPE before NAME.

    Exit code 0: there is a reply, whatever it says; 1: there is none.
    """
    from resolver.cli.dig_text import dig_json, dig_text, short_text
    from resolver.cli.exchange import Ask, NoAnswer, exchange
    from resolver.real_env import RealEnv
    from resolver.wire.text import type_from_text

    if (qname is None) == (reverse is None):
        raise click.UsageError("Missing argument 'NAME'." if qname is None else "NAME or --reverse, not both")
    asked_name = qname or reverse_name(reverse or "")
    asked_type = other_type or ("PTR" if reverse else qtype)
    asked = Ask(from_text(asked_name), type_from_text(asked_type), recurse=not no_recurse, dnssec=dnssec, tcp=tcp)
    server = server or first_address(config)
    if port is not None:
        server = Address(server.host, port)
    try:
        reply = trio.run(exchange, RealEnv(), server, asked)
    except NoAnswer as failure:
        raise click.ClickException(str(failure)) from None
    if as_json:
        echo_struct(dig_json(reply))
    elif short:
        click.echo(short_text(reply), nl=False)
    else:
        click.echo(dig_text(reply))


def first_address(config: Path | None) -> Address:
    """Where the daemon of this config, or of this host, can be asked."""
    if config is None and not DEFAULT_CONFIG.exists():
        options = Options()
    else:
        options = load_or_exit(config or DEFAULT_CONFIG)
    if not options.listen.addresses:
        raise click.UsageError("the config has no address to ask at: name one with --server")
    first = address_from_text(options.listen.addresses[0])
    return Address(LOOPBACKS.get(first.host, first.host), first.port)
