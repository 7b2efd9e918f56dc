"""The work that one client question may still cost."""

import pytest

from resolver.dnssec.work import Work
from resolver.errors import WorkExhausted


def test_what_is_not_left_is_not_spent() -> None:
    work = Work(0.0, signatures=2, hashes=10)
    work.spend_signature()
    work.spend_signature()
    work.spend_hashes(6)
    with pytest.raises(WorkExhausted, match="signatures"):
        work.spend_signature()
    with pytest.raises(WorkExhausted, match="hashes"):
        work.spend_hashes(5)
    work.spend_hashes(4)
    assert work == Work(0.0, 0, 0)
    assert (work.counts.signatures_checked, work.counts.hashes_computed) == (2, 10)
