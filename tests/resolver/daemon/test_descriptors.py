"""What fits into the files that may be open."""

import resource

import pytest

from resolver.daemon.descriptors import FEWEST, fit, fitted, raise_limit
from resolver.daemon.prepared import Prepared
from resolver.service.options import LimitOptions
from tests.resolver.daemon.alone import ALONE, HINTS


def test_with_many_nothing_changes() -> None:
    limits = LimitOptions()
    assert fitted(limits, 65_536) is limits
    prepared = Prepared(ALONE, HINTS, {})
    assert fit(prepared, 65_536) is prepared


@pytest.mark.parametrize("descriptors", [64, 100, 256, 1024, 4096])
def test_with_few_all_of_it_fits(descriptors: int) -> None:
    limits = fitted(LimitOptions(), descriptors)
    assert limits.in_flight >= FEWEST
    assert limits.in_flight < LimitOptions().in_flight
    if descriptors >= 256:
        assert 64 + limits.tcp_connections + 2 * limits.in_flight <= descriptors
    assert fit(Prepared(ALONE, HINTS, {}), descriptors).options.limits == fitted(ALONE.limits, descriptors)


def test_an_operator_who_wants_less_has_less() -> None:
    wanted = LimitOptions(in_flight=10, tcp_connections=3)
    assert fitted(wanted, 1024) is wanted


def test_the_bound_is_raised_to_what_the_host_allows() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        assert raise_limit() == hard
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == hard
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
