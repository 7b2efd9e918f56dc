"""Unix stream sockets: who may take a path over from whom."""

import errno
import os
import socket
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import trio

from resolver.real_env_unix import PATIENCE, SOCKET_MODE, connect_and_wait, listen_unix, open_unix


@pytest.fixture
def path(tmp_path: Path) -> trio.Path:
    return trio.Path(tmp_path) / "control.sock"


def test_octets_cross_between_the_two_ends(path: trio.Path) -> None:
    async def main() -> None:
        listener = await listen_unix(str(path))
        asking = await open_unix(str(path))
        answering = await listener.accept()
        await asking.send_all(b"ping")
        assert await answering.receive_some(16) == b"ping"
        await answering.aclose()
        assert await asking.receive_some(16) == b""
        await asking.aclose()
        listener.close()

    trio.run(main)


def test_only_user_and_group_may_connect(path: trio.Path) -> None:
    async def main() -> None:
        listener = await listen_unix(str(path))
        assert stat.S_IMODE((await path.stat()).st_mode) == SOCKET_MODE
        listener.close()

    trio.run(main)


def test_closing_takes_the_file_away(path: trio.Path) -> None:
    async def main() -> None:
        (await listen_unix(str(path))).close()
        assert not await path.exists()

    trio.run(main)


def test_the_socket_of_a_dead_process_is_replaced(path: trio.Path) -> None:
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(path))
    dead.close()

    async def main() -> None:
        listener = await listen_unix(str(path))
        await (await open_unix(str(path))).aclose()
        listener.close()

    trio.run(main)


def test_the_socket_of_a_living_process_is_left_and_named(path: trio.Path) -> None:
    async def main() -> None:
        living = await listen_unix(str(path))
        with pytest.raises(OSError, match="another cistern") as caught:
            await listen_unix(str(path))
        assert (caught.value.errno, caught.value.filename) == (errno.EADDRINUSE, str(path))
        await (await open_unix(str(path))).aclose()
        living.close()

    trio.run(main)


def test_a_file_that_is_no_socket_is_left_alone(path: trio.Path) -> None:
    async def main() -> None:
        await path.write_text("precious")
        with pytest.raises(OSError, match="no socket"):
            await listen_unix(str(path))
        assert await path.read_text() == "precious"

    trio.run(main)


def test_closing_leaves_the_file_of_a_successor(path: trio.Path) -> None:
    async def main() -> None:
        first = await listen_unix(str(path))
        await path.rename(path.with_suffix(".old"))
        second = await listen_unix(str(path))
        first.close()
        assert await path.exists()
        second.close()

    trio.run(main)


def test_a_missing_folder_is_made(path: trio.Path) -> None:
    async def main() -> None:
        below = path.parent / "run" / "control.sock"
        listener = await listen_unix(str(below))
        assert await below.exists()
        listener.close()

    trio.run(main)


def test_our_own_user_may_change_and_another_may_not() -> None:
    async def main(path: str) -> None:
        listener = await listen_unix(path)
        ours = await open_unix(path)
        async with ours, await listener.accept() as theirs:
            assert listener.may_change(theirs)
        if os.geteuid() == 0:
            await trio.to_thread.run_sync(connect_as, path, NOBODY)
            async with await listener.accept() as theirs:
                assert not listener.may_change(theirs)
        listener.close()

    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        trio.run(main, f"{folder}/c")


NOBODY = 65534


def connect_as(path: str, user: int) -> None:
    """Connect to the socket as another user; the kernel remembers who it was."""
    os.chmod(path, 0o666)
    code = f"import os, socket; os.setuid({user}); s = socket.socket(socket.AF_UNIX); s.connect({path!r})"
    subprocess.run([sys.executable, "-c", code], check=True, cwd="/")


def test_a_thread_may_connect_and_wait_with_bounded_patience(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with pytest.raises(FileNotFoundError):
        connect_and_wait(path)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        with pytest.raises(ConnectionRefusedError):
            connect_and_wait(path)
        listening.listen(1)
        with connect_and_wait(path) as sock:
            assert sock.gettimeout() == PATIENCE
