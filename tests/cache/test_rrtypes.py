"""The mnemonics that reasons are told with are those that everybody knows."""

import dns.rdatatype
import pytest

from cache.rrtypes import MNEMONICS, mnemonic


@pytest.mark.parametrize("rtype", [*MNEMONICS, 41, 99, 65280])
def test_a_type_is_called_as_elsewhere_or_by_its_number(rtype: int) -> None:
    assert mnemonic(rtype) in {dns.rdatatype.to_text(dns.rdatatype.RdataType.make(rtype)), f"TYPE{rtype}"}
    assert (mnemonic(rtype) == f"TYPE{rtype}") is (rtype not in MNEMONICS)
