from pathlib import Path

import pytest

from cache.names import ROOT
from resolver.env import Address
from resolver.iterate.delegation import Origin
from resolver.iterate.hints import BadHints, built_in_hints, parse_hints

CONF = Path(__file__).parents[3] / "conf"
HINTS = """
.                        3600000      NS    A.ROOT-SERVERS.TEST.
A.ROOT-SERVERS.TEST.     3600000      A     192.0.2.1
A.ROOT-SERVERS.TEST.     3600000      AAAA  2001:db8::1
; another
. 3600 IN NS b.root-servers.test.
b.root-servers.test. 3600 IN A 192.0.2.2
c.root-servers.test. 3600 IN A 192.0.2.3
"""


def test_hints_give_the_addresses_of_the_roots_name_servers() -> None:
    hints = parse_hints(HINTS, 5353)
    assert hints.zone == ROOT
    assert hints.origin is Origin.HINTS
    assert hints.lease == float("inf")
    assert hints.servers == (
        Address("192.0.2.1", 5353),
        Address("2001:db8::1", 5353),
        Address("192.0.2.2", 5353),
    )


def test_the_hints_built_in_are_those_of_the_shipped_file() -> None:
    shipped = parse_hints((CONF / "root.hints").read_text(), 53)
    assert built_in_hints(53) == shipped
    assert len(shipped.servers) == 26


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(". 3600 IN NS a.test.", id="no address"),
        pytest.param("a.test. 3600 IN A 192.0.2.1", id="no name server"),
        pytest.param(". 3600 IN NS", id="half a record"),
        pytest.param("nonsense", id="nonsense"),
    ],
)
def test_what_is_no_hints_file_is_refused(text: str) -> None:
    with pytest.raises(BadHints):
        parse_hints(text, 53)
