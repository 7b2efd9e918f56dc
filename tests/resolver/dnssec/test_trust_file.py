"""The file of trust: what is written is read, and nothing else."""

import pytest

from cache.names import ROOT
from resolver.daemon.trust import read_anchors
from resolver.dnssec.exemptions import Exemption
from resolver.dnssec.options import DnssecOptions
from resolver.dnssec.rollover import Kept, State, TrustPoint, begin
from resolver.dnssec.trust_file import BadFile, read, write
from tests.resolver.dnssec.signing import KEY_SIGNING, NOW, ZONE, ed25519_signer

KEY = ed25519_signer(1, KEY_SIGNING).rdata
ROOT_POINT = begin(ROOT, read_anchors(DnssecOptions())[ROOT].ds, NOW)
POINT = TrustPoint(
    ZONE, (Kept(b"\x00\x01\x0f\x02" + bytes(32), State.PENDING, NOW, NOW + 9, KEY),), NOW, NOW + 5, 3600.0
)
EXEMPT = Exemption(ZONE, NOW, NOW + 60, "their «signer» is down", is_probed=False)


def test_what_is_written_is_read() -> None:
    assert read(write([ROOT_POINT, POINT], [EXEMPT])) == ([ROOT_POINT, POINT], [EXEMPT])


def test_people_can_read_it() -> None:
    text = write([ROOT_POINT, POINT], [EXEMPT]).decode()
    assert '"ds": "20326 8 2 E06D44B8' in text
    assert '"dnskey": "257 3 15 ' in text
    assert "their «signer» is down" in text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(b'"version": 1', b'"version": 2', id="a later version"),
        pytest.param(b'"pending"', b'"trusted"', id="no state"),
        pytest.param(b"1 15 2 0000", b"1 15 2 zzzz", id="no digest"),
        pytest.param(b"1 15 2 0000", b"70000 15 2 0000", id="no key tag"),
        pytest.param(b"257 3 15 ", b"257 3 15 !", id="no key"),
        pytest.param(b"257 3 15 ", b"257 3 ", id="a field is missing"),
        pytest.param(b"example.", b"ex..ample.", id="no name"),
        pytest.param(b"}", b"", id="cut short"),
    ],
)
def test_anything_else_is_refused(before: bytes, after: bytes) -> None:
    octets = write([POINT], [EXEMPT])
    assert before in octets
    with pytest.raises(BadFile):
        read(octets.replace(before, after))
