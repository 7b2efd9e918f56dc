"""What is said of this server, and nothing where nothing is to be said."""

import pytest

from cache.names import from_text
from cache.rrtypes import TXT, A
from resolver.errors import NotSupported
from resolver.policy.identity import chaos_answer, nsid_of
from resolver.policy.options import IdentityOptions

SAID = IdentityOptions(version="cistern of here", id="host-1")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("version.bind.", b"cistern of here"),
        ("version.server.", b"cistern of here"),
        ("id.server.", b"host-1"),
        ("hostname.bind.", b"host-1"),
    ],
)
def test_who_asks_for_the_server_is_told(name: str, text: bytes) -> None:
    """RFC 4892 §2.1."""
    answer = chaos_answer(from_text(name), TXT, SAID)
    assert answer.answer[0].rdatas == (bytes((len(text),)) + text,)
    assert not chaos_answer(from_text(name), A, SAID).answer


@pytest.mark.parametrize("name", ["version.bind.", "id.server.", "www.example."])
def test_what_is_not_to_be_said_is_refused(name: str) -> None:
    with pytest.raises(NotSupported):
        chaos_answer(from_text(name), TXT, IdentityOptions(version="", id=""))


def test_an_identity_fits_into_its_option() -> None:
    assert nsid_of(SAID) == b"host-1"
    assert nsid_of(IdentityOptions(id="\N{EURO SIGN}" * 128)) == "\N{EURO SIGN}".encode() * 42 + b"\xe2\x82"
    assert nsid_of(IdentityOptions()) == b""
