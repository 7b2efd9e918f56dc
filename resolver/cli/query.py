"""`cistern query`: asks a DNS server, by default the daemon of this host, as a client would."""

import contextlib
from pathlib import Path

import click
import msgspec
import trio

from cache.names import from_text
from resolver.cli.arguments import CONFIG_FILE, DEFAULT_CONFIG, for_programs, name, rrtype
from resolver.cli.config_file import load_or_exit
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


@click.command("query")
@click.argument("qname", metavar="NAME", type=name)
@click.argument("qtype", metavar="[TYPE]", type=rrtype, default="A")
@click.option(
    "--server",
    type=server_address,
    metavar="ADDRESS[:PORT]",
    help="Whom to ask.  [default: the daemon's first address]",
)
@click.option("--config", type=CONFIG_FILE, help=f"The daemon's config, for its address.  [default: {DEFAULT_CONFIG}]")
@click.option("--tcp", is_flag=True, help="Ask over TCP at once, not only when the answer is truncated.")
@click.option("--no-recurse", is_flag=True, help="Ask for what the daemon knows by itself (RD=0).")
@click.option("--dnssec", is_flag=True, help="Ask for signatures too (DO=1).")
@for_programs
def command(
    qname: str,
    qtype: str,
    server: Address | None,
    config: Path | None,
    tcp: bool,
    no_recurse: bool,
    dnssec: bool,
    as_json: bool,
) -> None:
    """Ask for NAME and print the answer like dig."""
    from resolver.cli.dig_text import dig_json, dig_text
    from resolver.cli.exchange import Ask, NoAnswer, exchange
    from resolver.real_env import RealEnv
    from resolver.wire.text import type_from_text

    asked = Ask(from_text(qname), type_from_text(qtype), recurse=not no_recurse, dnssec=dnssec, tcp=tcp)
    server = server or first_address(config)
    try:
        reply = trio.run(exchange, RealEnv(), server, asked)
    except NoAnswer as failure:
        raise click.ClickException(str(failure)) from None
    if as_json:
        click.echo(msgspec.json.encode(dig_json(reply)))
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
