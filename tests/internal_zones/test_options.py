"""The `[state]` table of the configuration."""

import msgspec
import pytest

from internal_zones.options import StateOptions


def test_every_option_has_a_default_and_a_description() -> None:
    kind = msgspec.inspect.type_info(StateOptions)
    assert isinstance(kind, msgspec.inspect.StructType)
    for field in kind.fields:
        assert not field.required
        assert isinstance(field.type, msgspec.inspect.Metadata)
        assert (field.type.extra_json_schema or {}).get("description"), field.name


@pytest.mark.parametrize("bad", [{"negative_ttl": 6}, {"poll": 0}, {"databse": "x"}])
def test_values_out_of_range_and_unknown_keys_are_errors(bad: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(bad, StateOptions)
