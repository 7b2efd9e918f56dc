"""Trust anchors from text."""

from pathlib import Path

import pytest

from cache.names import ROOT, from_text
from resolver.dnssec import anchors, keys
from tests.resolver.dnssec.signing import ed25519_signer

CONF = Path(__file__).parents[3] / "conf"
KEY = ed25519_signer(1, 0x0101)


def test_the_shipped_anchors_are_the_ds_that_iana_publishes() -> None:
    root = anchors.read((CONF / "root.key").read_text())[ROOT]
    published = (
        "4f660802e06d44b80b8f1d39a95c0b0d7c65d08458e880409bbc683457104237c7f8ec8d",
        "97280802683d2d0acb8c9b712a1948b27f741219298d0a450d612c483af444a4c0fb2b16",
    )
    assert tuple(one.hex() for one in root.ds) == published
    assert anchors.read(anchors.BUILT_IN)[ROOT] == root


def test_anchors_of_several_zones_stand_in_one_file() -> None:
    zone = from_text("example.")
    text = f"; ours\nexample. 3600 IN DNSKEY {KEY.dnskey.to_text()}\nOther.test. DS 1 15 2 {'00' * 32}\n"
    found = anchors.read(text)
    assert found[zone] == anchors.Anchor(zone, (keys.make_ds(zone, KEY.rdata),))
    assert set(found) == {zone, from_text("other.test.")}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("", "no DS or DNSKEY", id="nothing"),
        pytest.param("; only a comment\n", "no DS or DNSKEY", id="a comment"),
        pytest.param("what is this", "cannot be read", id="no records"),
        pytest.param("example. A 192.0.2.1", "only DS and DNSKEY", id="another type"),
        pytest.param(f"example. DS 1 12 2 {'00' * 32}", "supported", id="an unsupported algorithm"),
        pytest.param(
            f"example. DNSKEY {ed25519_signer(1, 0x0181).dnskey.to_text()}", "cannot be used", id="a revoked key"
        ),
    ],
)
def test_what_is_no_anchor_is_refused_with_a_reason(text: str, why: str) -> None:
    with pytest.raises(anchors.BadAnchors, match=why):
        anchors.read(text)
