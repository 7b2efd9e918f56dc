"""How long may a datagram be on its way? As long as the sender says: no path MTU that an ICMP message tells is believed."""

import socket
from typing import Final

# linux/in.h and linux/in6.h; Python's socket module has some of them from 3.13 on only
IP_MTU_DISCOVER: Final = 10
IPV6_MTU_DISCOVER: Final = 23
PMTUDISC_OMIT: Final = 5  # anyone can forge an ICMP message to have us fragment, and fragments can be forged


def ask_for_whole_paths(sock: socket.SocketType, *, is_ipv6: bool) -> None:
    """Have what is sent from this socket go out whole, whatever anybody says of the path."""
    if is_ipv6:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, PMTUDISC_OMIT)
    else:
        sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, PMTUDISC_OMIT)
