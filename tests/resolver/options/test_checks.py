"""What values must be beyond their types."""

import msgspec
import pytest

from resolver.options.checks import CHECKS, fault_of_value
from resolver.options.schema import Options


@pytest.mark.parametrize(
    ("key", "value"),
    [
        pytest.param(("listen", "addresses"), ("192.0.2.1:53", "[2001:db8::1]:53"), id="addresses"),
        pytest.param(("recursion", "do_not_query"), ("192.0.2.0/24", "2001:db8::/32", "192.0.2.1"), id="prefixes"),
        pytest.param(("forward", 3, "zone"), "corp.example", id="zone"),
        pytest.param(("server", 3, "address"), "2001:db8::3", id="server"),
        pytest.param(("local", "zones"), ("corp.example",), id="local zones"),
        pytest.param(("stub", 0, "zone"), ".", id="the root is a zone"),
        pytest.param(("networks", "127.0.0.0/8"), 24, id="network"),
        pytest.param(("metrics", "listen"), "", id="off"),
        pytest.param(("state", "subscription", "api"), "[::1]:8080", id="API"),
        pytest.param(("cache", "max_ttl"), 5, id="nothing to check"),
    ],
)
def test_a_sound_value_has_no_fault(key: tuple[str | int, ...], value: object) -> None:
    assert fault_of_value(key, value) == ""


@pytest.mark.parametrize(
    ("key", "value", "wrong"),
    [
        pytest.param(("listen", "addresses"), ("192.0.2.1",), "'192.0.2.1' has no port", id="no port"),
        pytest.param(("listen", "addresses"), ("2001:db8::1:53",), "brackets stand around IPv6", id="no brackets"),
        pytest.param(("listen", "addresses"), ("192.0.2.1:70000",), "port 70000", id="port"),
        pytest.param(("stub", 0, "servers"), ("192.0.2.1:53", "ns1.example:53"), "'ns1.example' in", id="a name"),
        pytest.param(("recursion", "do_not_query"), ("192.0.2.1/24",), "host bits set", id="host bits"),
        pytest.param(("networks", "fdaa::/200"), 24, "expected a prefix", id="prefix length"),
        pytest.param(("forward", 0, "zone"), "corp..example", "empty label", id="zone"),
        pytest.param(("local", "zones"), ("corp.example", "a..b"), "empty label", id="local zone"),
        pytest.param(("server", 0, "address"), "192.0.2.3:53", "without a port", id="server"),
        pytest.param(("dnssec", "negative_trust_anchors"), ("a" * 64,), "label of 64", id="anchor"),
        pytest.param(
            ("stale", "prefer_positive"),
            (
                "ok.example",
                "..",
            ),
            "empty label",
            id="preferred zone",
        ),
        pytest.param(("metrics", "listen"), "9153", "has no port", id="metrics"),
        pytest.param(("state", "subscription", "api"), "http://[::1]:8080", "without http:// and path", id="a URL"),
    ],
)
def test_an_unsound_value_says_what_was_expected(key: tuple[str | int, ...], value: object, wrong: str) -> None:
    found = fault_of_value(key, value)
    assert found.startswith("expected ")
    assert wrong in found


def test_every_check_is_of_an_option_that_exists() -> None:
    for key in CHECKS:
        struct: type[msgspec.Struct] = Options
        for table in key[:-1]:
            parts = _parts(struct.__annotations__[str(table)])
            struct = next(part for part in parts if isinstance(part, type) and issubclass(part, msgspec.Struct))
        assert key[-1] in struct.__struct_fields__


def _parts(annotation: object) -> list[object]:
    parts = [annotation]
    for part in parts:
        parts.extend(getattr(part, "__args__", ()))
    return parts
