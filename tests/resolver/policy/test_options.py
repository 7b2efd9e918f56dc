"""The options of what clients see."""

import msgspec
import pytest

from resolver.policy.options import MAX_NETWORK, NetworksOptions


@pytest.mark.parametrize("network", [0, 24, MAX_NETWORK])
def test_a_network_id_is_32_bits(network: int) -> None:
    assert msgspec.convert({"192.0.2.0/24": network}, NetworksOptions) == {"192.0.2.0/24": network}


@pytest.mark.parametrize("network", [-1, MAX_NETWORK + 1, "24", True])
def test_anything_else_is_no_network_id(network: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"192.0.2.0/24": network}, NetworksOptions)
