"""Arguments that several commands share."""

import click
import pytest

from resolver.cli.arguments import name, rrtype


@pytest.mark.parametrize(
    ("text", "canonical"), [("WWW.Example", "www.example."), (".", "."), ("a\\.b.test.", "a\\.b.test.")]
)
def test_a_name_becomes_canonical(text: str, canonical: str) -> None:
    assert name(text) == canonical


@pytest.mark.parametrize("text", ["", "a..test", "é.test", "a" * 64])
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        name(text)


@pytest.mark.parametrize(("text", "canonical"), [("aaaa", "AAAA"), ("TYPE1", "A"), ("type65280", "TYPE65280")])
def test_a_type_becomes_its_mnemonic(text: str, canonical: str) -> None:
    assert rrtype(text) == canonical


@pytest.mark.parametrize("text", ["", "NOPE", "TYPE65536", "TYPE"])
def test_what_is_no_type_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no RR type"):
        rrtype(text)
