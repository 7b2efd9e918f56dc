"""Tables for people."""

import pytest

from resolver.cli.tables import octets, print_table, seconds


def test_columns_are_aligned_and_lines_have_no_trailing_blanks(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("NAME", "N", "DATA"), [("www.example.", "7", "x"), ("a.test.", "1234", "")], numbers=frozenset({"N"}))
    assert capsys.readouterr().out == (
        "NAME             N  DATA\n"
        "www.example.     7  x\n"
        "a.test.       1234\n"
    )  # fmt: skip


def test_a_pipe_gets_no_colours_no_markup_and_whole_lines(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("NAME",), [("[bold]" + "x" * 500,)])
    assert capsys.readouterr().out == "NAME\n[bold]" + "x" * 500 + "\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0.0, "0.0s"),
        (1.84, "1.8s"),
        (53.4, "53s"),
        (59.6, "1m00s"),
        (125, "2m05s"),
        (7500, "2h05m"),
        (90000, "1d01h"),
        (-90, "-1m30s"),
    ],
)
def test_seconds_are_short(value: float | None, text: str) -> None:
    assert seconds(value) == text


@pytest.mark.parametrize(("value", "text"), [(312, "312"), (4300, "4.2k"), (1572864, "1.5M")])
def test_octets_are_short(value: int, text: str) -> None:
    assert octets(value) == text
