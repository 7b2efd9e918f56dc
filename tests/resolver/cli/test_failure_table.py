"""Failures as a table."""

import msgspec
import pytest

from cache.inspection import FailureRow
from resolver.cli.failure_table import FailureTable

PRINTED = """\
NAME           TYPE  NOT ASKED    FOR    OF  ATTEMPTS  WHY
soon.example.  AAAA  192.0.2.53  2.0s  5.0s
late.example.  A     anybody      12s   20s         3  EDE 22 (silent)
"""


def test_the_next_to_be_tried_stands_first(capsys: pytest.CaptureFixture[str]) -> None:
    table = FailureTable()
    for row in (
        FailureRow(owner="late.example.", type="A", left=12, pause=20, attempts=3, info_code=22, text="silent"),
        FailureRow(owner="soon.example.", type="AAAA", server="192.0.2.53", left=2, pause=5),
    ):
        table.add(msgspec.json.encode(row))
    table.print_rest()
    assert (capsys.readouterr().out, table.count) == (PRINTED, 2)


def test_no_failure_is_no_table(capsys: pytest.CaptureFixture[str]) -> None:
    FailureTable().print_rest()
    assert capsys.readouterr().out == ""
