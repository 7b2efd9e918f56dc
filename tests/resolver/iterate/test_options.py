import ipaddress

import msgspec
import pytest

from resolver.iterate.options import ForwardZone, RecursionOptions, StubZone


def test_the_defaults_keep_the_resolver_from_asking_itself_and_its_platform() -> None:
    barred = [ipaddress.ip_network(prefix) for prefix in RecursionOptions().do_not_query]
    for host in ("0.0.0.0", "127.0.0.53", "::", "::1", "fdaa::3", "fdaa:0:18::3", "::ffff:127.0.0.1", "224.0.0.1"):
        assert any(ipaddress.ip_address(host) in prefix for prefix in barred), host


def test_the_defaults_knock_at_no_door_of_the_network_that_the_host_is_in() -> None:
    barred = [ipaddress.ip_network(prefix) for prefix in RecursionOptions().do_not_query]
    inside = ("10.0.0.53", "172.16.0.1", "172.31.255.254", "192.168.1.1", "100.64.0.1", "169.254.169.254")
    for host in (*inside, "fc00::1", "fd12::1", "64:ff9b::a00:1", "2002:a00:1::1"):
        assert any(ipaddress.ip_address(host) in prefix for prefix in barred), host


def test_public_servers_are_not_barred() -> None:
    barred = [ipaddress.ip_network(prefix) for prefix in RecursionOptions().do_not_query]
    for host in ("198.41.0.4", "2001:503:ba3e::2:30", "100.128.0.1", "172.32.0.1", "2003::1"):
        assert not any(ipaddress.ip_address(host) in prefix for prefix in barred), host


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        pytest.param(RecursionOptions, {"port": 0}, id="port 0"),
        pytest.param(RecursionOptions, {"qname_minimisation": "maybe"}, id="unknown mode"),
        pytest.param(RecursionOptions, {"root_hint": "x"}, id="unknown key"),
        pytest.param(ForwardZone, {"zone": "corp.example", "servers": []}, id="forward zone without servers"),
        pytest.param(StubZone, {"servers": ["192.0.2.1:53"]}, id="stub zone without a name"),
    ],
)
def test_wrong_values_are_refused(kind: type, table: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(table, kind)


@pytest.mark.parametrize("kind", [RecursionOptions, ForwardZone, StubZone])
def test_every_option_says_what_it_is(kind: type) -> None:
    schema = msgspec.json.schema(kind)["$defs"][kind.__name__]
    assert all(option.get("description") for option in schema["properties"].values())
