"""Rows are looked at before they are believed."""

from ipaddress import IPv6Address, IPv6Network

import pytest

from internal_zones import rows
from internal_zones.rows import MAX_BAD, BadRow, Host, Skipped, read_rows

OUTSIDE = "an address under the network's own prefix is expected"
NO_NAME = "a name without blanks, control characters and , ; = is expected"
GOOD = ("148e", "ams", "h1", "fdaa:0:18::1", "started", '{"a":"b"}', 0)


def machine_of(row: rows.Row) -> rows.Machine:
    return rows.machine(rows.Within(24), row)


def bad_port(holds: str) -> Skipped:
    return Skipped(unreadable=1, bad=(BadRow("t", "m", "port", holds, "a port is expected"),))


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
    ],
)
def test_a_machine_row_is_whole_or_counted(row: rows.Row, skipped: Skipped) -> None:
    machines, counted = read_rows("t", [row], machine_of)
    assert counted == skipped
    assert len(machines) == (1 if skipped == Skipped() else 0)


@pytest.mark.parametrize(
    ("row", "column", "holds", "wrong"),
    [
        (changed(address="192.0.2.1"), "address", "TEXT", "an IPv6 address is expected"),
        (changed(address=b"\x01"), "address", "BLOB", "text is expected"),
        *(
            (changed(address=text), "address", "TEXT", "an IPv6 address is expected")
            for text in (
                " fdaa:0:18::1",
                "fdaa:0:18::1 ",
                "fdaa:0:18::1\0",
                "fdaa:0:18::00001",
                "fdaa:0:18:\u0661::1",
                "\udc80",
            )
        ),
        (changed(address="fdaa:0:18::1/112"), "address", "TEXT", "an IPv6 address is expected"),
        (changed(address="fdaa:0:39::1"), "address", "TEXT", OUTSIDE),
        (changed(address="2001:db8::1"), "address", "TEXT", OUTSIDE),
        (changed(address="fe80::1%eth0"), "address", "TEXT", OUTSIDE),
        (changed(address="fdaa:0:18::1%eth0"), "address", "TEXT", OUTSIDE),
        (changed(address="fdaa:0:18::1%"), "address", "TEXT", OUTSIDE),
        (changed(address="::ffff:10.0.0.1"), "address", "TEXT", OUTSIDE),
        (changed(region=7), "region", "INTEGER", "text is expected"),
        (changed(region="ams,fra"), "region", "TEXT", NO_NAME),
        (changed(id="148e sea"), "id", "TEXT", NO_NAME),
        (changed(state=1.5), "state", "REAL", "text is expected"),
        (changed(skip_dns="no"), "skip_dns", "TEXT", "0 or 1 is expected"),
    ],
)
def test_a_row_that_cannot_be_read_is_told_with_its_column_and_the_type_of_its_value(
    row: rows.Row, column: str, holds: str, wrong: str
) -> None:
    told = BadRow("t", str(row[0]), column, holds, wrong)
    assert read_rows("t", [row], machine_of) == ((), Skipped(unreadable=1, bad=(told,)))


@pytest.mark.parametrize("metadata", ["[]", "{x", "", None, 7, b"{}", '{"a":"\\ud800"}'])
def test_metadata_that_cannot_be_read_leaves_the_machine(metadata: object) -> None:
    row = changed(metadata=metadata)
    machine = machine_of(row)
    assert (machine.region, machine.pairs, machine.is_metadata_current) == ("ams", None, False)
    [bad] = rows.doubtful_metadata("machines", [row, changed()])
    assert (bad.id, bad.column, bad.wrong) == ("148e", "metadata", "a JSON object is expected")


@pytest.mark.parametrize("name", ["a,b", "a;b", "a=b", "a\0b", "a\nb", "a b", "x" * 64])
def test_a_name_that_would_forge_a_list_is_left_out_and_told(name: str) -> None:
    found, skipped = read_rows("apps", [(name,), ("web",), ("x" * 63,)], rows.name)
    assert found == ("web", "x" * 63)
    assert (skipped.unreadable, skipped.unlistable, len(skipped.bad)) == (0, 1, 1)


def test_addresses_of_other_prefixes_are_taken_where_they_are_allowed() -> None:
    within = rows.Within(24, (IPv6Network("2001:db8::/32"),))
    assert rows.address(within, ("2001:db8::1",)) == IPv6Address("2001:db8::1").packed
    assert rows.address(within, ("fdaa:0:18::1",)) == IPv6Address("fdaa:0:18::1").packed


def test_bad_rows_are_counted_all_and_told_apart_up_to_a_bound() -> None:
    skipped = read_rows("t", [changed(region=7)] * (MAX_BAD + 5), machine_of)[1]
    assert (skipped.unreadable, len(skipped.bad)) == (MAX_BAD + 5, MAX_BAD)


@pytest.mark.parametrize("row", [changed(skip_dns=1), changed(state="destroyed"), changed(skip_dns=1, address="")])
def test_a_machine_that_is_not_in_the_dns_is_no_fault(row: rows.Row) -> None:
    assert read_rows("t", [row], machine_of) == ((), Skipped())


def test_metadata_keeps_strings_only() -> None:
    machine = machine_of(changed(metadata='{"a":"b","n":1,"o":{},"e":""}'))
    assert machine.metadata == (("a", "b"), ("e", ""))


def test_two_machines_with_one_address_are_found() -> None:
    machines = [
        machine_of(changed(id=name, address=address))
        for name, address in (("a", "fdaa:0:18::1"), ("b", "fdaa:0:18::1"), ("c", "fdaa:0:18::2"))
    ]
    assert rows.duplicates(machines) == (IPv6Address("fdaa:0:18::1").packed,)


@pytest.mark.parametrize(
    ("row", "skipped"),
    [
        (("m", "http", 80), Skipped()),
        (("m", "", 80), Skipped(half_replicated=1)),
        (("m", "http", 0), Skipped(half_replicated=1)),
        (("m", "http", 65536), bad_port("INTEGER")),
        (("m", "http", "80"), bad_port("TEXT")),
    ],
)
def test_a_service_row_is_whole_or_counted(row: rows.Row, skipped: Skipped) -> None:
    assert read_rows("t", [row], rows.service)[1] == skipped


def test_a_check_passes_or_does_not() -> None:
    found = [("m", "passing"), ("m", "warning"), ("m", "")]
    assert read_rows("t", found, rows.check) == ((("m", True), ("m", False)), Skipped(half_replicated=1))


def test_hosts_not_measured_and_regions_not_placed_are_left_out() -> None:
    hosts = read_rows("t", [("h1", 3, "Alive"), ("h2", None, None), ("h3", 4, "Suspect"), ("", 5, "Alive")], rows.host)
    assert hosts == ((Host("h1", 3.0, False), Host("h2", None, False), Host("h3", 4.0, True)), Skipped(1))
    assert read_rows("t", [("ams", 52, 4.9), ("x", None, 1)], rows.coordinates)[0] == (("ams", (52.0, 4.9)),)
