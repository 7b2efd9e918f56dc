"""The options of DNSSEC validation."""

from pathlib import Path

from resolver.dnssec import DnssecOptions

CONF = Path(__file__).parents[3] / "conf"


def test_the_default_is_to_check_from_the_anchors_built_in_whose_keys_are_shipped() -> None:
    assert DnssecOptions().validate
    assert DnssecOptions().trust_anchors == ""
    keys = [line for line in (CONF / "root.key").read_text().splitlines() if not line.startswith(";")]
    assert [line.rpartition("keytag ")[2] for line in keys] == ["20326", "38696"]
    assert all(line.startswith(". IN DNSKEY 257 3 8 ") for line in keys)
