"""What is known of servers."""

from cache.servers import Edns, Servers

ONE, OTHER = ("192.0.2.1", 53), ("2001:db8::1", 53)


def test_nothing_is_known_of_a_new_server() -> None:
    state = Servers().of(ONE)
    assert (state.srtt, state.rttvar, state.timeouts_in_a_row) == (0.0, 0.0, 0)
    assert state.edns is Edns.UNKNOWN
    assert state.keeps_case is None
    assert state.last_heard < 0


def test_what_is_learned_of_a_server_stays_with_its_address_and_port() -> None:
    servers = Servers()
    servers.of(ONE).srtt = 0.02
    assert servers.of(("192.0.2.1", 53)).srtt == 0.02
    assert servers.of(("192.0.2.1", 5353)).srtt == 0.0
    assert dict(servers.walk())[ONE].srtt == 0.02


def test_they_are_bounded_and_the_least_recently_asked_goes() -> None:
    servers = Servers(max_servers=2)
    servers.of(ONE).srtt = 0.02
    servers.of(OTHER).srtt = 0.03
    servers.note_asked(ONE)
    servers.of(("192.0.2.3", 53))
    assert len(servers) == 2
    assert servers.of(ONE).srtt == 0.02
    assert servers.of(OTHER).srtt == 0.0


def test_forgetting_one_or_all() -> None:
    servers = Servers()
    servers.of(ONE)
    servers.of(OTHER)
    assert servers.forget(ONE) == 1
    assert servers.forget(ONE) == 0
    assert servers.forget() == 1
    assert len(servers) == 0


def test_looking_at_them_is_no_use() -> None:
    servers = Servers(max_servers=2)
    servers.of(ONE)
    servers.of(OTHER)
    servers.note_asked(ONE)  # OTHER is the least recently asked now, although it came last
    servers.of(OTHER)
    assert [server for server, _ in servers.walk()] == [OTHER, ONE]
    assert servers.peek(OTHER) is not None
    assert servers.peek(("192.0.2.3", 53)) is None
    assert len(servers) == 2
    servers.of(("192.0.2.3", 53))
    assert servers.peek(OTHER) is None
    assert servers.peek(ONE) is not None


def test_asking_one_that_was_forgotten_meanwhile_leaves_it_forgotten() -> None:
    servers = Servers()
    servers.note_asked(ONE)
    assert len(servers) == 0
