"""The parts of validation, and the file that it begins with."""

from pathlib import Path

import msgspec
import pytest

from cache.names import ROOT
from resolver.daemon.trust import read_anchors
from resolver.dnssec.anchors import BadAnchors
from resolver.dnssec.options import DnssecOptions
from tests.architecture.source import ROOT as PROJECT

SHIPPED = DnssecOptions(trust_anchors=str(PROJECT / "conf" / "root.key"), validate=True)


def test_the_shipped_anchors_are_the_roots() -> None:
    anchors = read_anchors(SHIPPED)
    assert list(anchors) == [ROOT]
    assert len(anchors[ROOT].ds) == 2


def test_those_built_in_are_the_same() -> None:
    assert read_anchors(DnssecOptions()) == read_anchors(SHIPPED)


def test_nothing_is_read_when_nothing_is_validated() -> None:
    options = msgspec.structs.replace(SHIPPED, trust_anchors="/nonexistent", validate=False)
    assert read_anchors(options) == {}


def test_a_file_without_anchors_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "root.key"
    file.write_text("; nothing\n")
    with pytest.raises(BadAnchors):
        read_anchors(msgspec.structs.replace(SHIPPED, trust_anchors=str(file)))
