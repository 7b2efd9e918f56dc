"""What is made of the units that a name rests on, whatever thread makes it."""

import pytest

from cache.names import from_text
from internal_zones.apex import build_apexes
from internal_zones.lookup import locate
from internal_zones.nearest import Topology
from internal_zones.nodes import make
from internal_zones.readings import AppData, ChecksData, Data, InstancesData, PeersData, ServicesData, TooMany
from internal_zones.records import EMPTY, UNKNOWN, Node
from internal_zones.rows import Instance, Machine, Service

APEXES = build_apexes(2)
NEAR = Machine("m1", "ams", "h1", bytes.fromhex("fdaa00000018") + bytes(9) + b"\1", True)
FAR = Machine("m2", "nrt", "h2", bytes.fromhex("fdaa00000018") + bytes(9) + b"\2", True)
APP = AppData(True, (NEAR, FAR))
NONE = AppData(False, ())
PASSING, HTTP = ChecksData(frozenset()), ServicesData((Service("m1", "http", 80),))
HOSTS = Topology({"h1": 1.0, "h2": 2.0})
LISTED = InstancesData((Instance("m1", "web", "ams", NEAR.address, True),))


def made(name: str, *data: Data) -> object:
    """The addresses, machines or text in the order in which they were made; or the node."""
    qname = from_text(name)
    found = make(locate(24, qname, APEXES), qname, data, "")
    if isinstance(found, Node):
        return [rdata for rrset in found.rrsets for rdata in rrset.rdatas] or found
    return found


@pytest.mark.parametrize(
    ("name", "data", "wanted"),
    [
        ("web.internal.", (APP,), [NEAR.address, FAR.address]),
        ("x.vm.web.internal.", (APP,), None),
        ("healthy.web.internal.", (APP, ChecksData(frozenset({"m1"})), HOSTS), [FAR.address]),
        ("healthy.web.internal.", (TooMany(), PASSING, HOSTS), UNKNOWN),
        ("_http._tcp.web.internal.", (APP, HTTP), [bytes((0, 0, 0, 1, 0, 80)) + from_text("m1.vm.web.internal.")]),
        ("_dns._tcp.web.internal.", (APP, HTTP), None),
        ("_http._tcp.web.internal.", (APP, TooMany()), UNKNOWN),
        ("0.0.0.0.0.8.1.0.0.0.0.0.0.a.a.d.f.ip6.arpa.", (LISTED, PeersData(())), EMPTY),
        ("1.0.0.0.0.8.1.0.0.0.0.0.0.a.a.d.f.ip6.arpa.", (LISTED, PeersData(())), None),
        ("top1.nearest.of.web.internal.", (APP, HOSTS), [[NEAR], [FAR]]),
        ("top1.nearest.of.nrt.web.internal.", (APP, HOSTS), [[FAR]]),
        ("top1.nearest.of.ord.web.internal.", (APP, HOSTS), None),
        ("top1.nearest.of.web.internal.", (NONE, HOSTS), None),
        ("top1.nearest.of.web.internal.", (TooMany(), HOSTS), None),
        ("web.vm.internal.", (NONE,), None),
    ],
)
def test_what_stands_at_a_name(name: str, data: tuple[Data, ...], wanted: object) -> None:
    assert made(name, *data) == wanted


def test_what_needs_no_unit_is_there_already() -> None:
    assert made("_api.internal.") == [bytes.fromhex("fdaa000000180000000000000000") + b"\0\3"]
    assert made("nobody._api.internal.") is None
