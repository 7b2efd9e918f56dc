"""Writes the man pages of every command, from click, and of the config, from the option schema. Usage: man.py FOLDER."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from resolver.cli import main
from resolver.options import reference


def pages() -> Iterator[tuple[str, str]]:
    """Each page by its file's name."""
    yield from _of_command(main, ("cistern",))
    yield "man5/cistern.toml.5", _page_of_config()


def _of_command(command: click.Command, names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    context = click.Context(command, info_name=" ".join(names))
    subcommands: list[tuple[str, click.Command]] = []
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            subcommands.append((name, found))
    title = "-".join(names)
    yield f"man1/{title}.1", _page(command, context, names, subcommands)
    for name, subcommand in subcommands:
        yield from _of_command(subcommand, (*names, name))


def _page(
    command: click.Command, context: click.Context, names: tuple[str, ...], subcommands: list[tuple[str, click.Command]]
) -> str:
    title = "-".join(names)
    first, _, rest = (command.help or "").partition("\n")
    lines = [
        f'.TH {_escaped(title.upper())} 1 "" "Cistern" "Cistern"',
        ".SH NAME",
        f"{_escaped(title)} \\- {_escaped(first.rstrip('.'))}",
        ".SH SYNOPSIS",
        f".B {_escaped(' '.join(names))}",
        _escaped(" ".join(command.collect_usage_pieces(context))),
        ".SH DESCRIPTION",
        _paragraphs(first + "\n" + rest),
    ]
    options = [found for found in (one.get_help_record(context) for one in command.get_params(context)) if found]
    if options:
        lines.append(".SH OPTIONS")
        for heads, said in options:
            lines += [".TP", f"\\fB{_escaped(heads)}\\fR", _escaped(said) or "\\&"]
    if subcommands:
        lines.append(".SH COMMANDS")
        for name, subcommand in subcommands:
            lines += [
                ".TP",
                f"\\fB{_escaped('-'.join((*names, name)))}\\fR(1)",
                _escaped(subcommand.get_short_help_str(200)),
            ]
    lines += [
        ".SH EXIT STATUS",
        "0: done. 1: it failed; there is no daemon, say. 2: the command line or the config is wrong.",
        ".SH FILES",
        ".I /etc/cistern/cistern.toml",
        ".SH SEE ALSO",
        ", ".join([*(["cistern(1)"] if len(names) > 1 else []), "cistern.toml(5)"]),
    ]
    return "\n".join(lines) + "\n"


def _page_of_config() -> str:
    lines = [
        '.TH CISTERN.TOML 5 "" "Cistern" "Cistern"',
        ".SH NAME",
        "cistern.toml \\- the options of the Cistern DNS resolver",
        ".SH DESCRIPTION",
        "A TOML file. This is every option with its default, as `cistern config` prints it.",
        ".SH OPTIONS",
        ".nf",
        *(_escaped(line) or "\\&" for line in reference().splitlines()),
        ".fi",
        ".SH SEE ALSO",
        "cistern(1), cistern-check(1), cistern-config(1), cistern-reload(1)",
    ]
    return "\n".join(lines) + "\n"


def _paragraphs(text: str) -> str:
    return "\n.PP\n".join(_escaped(" ".join(part.split())) for part in text.split("\n\n"))


def _escaped(text: str) -> str:
    """As roff reads it: a backslash or a dot at the beginning of a line says something else there."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + escaped if escaped.startswith((".", "'")) else escaped


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for name, text in pages():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
