"""The canonical form of records, with dnspython as the oracle."""

import dns.rdata
import dns.rdataclass
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.names import from_text
from resolver.dnssec.canonical import canonical_rdata, end_of_name, signed_owner


@pytest.mark.parametrize(
    "text",
    [
        "NS NS.Example.",
        "CNAME WWW.Example.",
        "SOA NS.Example. Admin.Example. 65 66 67 68 69",
        "MX 65 Mail.Example.",
        "SRV 65 66 67 Host.Example.",
        'NAPTR 100 50 "S" "Z3950+I2L" "" _Z3950._TCP.Example.',
        "RP Admin.Example. Text.Example.",
        "PX 65 A.Example. B.Example.",
        "DNAME Other.Example.",
        'TXT "Not A Name"',
        "AAAA 2001:db8::4142",
    ],
)
def test_names_in_rdata_are_lower_cased_and_nothing_else(text: str) -> None:
    rtype, _, rest = text.partition(" ")
    rdata = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(rtype), rest)
    wire = rdata.to_wire()
    assert wire is not None
    assert canonical_rdata(int(rdata.rdtype), wire) == rdata.to_digestable()


def test_the_next_name_of_an_nsec_keeps_its_case() -> None:
    """RFC 6840 §5.1."""
    wire = b"\x03WWW\x00\x00\x01\x40"
    assert canonical_rdata(47, wire) == wire


@pytest.mark.parametrize(
    ("owner", "count", "signed"),
    [
        ("www.example.", 2, "www.example."),
        ("www.example.", 1, "*.example."),
        ("a.b.example.", 1, "*.example."),
        ("*.example.", 1, "*.example."),
        ("www.example.", 0, "*."),
    ],
)
def test_an_expansion_was_signed_as_its_wildcard(owner: str, count: int, signed: str) -> None:
    assert signed_owner(from_text(owner), count) == from_text(signed)


@given(rtype=st.integers(0, 60), rdata=st.binary(max_size=300))
def test_malformed_rdata_never_raise(rtype: int, rdata: bytes) -> None:
    assert len(canonical_rdata(rtype, rdata)) == len(rdata)
    end = end_of_name(rdata, 0)
    assert end is None or 1 <= end <= len(rdata)
