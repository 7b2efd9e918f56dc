"""The kernel's randomness."""

import os
from collections.abc import MutableSequence
from typing import Final, final

POOL_OCTETS: Final = 4096  # drawn from the kernel at once: a system call per number would cost more than the rest of it
FLOAT_BITS: Final = 53  # of a float's mantissa
FEW: Final = 4  # octets of a number
_NUMBER: Final = int.from_bytes  # of octets; as a constant nobody looks it up


@final
class RealRng:
    """The kernel's CSPRNG, drawn in pools; every octet is used once (resolver.env.Rng)."""

    def __init__(self) -> None:
        self._pool = b""
        self._used = 0

    def random(self) -> float:
        """In [0, 1)."""
        return self.getrandbits(FLOAT_BITS) / (1 << FLOAT_BITS)

    def randrange(self, start: int, stop: int) -> int:
        """In [start, stop), each as likely: what lies above is thrown away rather than wrapped round."""
        width = stop - start
        if width <= 0:
            raise ValueError(f"nothing lies in [{start}, {stop})")
        bits = (width - 1).bit_length()
        while True:
            drawn = self.getrandbits(bits)
            if drawn < width:
                return start + drawn

    def getrandbits(self, k: int, /) -> int:
        octets = (k + 7) // 8
        begin = self._used
        if begin + octets > len(self._pool):
            self._pool = os.urandom(max(POOL_OCTETS, octets))
            begin = 0
        self._used = begin + octets
        if octets > FEW:
            drawn = _NUMBER(self._pool[begin : begin + octets])
            return drawn >> (octets * 8 - k) if k % 8 else drawn
        drawn = 0
        for at in range(begin, begin + octets):  # compiled, a few octets take no call
            drawn = drawn << 8 | self._pool[at]
        return drawn >> (octets * 8 - k)

    def shuffle(self, x: MutableSequence[object]) -> None:
        """Fisher-Yates."""
        for last in range(len(x) - 1, 0, -1):
            other = self.randrange(0, last + 1)
            x[last], x[other] = x[other], x[last]
