"""What stands at a name is made once for the units that it rests on, kept with the first of them, and found again."""

import pytest

from cache.names import from_text
from cache.rrtypes import AAAA
from internal_zones.apex import build_apexes
from internal_zones.asked import Asked
from internal_zones.index import SCANNED
from internal_zones.lookup import locate
from internal_zones.nearest import Topology
from internal_zones.nodes import make
from internal_zones.readings import AppData, ChecksData, Data, Reading, ServicesData, TooMany
from internal_zones.rows import Machine, Service
from internal_zones.units import Unit

APEXES = build_apexes(2)
MACHINES = tuple(
    Machine(f"m{number}", "ams", "h1", bytes.fromhex("fdaa00000018") + bytes(8) + number.to_bytes(2, "big"), True)
    for number in range(SCANNED + 1)
)
FEW, MANY = AppData(True, MACHINES[:2]), AppData(True, MACHINES)
PASSING, HTTP, HOSTS = ChecksData(frozenset()), ServicesData((Service("m1", "http", 80),)), Topology({"h1": 1.0})


def asked_of(name: str, *data: Data) -> tuple[Asked, list[Unit]]:
    qname = from_text(name)
    asked = Asked(locate(24, qname, APEXES), qname, AAAA, bytes(16))
    return asked, [Unit(key, Reading(one, 1), 0.0) for key, one in zip(asked.place.units, data, strict=True)]


@pytest.mark.parametrize(
    ("name", "data", "is_kept"),
    [
        pytest.param("web.internal.", (FEW,), True, id="an app"),
        pytest.param("ord.web.internal.", (FEW,), False, id="no such region: any could be made up"),
        pytest.param("healthy.web.internal.", (FEW, PASSING, HOSTS), True, id="what rests on several units"),
        pytest.param("healthy.web.internal.", (TooMany(), PASSING, HOSTS), False, id="what nobody knows"),
        pytest.param("_http._tcp.web.internal.", (FEW, HTTP), True, id="services"),
        pytest.param("top1.nearest.of.web.internal.", (FEW, HOSTS), False, id="nearest of few: ranked each time"),
        pytest.param("top1.nearest.of.web.internal.", (MANY, HOSTS), True, id="nearest of many"),
        pytest.param("_api.internal.", (), True, id="what needs no unit is there already"),
    ],
)
def test_what_is_made_is_kept_where_rows_stand_for_it(name: str, data: tuple[Data, ...], is_kept: bool) -> None:
    asked, units = asked_of(name, *data)
    assert (asked.kept(units) is None) == bool(units)
    made = make(asked.place, asked.qname, data, "")
    asked.keep(units, made)
    assert asked.kept(units) == (made if is_kept else None)


def test_what_was_made_of_other_units_is_not_what_stands_there_now() -> None:
    asked, units = asked_of("healthy.web.internal.", FEW, PASSING, HOSTS)
    asked.keep(units, make(asked.place, asked.qname, (FEW, PASSING, HOSTS), ""))
    others = [*units[:2], Unit(units[2].key, Reading(HOSTS, 1), 1.0)]
    assert asked.kept(others) is None
    assert asked.what(others) != asked.what(units)


@pytest.mark.parametrize(("app", "takes_long"), [(FEW, False), (MANY, True)])
def test_what_is_made_of_many_rows_takes_long_until_it_is_kept(app: AppData, takes_long: bool) -> None:
    asked, units = asked_of("healthy.web.internal.", app, PASSING, HOSTS)
    assert asked.takes_long(units) == takes_long
    asked.keep(units, make(asked.place, asked.qname, (app, PASSING, HOSTS), ""))
    assert not asked.takes_long(units)
