"""What the service manager hears."""

import os
import socket
from pathlib import Path

import pytest

from resolver.real_env_notify import is_journal, notifier, watchdog_seconds


def test_a_state_reaches_the_manager_and_nobody_else_is_waited_for(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "n"))
        notify = notifier({"NOTIFY_SOCKET": str(tmp_path / "n")})
        assert notify is not None
        notify("READY=1")
        assert manager.recv(64) == b"READY=1"
    notify("STOPPING=1")  # nobody is there any more


def test_an_abstract_socket_is_understood() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0cistern-test-notify")
        notify = notifier({"NOTIFY_SOCKET": "@cistern-test-notify"})
        assert notify is not None
        notify("READY=1")
        assert manager.recv(64) == b"READY=1"


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": "vsock:2:1234"}])
def test_without_a_socket_there_is_no_manager(environ: dict[str, str]) -> None:
    assert notifier(environ) is None


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "7"}, 3.0),
        ({"WATCHDOG_USEC": "3000000"}, 3.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_says_how_often_it_wants_to_hear(environ: dict[str, str], seconds: float | None) -> None:
    assert watchdog_seconds(environ, 7) == seconds


def test_the_journal_is_known_by_its_device_and_inode(tmp_path: Path) -> None:
    with (tmp_path / "stderr").open("w") as file:
        found = os.fstat(file.fileno())
        assert is_journal({"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}, file.fileno())
        assert not is_journal(
            {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino + 1}"}, file.fileno()
        )  # redirected since
        assert not is_journal({}, file.fileno())
