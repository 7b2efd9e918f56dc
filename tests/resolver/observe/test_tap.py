"""What of what passes is told."""

import msgspec

from resolver.observe.dnstap import Heard, Kind
from resolver.observe.options import DnstapOptions
from resolver.observe.tap import Ends, Tap

CLIENT, HERE, SERVER = bytes((192, 0, 2, 1)), bytes((192, 0, 2, 53)), bytes((198, 51, 100, 1))


def told(*kinds: str) -> tuple[Tap, list[Heard]]:
    found: list[Heard] = []
    options = msgspec.convert({"messages": kinds} if kinds else {}, DnstapOptions)
    return Tap(options, found.append, lambda: 100.0), found


def all_that_passes(tap: Tap) -> None:
    tap.client_query(b"q", Ends(CLIENT, 4000, HERE, 53))
    tap.client_response(b"r", Ends(CLIENT, 4000, HERE, 53, is_tcp=True), 99.0)
    for to_forwarder in (False, True):
        tap.resolver_query(b"Q", SERVER, 53, to_forwarder=to_forwarder, is_tcp=False)
        tap.resolver_response(b"R", SERVER, 53, 99.5, from_forwarder=to_forwarder, is_tcp=True)


def test_all_of_it_is_told_by_default() -> None:
    tap, found = told()
    all_that_passes(tap)
    assert found == [
        Heard(Kind.CLIENT_QUERY, False, CLIENT, 4000, HERE, 53, 100.0, 0.0, b"q"),
        Heard(Kind.CLIENT_RESPONSE, True, CLIENT, 4000, HERE, 53, 99.0, 100.0, b"r"),
        Heard(Kind.RESOLVER_QUERY, False, b"", 0, SERVER, 53, 100.0, 0.0, b"Q"),
        Heard(Kind.RESOLVER_RESPONSE, True, b"", 0, SERVER, 53, 99.5, 100.0, b"R"),
        Heard(Kind.FORWARDER_QUERY, False, b"", 0, SERVER, 53, 100.0, 0.0, b"Q"),
        Heard(Kind.FORWARDER_RESPONSE, True, b"", 0, SERVER, 53, 99.5, 100.0, b"R"),
    ]


def test_only_what_is_wanted_is_told() -> None:
    tap, found = told("client_response", "resolver_query")
    all_that_passes(tap)
    assert [heard.kind for heard in found] == [Kind.CLIENT_RESPONSE, Kind.RESOLVER_QUERY, Kind.FORWARDER_QUERY]


def test_who_is_not_heard_need_not_be_listened_to() -> None:
    clients, _ = told("client_query")
    servers, _ = told("resolver_response")
    assert (clients.hears_clients, clients.hears_servers) == (True, False)
    assert (servers.hears_clients, servers.hears_servers) == (False, True)
