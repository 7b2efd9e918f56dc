"""A control socket with a pretended daemon behind it, and a way to run commands."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trio
from click.testing import CliRunner, Result

from resolver.cli import main
from resolver.real_env_unix import listen_unix
from resolver.service.control import serve_control
from tests.resolver.observe.bounded import new_boundary
from tests.resolver.service.pretended_daemon import PretendedDaemon, entry


def cistern(*arguments: str | Path) -> Result:
    """Run `cistern` with these arguments."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@dataclass(frozen=True, slots=True)
class Served:
    """A pretended daemon and where its control socket is."""

    daemon: PretendedDaemon
    socket: str


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A daemon in a thread of its own: a command brings its own event loop."""
    found = Served(
        PretendedDaemon([entry("www.example."), entry("mail.example.", -90, state="stale")]), str(tmp_path / "c")
    )
    ready, ends = threading.Event(), list[Callable[[], None]]()

    async def serve() -> None:
        token = trio.lowlevel.current_trio_token()
        with trio.CancelScope() as scope:
            listener = await listen_unix(found.socket)
            ends.append(lambda: token.run_sync_soon(scope.cancel))
            ready.set()
            await serve_control(listener, found.daemon, new_boundary())

    thread = threading.Thread(target=trio.run, args=(serve,))
    thread.start()
    assert ready.wait(10)
    yield found
    ends[0]()
    thread.join()
