"""The options of DNSSEC validation."""

from pathlib import Path

from resolver.dnssec import DnssecOptions

CONF = Path(__file__).parents[3] / "conf"


def test_the_default_trust_anchors_are_shipped() -> None:
    text = (CONF / DnssecOptions().trust_anchors).read_text()
    keys = [line for line in text.splitlines() if not line.startswith(";")]
    assert [line.rpartition("keytag ")[2] for line in keys] == ["20326", "38696"]
    assert all(line.startswith(". IN DNSKEY 257 3 8 ") for line in keys)
