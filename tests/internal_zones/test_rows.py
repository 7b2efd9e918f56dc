"""Rows are looked at before they are believed."""

from ipaddress import IPv6Address

import pytest

from internal_zones import rows
from internal_zones.rows import Host, Skipped, read_rows

GOOD = ("148e", "ams", "h1", "fdaa::1", "started", '{"a":"b"}', 0)


def changed(**columns: object) -> rows.Row:
    names = ("id", "region", "host", "address", "state", "metadata", "skip_dns")
    return tuple((dict(zip(names, GOOD, strict=True)) | columns).values())


@pytest.mark.parametrize(
    ("row", "skipped"),
    [
        (changed(), Skipped()),
        (changed(metadata="{}"), Skipped()),  # most machines have none
        (changed(host=""), Skipped()),  # only nearest names want it
        (changed(state="stopped"), Skipped()),
        (changed(address=""), Skipped(half_replicated=1)),
        (changed(region=""), Skipped(half_replicated=1)),
        (changed(state=""), Skipped(half_replicated=1)),
        (changed(region=None), Skipped(half_replicated=1)),
        (changed(address="192.0.2.1"), Skipped(unreadable=1)),
        (changed(address=b"\x01"), Skipped(unreadable=1)),
        (changed(region=7), Skipped(unreadable=1)),
        (changed(metadata="[]"), Skipped(unreadable=1)),
        (changed(metadata="{"), Skipped(unreadable=1)),
        (changed(metadata=None), Skipped(unreadable=1)),
    ],
)
def test_a_machine_row_is_whole_or_counted(row: rows.Row, skipped: Skipped) -> None:
    machines, counted = read_rows([row], rows.machine)
    assert counted == skipped
    assert len(machines) == (1 if skipped == Skipped() else 0)


@pytest.mark.parametrize("row", [changed(skip_dns=1), changed(state="destroyed"), changed(skip_dns=1, address="")])
def test_a_machine_that_is_not_in_the_dns_is_no_fault(row: rows.Row) -> None:
    assert read_rows([row], rows.machine) == ((), Skipped())


def test_metadata_keeps_strings_only() -> None:
    machine = rows.machine(changed(metadata='{"a":"b","n":1,"o":{},"e":""}'))
    assert machine.metadata == (("a", "b"), ("e", ""))


def test_text_that_has_no_octets_is_unreadable() -> None:
    assert read_rows([changed(metadata='{"a":"\\ud800"}')], rows.machine) == ((), Skipped(unreadable=1))


def test_two_machines_with_one_address_are_found() -> None:
    machines = [
        rows.machine(changed(id=name, address=address)) for name, address in (("a", "::1"), ("b", "::1"), ("c", "::2"))
    ]
    assert rows.duplicates(machines) == (IPv6Address("::1").packed,)


@pytest.mark.parametrize(
    ("row", "skipped"),
    [
        (("m", "http", 80), Skipped()),
        (("m", "", 80), Skipped(half_replicated=1)),
        (("m", "http", 0), Skipped(half_replicated=1)),
        (("m", "http", 65536), Skipped(unreadable=1)),
        (("m", "http", "80"), Skipped(unreadable=1)),
    ],
)
def test_a_service_row_is_whole_or_counted(row: rows.Row, skipped: Skipped) -> None:
    assert read_rows([row], rows.service)[1] == skipped


def test_a_check_passes_or_does_not() -> None:
    found = [("m", "passing"), ("m", "warning"), ("m", "")]
    assert read_rows(found, rows.check) == ((("m", True), ("m", False)), Skipped(half_replicated=1))


def test_hosts_not_measured_and_regions_not_placed_are_left_out() -> None:
    hosts = read_rows([("h1", 3, "Alive"), ("h2", None, None), ("h3", 4, "Suspect"), ("", 5, "Alive")], rows.host)
    assert hosts == ((Host("h1", 3.0, False), Host("h2", None, False), Host("h3", 4.0, True)), Skipped(1))
    assert read_rows([("ams", 52, 4.9), ("x", None, 1)], rows.coordinates)[0] == (("ams", (52.0, 4.9)),)
