"""NSEC3 records: which are read, and the hashes of names."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.names import from_text
from resolver.dnssec import nsec3
from resolver.dnssec.work import Work
from resolver.errors import WorkExhausted
from tests.build import replace, rrset
from tests.resolver.dnssec.denying import SMALL, hash_of, nsec3_chain
from tests.resolver.dnssec.signing import ZONE

HASH = "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"


@pytest.mark.parametrize(
    ("name", "hashed"),
    [
        ("example.", HASH),
        ("a.example.", "35mthgpgcu1qg68fab165klnsnk3dpvl"),
        ("ai.example.", "gjeqe526plbf1g8mklp59enfd789njgi"),
        ("ns1.example.", "2t7b4g4vsa5smi47k61mv5bv1a22bojr"),
        ("x.w.example.", "b4um86eghhds6nea196smvmlo4ors995"),
    ],
)
def test_the_hashes_of_rfc_5155_appendix_a(name: str, hashed: str) -> None:
    made = nsec3.hash_name(from_text(name), bytes.fromhex("aabbccdd"), 12)
    assert base64.b32hexencode(made).decode().lower() == hashed == hash_of(name, "aabbccdd", 12)


def test_each_record_of_a_chain_is_read() -> None:
    assert all(nsec3.read(one, ZONE) for one in nsec3_chain(SMALL, salt="aabb", iterations=3, opt_out=True))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"{HASH}.example. 60 NSEC3 2 0 0 - {HASH} A", id="an unknown hash algorithm"),
        pytest.param(f"{HASH}.example. 60 NSEC3 1 2 0 - {HASH} A", id="an unknown flag"),
        pytest.param(f"{HASH}.b.example. 60 NSEC3 1 0 0 - {HASH} A", id="of a zone below"),
        pytest.param(f"{HASH}.test. 60 NSEC3 1 0 0 - {HASH} A", id="of another zone"),
        pytest.param(f"www.example. 60 NSEC3 1 0 0 - {HASH} A", id="an owner that is no hash"),
        pytest.param(f"{HASH}.example. 60 NSEC3 1 0 0 - {HASH[:16]} A", id="a next hash that is too short"),
    ],
)
def test_a_record_that_has_no_say_is_not_read(text: str) -> None:
    assert nsec3.read(rrset(text), ZONE) is None


def test_a_hash_is_computed_once_and_not_past_the_work_that_is_left() -> None:
    records = [one for one in (nsec3.read(each, ZONE) for each in nsec3_chain(SMALL, iterations=9)) if one]
    work = Work(0.0, hashes=15)
    known = nsec3.Nsec3s(ZONE, records, work)
    assert known.at(ZONE) is known.at(ZONE) is not None
    assert work.hashes == 5
    for look in (known.at, known.over):
        with pytest.raises(WorkExhausted):
            look(from_text("a.b.example."))
    assert work.hashes == 5


@given(rdata=st.binary(max_size=80), label=st.binary(min_size=1, max_size=40))
def test_garbage_never_raises(rdata: bytes, label: bytes) -> None:
    junk = rrset(f"{HASH}.example. 60 A 192.0.2.1")
    owner = from_text("".join(f"\\{octet:03d}" for octet in label) + ".example.")
    for one in (junk.owner, owner):
        found = nsec3.read(replace(junk, owner=one, rtype=50, rdatas=(rdata,)), ZONE)
        assert found is None or len(found.owner) == len(found.next) == 20
