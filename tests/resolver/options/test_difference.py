"""What differs between two configs."""

import msgspec
import pytest

from cache.options import CacheOptions
from resolver.dnssec.options import DnssecOptions
from resolver.iterate.options import ForwardZone, RecursionOptions
from resolver.options import Options, differences, digest, with_fixed
from resolver.options.difference import FIXED
from resolver.service.options import ControlOptions

OTHER = Options(
    cache=CacheOptions(max_ttl=60, snapshot="/x"),
    control=ControlOptions("/y"),
    dnssec=DnssecOptions(validate=False),
    recursion=RecursionOptions(avoid_ports=("5353",)),
    networks={"192.0.2.0/24": 7},
    forward=(ForwardZone("corp.example", ("192.0.2.1:53",)),),
)


def test_each_option_with_another_value_is_told_with_both() -> None:
    found = {one.key: (bytes(one.running), bytes(one.wanted)) for one in differences(Options(), OTHER)}
    assert set(found) == {*FIXED, "cache.max_ttl", "networks", "forward"}
    assert found["cache.max_ttl"] == (b"86400", b"60")
    assert found["networks"] == (b"{}", b'{"192.0.2.0/24":7}')
    assert not list(differences(OTHER, OTHER))


def test_what_cannot_change_stays_as_it_runs() -> None:
    taken = with_fixed(OTHER, Options())
    assert {one.key for one in differences(Options(), taken)} == {"cache.max_ttl", "networks", "forward"}
    assert {one.key for one in differences(taken, OTHER) if one.needs_restart} == set(FIXED)


@pytest.mark.parametrize("table", Options.__struct_fields__)
def test_the_digest_is_of_all_that_is_said_and_of_nothing_else(table: str) -> None:
    assert digest(Options()) == digest(Options())
    assert digest(Options()) < 1 << 48
    if getattr(OTHER, table) != getattr(Options(), table):
        assert digest(msgspec.structs.replace(Options(), **{table: getattr(OTHER, table)})) != digest(Options())
