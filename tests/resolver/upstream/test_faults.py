import errno
import os

import pytest

from resolver.upstream.faults import Fault, errno_name, fault_of


@pytest.mark.parametrize(
    ("numbers", "fault"),
    [
        pytest.param(("ENETUNREACH", "EADDRNOTAVAIL", "EAFNOSUPPORT"), Fault.NO_ROUTE, id="the way there"),
        pytest.param(("EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "EAGAIN", "EPERM"), Fault.THIS_HOST, id="this host"),
        pytest.param(("ECONNREFUSED", "EHOSTUNREACH", "ECONNRESET", "ETIMEDOUT"), Fault.UNREACHABLE, id="the server"),
    ],
)
def test_who_is_to_blame(numbers: tuple[str, ...], fault: Fault) -> None:
    for name in numbers:
        error = OSError(getattr(errno, name), os.strerror(getattr(errno, name)))
        assert fault_of(error) is fault
        assert errno_name(error) == name


def test_an_error_without_a_number_is_the_servers() -> None:
    assert fault_of(OSError("gone")) is Fault.UNREACHABLE
    assert errno_name(OSError("gone")) == "unknown"
