"""Which addresses a process's network namespace listens on, read from /proc: nothing has to be asked or installed."""

import ipaddress
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

TCP_LISTEN: Final = "0A"
UDP_UNCONNECTED: Final = "07"
POLL: Final = 0.02  # s


def is_listening(pid: int, address: str, port: int) -> bool:
    """Do both UDP and TCP of `address` and `port` belong to somebody in the network namespace of `pid`?"""
    ip = ipaddress.ip_address(address)
    suffix = "" if ip.version == 4 else "6"
    words = [ip.packed[at : at + 4][::-1] for at in range(0, len(ip.packed), 4)]  # /proc shows host byte order
    local = f"{b''.join(words).hex().upper()}:{port:04X}"
    return all(
        _is_in_table(Path(f"/proc/{pid}/net/{transport}{suffix}"), local, state)
        for transport, state in (("udp", UDP_UNCONNECTED), ("tcp", TCP_LISTEN))
    )


def wait_until(is_true: Callable[[], bool], timeout: float) -> bool:
    """Did it become true within `timeout` seconds?"""
    deadline = time.monotonic() + timeout
    while not is_true():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL)
    return True


def free_port(address: str = "127.0.0.1") -> int:
    """A port that neither UDP nor TCP of `address` uses now."""
    for _ in range(100):
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind((address, 0))
            port: int = tcp.getsockname()[1]
            try:
                udp.bind((address, port))
            except OSError:
                continue
            return port
    raise AssertionError(f"no port of {address} is free for both UDP and TCP")


def _is_in_table(table: Path, local: str, state: str) -> bool:
    try:
        rows = table.read_text().splitlines()[1:]
    except OSError:  # the process is gone
        return False
    return any(fields[1] == local and fields[3] == state for fields in map(str.split, rows))
