"""What the tests with real servers share: one small internet, mended before each test, and a fresh daemon for each."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.real.clients import need
from tests.real.harness import Daemon, Tables, serving
from tests.real.internet import DAEMON, Internet, internet
from tests.real.namespaces import why_not
from tests.real.sockets import free_port

Resolve = Callable[..., Daemon]


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Internet]:
    if reason := why_not():
        pytest.skip(reason)
    need("nsd", "dig")
    with internet(tmp_path_factory.mktemp("internet")) as made:
        made.start()
        yield made


@pytest.fixture
def mended(servers: Internet) -> Internet:
    servers.mend()
    return servers


@pytest.fixture
def resolving(mended: Internet, tmp_path: Path) -> Iterator[Resolve]:
    """Starts a daemon among the servers, at the address that its namespace's resolv.conf names."""
    with ExitStack() as stack:

        def start(changes: Tables | None = None) -> Daemon:
            return stack.enter_context(serving(tmp_path, DAEMON, 53, changes, mended.namespace))

        yield start


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Resolve]:
    """Starts a daemon on the host's loopback, without any server to ask; needs no privilege."""
    with ExitStack() as stack:

        def start(changes: Tables | None = None) -> Daemon:
            return stack.enter_context(serving(tmp_path, "127.0.0.1", free_port(), changes))

        yield start
