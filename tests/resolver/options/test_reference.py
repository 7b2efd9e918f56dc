"""The printed reference of all options."""

import tomllib
from pathlib import Path

import msgspec
import pytest

from resolver.options import Options, load, reference

CONF = Path(__file__).parents[3] / "conf"
TABLES = [field.name for field in msgspec.structs.fields(Options)]


def test_conf_cistern_toml_is_the_printed_reference() -> None:
    assert (CONF / "cistern.toml").read_text() == reference(), "run: cistern config > conf/cistern.toml"


def test_the_reference_says_what_an_empty_config_says() -> None:
    assert msgspec.convert(tomllib.loads(reference()), Options) == Options()


def test_the_shipped_config_loads() -> None:
    assert load(CONF / "cistern.toml").cache == Options().cache


@pytest.mark.parametrize("table", TABLES)
def test_every_option_stands_in_the_reference_under_its_description(table: str) -> None:
    lines = reference().splitlines()
    default = getattr(Options(), table)
    if not isinstance(default, msgspec.Struct):
        assert f"[{table}]" in lines or f"# [[{table}]]" in lines
        return
    begin = lines.index(f"[{table}]")
    assert lines[begin - 1].startswith("# ")
    for name in default.__struct_fields__:
        heads = (f"{name} = ", f"[{table}.{name}]")
        at = next(n for n in range(begin, len(lines)) if lines[n].startswith(heads))
        assert lines[at - 1].startswith("# "), f"{table}.{name} has no description"


def test_the_examples_in_comments_are_sound() -> None:
    """What a reader gets by taking the comment signs away."""
    lines = [line.removeprefix("# ") for line in reference().splitlines() if _is_example(line)]
    options = msgspec.convert(tomllib.loads("\n".join(["[networks]", *lines])), Options)
    assert options.networks["127.0.0.0/8"] == 24
    assert options.forward[0].zone == "corp.example"
    assert options.stub[0].servers == ("192.0.2.2:53",)
    assert (options.server[0].address, options.server[0].tcp) == ("192.0.2.3", "auto")


def test_a_long_text_is_broken_and_reads_as_it_was() -> None:
    text = reference()
    assert max(len(line) for line in text.splitlines()) <= 112
    assert tomllib.loads(text)["state"]["mapping"]["machines"] == Options().state.mapping.machines


def _is_example(line: str) -> bool:
    return line.startswith(('# "', "# [[", "# zone = ", "# servers = ", "# address = ", "# tcp = "))
