"""Other octets out of honest ones: what a fuzzer without eyes for coverage does."""

from random import Random
from typing import Final

MAX_OCTETS: Final = 8192
EDGES: Final = (b"\0", b"\xff", b"\x7f", b"\x80", b"\xc0\x0c", b"\xff\xff", b"\0\0", b"\n", b'"', b"{}", b"[[", b"\r\n")


def mutated(honest: bytes, other: bytes, rng: Random) -> bytes:
    """One to eight small things done to `honest`; other: what parts may come from."""
    data = bytearray(honest)
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(7):
            case 0 if at < len(data):
                data[at] ^= 1 << rng.randrange(8)
            case 1 if at < len(data):
                data[at] = rng.randrange(256)
            case 2:
                data[at:at] = rng.choice(EDGES)
            case 3:
                del data[at : at + rng.randint(1, 16)]
            case 4:
                data[at:at] = data[at : at + rng.randint(1, 64)]
            case 5:
                begin = rng.randrange(len(other) + 1)
                data[at : at + 8] = other[begin : begin + rng.randint(1, 64)]
            case _:
                data = data[:at]
    return bytes(data[:MAX_OCTETS]) if len(honest) <= MAX_OCTETS else bytes(data)
