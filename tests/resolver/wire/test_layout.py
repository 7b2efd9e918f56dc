from resolver.wire.layout import HEADER_OCTETS, RECORD, Garbled


def test_the_header_has_twelve_octets() -> None:
    """RFC 1035 §4.1.1: ID, flags, and four counts of 16 bits each."""
    assert HEADER_OCTETS == 12
    assert RECORD.size == 10  # RFC 1035 §4.1.3: TYPE, CLASS, TTL of 32 bits, RDLENGTH


def test_a_fault_says_what_and_where() -> None:
    assert str(Garbled("half a pointer", 17)) == "half a pointer at octet 17"
