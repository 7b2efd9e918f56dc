import pytest

from resolver.wire.message import AA, QR, TC, Response


@pytest.mark.parametrize(
    ("flags", "is_authoritative", "is_truncated"),
    [
        pytest.param(QR, False, False, id="neither"),
        pytest.param(QR | AA, True, False, id="AA"),
        pytest.param(QR | TC, False, True, id="TC"),
    ],
)
def test_flags_of_a_response(flags: int, is_authoritative: bool, is_truncated: bool) -> None:
    """RFC 1035 §4.1.1: AA is the sixth bit of the flags, TC the seventh."""
    response = Response(1, flags, 0, b"", (), (), (), None)
    assert (response.is_authoritative, response.is_truncated) == (is_authoritative, is_truncated)
