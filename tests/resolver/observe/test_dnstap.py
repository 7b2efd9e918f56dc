"""dnstap, octet by octet; tests/real has Debian's readers read it."""

import pytest

from resolver.observe.dnstap import Control, Heard, Kind, Speaker, control_frame, data_frame, encode

CLIENT, HERE = bytes((192, 0, 2, 1)), bytes((192, 0, 2, 53))
NOBODY = Speaker(b"", b"")


def heard(
    kind: Kind = Kind.CLIENT_QUERY, *, is_tcp: bool = False, asking: bytes = CLIENT, asked: bytes = HERE
) -> Heard:
    return Heard(kind, is_tcp, asking, 300, asked, 53, 2.5, 3.25, b"DNS")


def test_a_query_is_told_with_who_asked_whom_and_when() -> None:
    message = (
        "0805 1001 1801 2204c0000201 2a04c0000235 30ac02 3835"  # kind, family, protocol, addresses, ports
        "4002 4d0065cd1d"  # 2 s and 500,000,000 ns, of fixed size and little-endian
        "5203 444e53"
    )
    octets = bytes.fromhex(message.replace(" ", ""))
    assert encode(heard(), NOBODY) == b"\x72" + bytes([len(octets)]) + octets + b"\x78\x01"


def test_a_response_has_both_moments_and_the_message_as_a_response() -> None:
    octets = encode(heard(Kind.CLIENT_RESPONSE), NOBODY)
    assert bytes.fromhex("4002 4d0065cd1d 6003 6d80b2e60e 7203 444e53".replace(" ", "")) in octets


def test_ipv6_and_tcp_are_told() -> None:
    octets = encode(heard(is_tcp=True, asking=bytes(16), asked=bytes(15) + b"\1"), NOBODY)
    assert bytes.fromhex("0805 1002 1802 2210".replace(" ", "")) in octets


def test_what_is_not_known_is_left_out() -> None:
    octets = encode(Heard(Kind.RESOLVER_QUERY, False, b"", 0, HERE, 53, 0.0, 0.0, b"DNS"), NOBODY)
    assert octets == bytes.fromhex("7213 0803 1001 1801 2a04c0000235 3835 5203444e53 7801".replace(" ", ""))


def test_who_tells_stands_before_it() -> None:
    assert encode(heard(), Speaker(b"ns1", b"0.1")).startswith(b"\x0a\x03ns1\x12\x030.1\x72")


def test_a_long_message_has_a_length_of_several_octets() -> None:
    octets = encode(heard()._replace(message=b"x" * 300), NOBODY)
    assert b"\x52\xac\x02" + b"x" * 300 in octets


def test_frames_of_data_have_their_length_before_them() -> None:
    assert data_frame(b"abc") == b"\0\0\0\3abc"


@pytest.mark.parametrize(
    ("control", "octets"),
    [
        (Control.START, b"\0\0\0\0\0\0\0\x22\0\0\0\2\0\0\0\1\0\0\0\x16protobuf:dnstap.Dnstap"),
        (Control.READY, b"\0\0\0\0\0\0\0\x22\0\0\0\4\0\0\0\1\0\0\0\x16protobuf:dnstap.Dnstap"),
        (Control.STOP, b"\0\0\0\0\0\0\0\4\0\0\0\3"),
        (Control.FINISH, b"\0\0\0\0\0\0\0\4\0\0\0\5"),
    ],
)
def test_control_frames(control: Control, octets: bytes) -> None:
    assert control_frame(control) == octets
