"""A daemon bound to a wildcard answers from the address that was asked: any other, and clients would not take it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.real.clients import dig, need
from tests.real.harness import serving
from tests.real.namespaces import Namespace, namespace, why_not

# Two addresses each of this network (0x18), neither the one that the kernel would choose towards the other.
ADDRESSES = ["fdaa:0:18:1::2", "fdaa:0:18::3"]


@pytest.fixture
def host() -> Iterator[Namespace]:
    if reason := why_not():
        pytest.skip(reason)
    need("dig")
    with namespace() as made:
        made.own(ADDRESSES)
        yield made


@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
@pytest.mark.parametrize(
    ("bound", "asked", "client"),
    [
        pytest.param("0.0.0.0", "127.0.0.99", "127.0.0.1", id="IPv4"),
        pytest.param("::", "fdaa:0:18::3", "fdaa:0:18:1::2", id="IPv6"),
        pytest.param("127.0.0.99", "127.0.0.99", "127.0.0.1", id="one IPv4 address"),
        pytest.param("fdaa:0:18::3", "fdaa:0:18::3", "fdaa:0:18:1::2", id="one IPv6 address"),
    ],
)
def test_the_reply_leaves_from_the_address_asked(
    host: Namespace, tmp_path: Path, bound: str, asked: str, client: str, transport: str
) -> None:
    with serving(tmp_path, bound, 53, namespace=host) as daemon:
        reply = dig(replace(daemon, address=asked), "localhost", "A", "-b", client, transport)
    assert (reply.status, reply.rdatas) == ("NOERROR", ("A 127.0.0.1",))
    assert "unexpected source" not in reply.text
