import errno
import os

import pytest

from resolver.upstream.replies import NoReply, errno_name, no_reply_of


@pytest.mark.parametrize(
    ("numbers", "why"),
    [
        pytest.param(("ENETUNREACH", "EADDRNOTAVAIL", "EAFNOSUPPORT"), NoReply.NO_ROUTE, id="the way there"),
        pytest.param(("EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "EAGAIN", "EPERM"), NoReply.THIS_HOST, id="this host"),
        pytest.param(("ECONNREFUSED", "EHOSTUNREACH", "ECONNRESET", "ETIMEDOUT"), NoReply.UNREACHABLE, id="the server"),
    ],
)
def test_who_is_to_blame(numbers: tuple[str, ...], why: NoReply) -> None:
    for name in numbers:
        error = OSError(getattr(errno, name), os.strerror(getattr(errno, name)))
        assert no_reply_of(error) is why
        assert errno_name(error) == name


def test_an_error_without_a_number_is_the_servers() -> None:
    assert no_reply_of(OSError("gone")) is NoReply.UNREACHABLE
    assert errno_name(OSError("gone")) == "unknown"
