"""Cache entries as a table."""

import msgspec
import pytest

from resolver.cli.entries import ROWS_PER_TABLE, EntryTable
from tests.resolver.service.pretended_daemon import entry


def test_each_record_has_a_line_and_the_entry_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    table = EntryTable()
    table.add(msgspec.json.encode(msgspec.structs.replace(entry("a.test."), rdata=("192.0.2.1", "192.0.2.2"))))
    table.print_rest()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["NAME", "a.test.", "192.0.2.2"]
    assert lines[0].index("DATA") == lines[1].rindex("192.0.2.1") == lines[2].index("192.0.2.2")


def test_what_proves_an_entry_stands_behind_its_records(capsys: pytest.CaptureFixture[str]) -> None:
    table = EntryTable()
    table.add(
        msgspec.json.encode(msgspec.structs.replace(entry("a.test."), rdata=("192.0.2.1",), proof=("b.test. NSEC",)))
    )
    table.print_rest()
    assert capsys.readouterr().out.splitlines()[2].split() == ["proven", "by", "b.test.", "NSEC"]


def test_a_long_list_is_printed_while_it_comes(capsys: pytest.CaptureFixture[str]) -> None:
    table, row = EntryTable(), msgspec.json.encode(entry("a.test."))
    for _ in range(ROWS_PER_TABLE):
        table.add(row)
    assert len(capsys.readouterr().out.splitlines()) == ROWS_PER_TABLE + 1
    table.print_rest()
    assert capsys.readouterr().out == ""
    assert table.count == ROWS_PER_TABLE
