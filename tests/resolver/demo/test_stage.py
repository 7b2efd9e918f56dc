from pathlib import Path

from resolver.demo.stage import NETWORK, OTHER_NETWORK, demo_options


def test_the_demos_daemon_lives_on_loopback_and_in_one_folder() -> None:
    options = demo_options(Path("/demo"), ("127.0.0.1:5300",), 5301)
    assert options.listen.addresses == ("127.0.0.1:5300",)
    assert options.recursion.port == 5301
    assert "127.0.0.0/8" not in options.recursion.do_not_query
    assert set(options.networks.values()) == {NETWORK, OTHER_NETWORK}
    assert {options.state.database, options.control.socket} == {"/demo/state.db", "/demo/control.sock"}
