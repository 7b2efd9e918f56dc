"""What the kernel says of this process."""

import os

from resolver.real_env_process import descriptors, resident


def test_each_descriptor_is_counted() -> None:
    before = descriptors()
    assert before is not None
    one = os.open("/dev/null", os.O_RDONLY)
    try:
        assert descriptors() == (before[0] + 1, before[1])
    finally:
        os.close(one)


def test_memory_that_is_written_to_counts() -> None:
    before = resident()
    held = bytearray(b"x") * (64 << 20)
    assert resident() >= before + len(held) // 2
