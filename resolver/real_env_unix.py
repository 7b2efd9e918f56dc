"""Unix stream sockets of the real network: a path is taken over from a dead process, never from a living one."""

import errno
import os
import socket
import stat
import struct
from typing import Final

import trio
from trio import socket as trio_socket

from resolver.real_env_tcp import EXHAUSTED, PAUSE_WHEN_EXHAUSTED

SOCKET_MODE = 0o660  # our group may look, our user change (service.control)
FOLDER_MODE = 0o755
PEER: Final = struct.Struct("=3i")  # struct ucred: process, user, group
PATIENCE = 5.0  # s that a blocking socket waits for its other end
BACKLOG = 16  # operators' commands, not clients' queries


class RealUnixListener:
    """A listening Unix stream socket (resolver.env.UnixListener)."""

    def __init__(self, path: str, listener: trio.SocketListener, place: str = "") -> None:
        """path: where it listens; place: where it will, after `publish`; "": at the same path."""
        self._path = path
        self._place = place or path
        self._inode = os.stat(path).st_ino
        self._listener = listener

    async def accept(self) -> trio.abc.Stream:
        while True:
            try:
                return await self._listener.accept()
            except OSError as error:
                if error.errno not in EXHAUSTED:
                    raise
                await trio.sleep(PAUSE_WHEN_EXHAUSTED)

    def may_change(self, stream: trio.abc.Stream) -> bool:
        """By what the kernel says of the other end (SO_PEERCRED), as it was when it connected."""
        assert isinstance(stream, trio.SocketStream)
        octets = stream.socket.getsockopt(trio_socket.SOL_SOCKET, trio_socket.SO_PEERCRED, PEER.size)
        _, user, _ = PEER.unpack(octets)
        return user in (0, os.geteuid())

    def publish(self) -> None:
        """Listen where another process does until now; nobody finds that one any more. Raises OSError."""
        if self._path != self._place:
            os.rename(self._path, self._place)
            self._path = self._place

    def close(self) -> None:
        """The file is taken away only if it is still ours: another daemon may have been started meanwhile."""
        self._listener.socket.close()
        try:
            if os.stat(self._path).st_ino == self._inode:
                os.unlink(self._path)
        except FileNotFoundError:
            pass


async def listen_unix(place: str, *, beside: bool = False) -> RealUnixListener:
    """Listen at `place`, in a folder that is made if need be. beside: near it, until `publish`.

    Raises OSError: EADDRINUSE with the path when a living process answers there.
    """
    os.makedirs(os.path.dirname(place) or ".", mode=FOLDER_MODE, exist_ok=True)
    path = f"{place}.{os.getpid()}" if beside else place
    await _clear_the_way(path)
    sock = trio_socket.socket(trio_socket.AF_UNIX, trio_socket.SOCK_STREAM)
    try:
        await sock.bind(path)
        # Before listen(): nobody can have connected under the umask's mode.
        os.chmod(path, SOCKET_MODE)
        sock.listen(BACKLOG)
        return RealUnixListener(path, trio.SocketListener(sock), place)
    except BaseException:
        sock.close()
        raise


async def open_unix(path: str) -> trio.SocketStream:
    """Connect to `path`. Raises OSError."""
    return await trio.open_unix_socket(path)


def connect_and_wait(path: str) -> socket.socket:
    """The same for a thread that may wait: a blocking socket, of bounded patience. Raises OSError."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(PATIENCE)
        sock.connect(path)
    except BaseException:
        sock.close()
        raise
    return sock


async def _clear_the_way(path: str) -> None:
    """Remove the socket file of a dead process; anything else that stands there is left alone and raised."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise OSError(errno.EEXIST, "a file that is no socket stands here", path)
    try:
        living = await open_unix(path)
    except ConnectionRefusedError:
        os.unlink(path)
        return
    await trio.aclose_forcefully(living)
    raise OSError(errno.EADDRINUSE, "another process listens here, perhaps another cistern", path)
