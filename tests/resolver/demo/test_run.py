from resolver.demo.internet import build_internet, read_fixtures
from resolver.demo.run import farewell
from resolver.demo.stage import Stage
from resolver.env import Address
from tests.resolver.daemon.alone import simulated


def test_the_farewell_names_where_to_ask_and_how_to_look_inside() -> None:
    server = Address("127.0.0.1", 5300)
    stage = Stage(simulated(), build_internet(read_fixtures()), server, (server, Address("::1", 5300)), "/demo/c.sock")
    said = farewell(stage)
    assert "127.0.0.1:5300 and [::1]:5300" in said
    assert "dig @127.0.0.1 -p 5300 AAAA web.internal" in said
    assert "cistern explain --socket /demo/c.sock" in said
