"""An entry as a row and back: the same entry, with no longer a life; and what no row may say."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.names import from_text
from cache.rrset import Denial, Entry, Rank, RRset, Security
from cache.snapshot.rows import MAX_EVIDENCE, BadRow, SavedEntry, SavedRRset, restored, saved
from tests.build import denial, replace, rrset
from tests.cache.snapshot.made import ENTRIES, SAVED_AT, SHIFT, terms

ADDRESS = rrset("www.example. 300 A 192.0.2.1", 990.0)
ROW = saved(ADDRESS, 7, SHIFT)
NODATA_ROW = saved(denial("www.example. TXT", 990.0), 0, SHIFT)
SOA_ROW = NODATA_ROW.evidence[0]


def lives(entry: Entry) -> tuple[float, float]:
    return entry.expires, entry.lease


def timeless(entry: Entry) -> Entry:
    times = {"received": 0.0, "expires": 0.0, "lease": 0.0}
    if isinstance(entry, Denial):
        return replace(entry, soa=replace(entry.soa, **times), **times)
    return replace(entry, proof=tuple(replace(one, **times) for one in entry.proof), **times)


@pytest.mark.parametrize("entry", ENTRIES, ids=repr)
def test_an_entry_comes_back_as_it_was(entry: Entry) -> None:
    row = msgspec.convert(msgspec.to_builtins(saved(entry, 3, SHIFT)), SavedEntry)
    back = restored(row, terms())
    assert back is not None
    assert timeless(back) == timeless(entry)
    assert row.hits == 3
    assert lives(back) == pytest.approx(lives(entry), abs=1e-3)
    assert back.received == pytest.approx(entry.received, abs=1e-3)


def test_a_signed_rrset_and_the_proof_of_a_denial_keep_their_signatures() -> None:
    signature = rrset("www.example. 300 RRSIG A 13 2 300 20300101000000 20200101000000 1 example. AAAA").rdatas
    nsec = replace(rrset("a.example. 300 NSEC z.example. A", 990.0), rrsigs=signature)
    proven = replace(denial("m.example. NXDOMAIN", 990.0), proof=(nsec, nsec))
    for entry in (replace(ADDRESS, rrsigs=signature), proven):
        back = restored(saved(entry, 0, SHIFT), terms())
        assert isinstance(back, RRset | Denial)
        assert (back.rrsigs if isinstance(back, RRset) else back.proof[1].rrsigs) == signature


def test_the_row_can_be_read_by_people() -> None:
    assert (ROW.kind, ROW.owner, ROW.type, ROW.expires) == ("rrset", "www.example.", 1, SAVED_AT.wall + 290)
    assert ROW.records == b"\0\4\xc0\0\2\1"


@given(st.floats(0, 200_000), st.sampled_from(ENTRIES))
def test_time_goes_on_while_the_daemon_is_down(away: float, entry: Entry) -> None:
    """As if it had been there all the while; and what is of no use any more does not come back."""
    back = restored(saved(entry, 0, SHIFT), terms(SAVED_AT.monotonic + away))
    if back is None:
        now = SAVED_AT.monotonic + away
        assert entry.lease <= now + 1e-3 or entry.expires + 86400 <= now + 1e-3
    else:
        assert lives(back) == pytest.approx(lives(entry), abs=1e-3)


@given(
    st.floats(0, 1e11), st.floats(0, 1e11), st.none() | st.floats(0, 1e11), st.integers(0, 2**31 - 1), st.integers(0, 600)
)  # fmt: skip
def test_whatever_its_times_say_nothing_lives_longer_than_it_may(
    received: float, expires: float, lease: float | None, ttl: int, max_ttl: int
) -> None:
    row = replace(ROW, received=received, expires=expires, lease=lease, ttl=ttl)
    on = terms(max_ttl=max_ttl)
    back = restored(row, on)
    if back is not None:
        assert back.received <= on.now
        assert back.expires <= min(back.received + ttl, on.now + max_ttl, back.lease, expires - SHIFT + 1e-3)


def test_nothing_is_fresh_past_its_lease() -> None:
    back = restored(saved(replace(ADDRESS, lease=1010.0), 0, SHIFT), terms())
    assert back is not None
    assert back.expires == 1010.0


def test_a_denial_lives_no_longer_than_denials_may_now() -> None:
    entry = denial("gone.example. NXDOMAIN", 990.0)
    back = restored(saved(entry, 0, SHIFT), terms(max_negative_ttl=5))
    assert isinstance(back, Denial)
    assert (back.expires, back.soa.expires) == (1005.0, 1005.0)


def test_what_is_past_its_lease_or_too_stale_is_of_no_use() -> None:
    assert restored(saved(replace(ADDRESS, lease=999.0), 0, SHIFT), terms()) is None
    assert restored(saved(rrset("www.example. 300 A 192.0.2.1", 600.0), 0, SHIFT), terms(max_stale=100)) is None
    assert restored(saved(rrset("www.example. 300 A 192.0.2.1", 601.0), 0, SHIFT), terms(max_stale=100)) is not None


def test_a_validating_daemon_takes_nothing_back_that_nobody_looked_at_but_what_finds_servers() -> None:
    on = terms(must_be_validated=True)
    assert restored(ROW, on) is None
    assert restored(replace(ROW, security=Security.INSECURE), on) is not None
    assert restored(replace(ROW, rank=Rank.ADDITIONAL), on) is not None


def of_records(rtype: int, *records: bytes) -> SavedEntry:
    return replace(ROW, type=rtype, records=b"".join(len(one).to_bytes(2, "big") + one for one in records))


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(replace(ROW, owner="a..example."), id="an owner that is no name"),
        pytest.param(replace(ROW, owner=""), id="no owner"),
        pytest.param(replace(ROW, owner="x" * 64 + ".example."), id="a label too long"),
        pytest.param(replace(ROW, owner="a." * 128), id="a name too long"),
        pytest.param(replace(ROW, type=None), id="an RRset of no type"),
        pytest.param(replace(ROW, type=41), id="OPT is no data"),
        pytest.param(replace(ROW, type=255), id="ANY is no data"),
        pytest.param(replace(ROW, type=250), id="TSIG is no data"),
        pytest.param(replace(ROW, rank=Rank.LOCAL), id="local data"),
        pytest.param(replace(ROW, source="\x1b[2J"), id="a source that paints the operator's screen"),
        pytest.param(replace(ROW, records=b""), id="no record"),
        pytest.param(replace(ROW, records=ROW.records[:-1]), id="a record cut off"),
        pytest.param(replace(ROW, records=ROW.records + b"\0"), id="half a length"),
        pytest.param(of_records(1, b"\1\2\3"), id="an address too short"),
        pytest.param(replace(ROW, type=16, records=b"\0\5ab"), id="a text cut off"),
        pytest.param(replace(ROW, type=16, records=b"\0\1a\0"), id="a text and half a length"),
        pytest.param(of_records(1, b"\1\2\3\4", b"\1\2\3\4"), id="a record twice"),
        pytest.param(of_records(5, b"\1a\0", b"\1b\0"), id="two CNAMEs at one name"),
        pytest.param(of_records(5, b"\1a"), id="a target that is no name"),
        pytest.param(of_records(5, b"\xc0\x0c"), id="a compressed target"),
        pytest.param(of_records(16, *(bytes((1, n)) for n in range(256)), b"\1"), id="too many records"),
        pytest.param(replace(ROW, signatures=b"\0\1x"), id="a signature that is none"),
        pytest.param(replace(ROW, evidence=(SOA_ROW,)), id="evidence for an RRset without proof"),
        pytest.param(replace(ROW, kind="proven"), id="a proven RRset without its proof"),
        pytest.param(replace(ROW, kind="proven", evidence=(SOA_ROW,)), id="an SOA that proves an RRset"),
        pytest.param(replace(NODATA_ROW, type=None), id="NODATA of no type"),
        pytest.param(replace(NODATA_ROW, kind="nxdomain"), id="NXDOMAIN of a type"),
        pytest.param(replace(NODATA_ROW, evidence=()), id="a denial without SOA"),
        pytest.param(replace(NODATA_ROW, evidence=(replace(SOA_ROW, type=6, records=b""),)), id="an empty SOA"),
        pytest.param(
            replace(NODATA_ROW, evidence=(replace(SOA_ROW, type=16, records=b"\0\1a"),)), id="a TXT for an SOA"
        ),
        pytest.param(replace(NODATA_ROW, evidence=(replace(SOA_ROW, records=b"\0\1\0"),)), id="an SOA too short"),
        pytest.param(replace(NODATA_ROW, records=ROW.records), id="a denial with records"),
        pytest.param(replace(NODATA_ROW, rank=Rank.LOCAL), id="a local denial"),
    ],
)
def test_a_row_that_no_cache_could_have_written_is_refused(row: SavedEntry) -> None:
    with pytest.raises(BadRow):
        restored(row, terms())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "other"), ("type", 65536), ("type", 0), ("ttl", -1), ("ttl", 2**31), ("received", -1.0), ("expires", 1e12),
        ("lease", "soon"), ("rank", 0), ("rank", 6), ("security", 5), ("source", "x" * 2000), ("hits", -1),
        ("records", bytes(70_000)), ("owner", 7), ("evidence", [[]]),
    ],
)  # fmt: skip
def test_a_field_out_of_its_bounds_makes_no_row(field: str, value: object) -> None:
    values = dict(zip(SavedEntry.__struct_fields__, msgspec.to_builtins(ROW), strict=True)) | {field: value}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(list(values.values()), SavedEntry)


def test_the_evidence_of_a_denial_is_bounded() -> None:
    row = msgspec.to_builtins(replace(NODATA_ROW, evidence=(SOA_ROW,) * (MAX_EVIDENCE + 1)))
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(row, SavedEntry)


junk = st.binary(max_size=40)


@given(st.integers(1, 70), junk, junk, st.text(max_size=20), st.sampled_from(Rank), st.lists(junk, max_size=2))
def test_garbage_makes_an_entry_or_a_bad_row_and_nothing_else(
    rtype: int, records: bytes, signatures: bytes, owner: str, rank: Rank, evidence: list[bytes]
) -> None:
    proof = tuple(SavedRRset(owner, 6, 1, 0, 0, None, rank, Security.SECURE, "", part, b"") for part in evidence)
    for kind in ("rrset", "nodata", "nxdomain"):
        row = SavedEntry(kind, owner, rtype, 5, 0, 5, None, rank, Security.SECURE, "", 0, records, signatures, proof)
        try:
            back = restored(row, terms(now=1.0, shift=0.0))
        except BadRow:
            continue
        assert back is None or back.owner == from_text(owner)
