"""What a path's MTU is said to be changes nothing: of listeners, and of channels to servers."""

import os
import socket

import pytest
import trio

from resolver.env import Address
from resolver.real_env_rng import RealRng
from resolver.real_env_udp import open_udp
from tests.resolver.test_real_env_udp import listen, needs_ipv6


@pytest.mark.parametrize(
    ("host", "level", "option"),
    [
        pytest.param("127.0.0.1", socket.IPPROTO_IP, 10, id="IPv4"),
        pytest.param("::1", socket.IPPROTO_IPV6, 23, id="IPv6", marks=needs_ipv6),
    ],
)
def test_forged_path_mtus_are_not_believed(host: str, level: int, option: int) -> None:
    async def main() -> None:
        listener = listen(Address(host, 0))
        channel = open_udp(listener.address, RealRng(), ())
        for fd in (listener.descriptor, channel._fd):
            with socket.socket(fileno=os.dup(fd)) as sock:
                assert sock.getsockopt(level, option) == 5, "IP_PMTUDISC_OMIT"
        channel.close()
        listener.close()

    trio.run(main)
