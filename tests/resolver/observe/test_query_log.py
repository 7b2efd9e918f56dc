"""Which queries are logged, and what of them."""

import dns.message
import dns.rcode
import pytest
import structlog

from resolver.observe.query_log import Mode, QueryLog, question_of
from resolver.observe.tap import ClientTap, Ends
from resolver.policy.views import views

ONE, OTHER = bytes((192, 0, 2, 1)), bytes((198, 51, 100, 1))
HERE = bytes((192, 0, 2, 53))
VIEW_OF = views({"192.0.2.0/24": 24, "198.51.100.0/24": 25})
NXDOMAIN = dns.message.make_response(dns.message.make_query("Www.Example.", "AAAA"))
NXDOMAIN.set_rcode(dns.rcode.NXDOMAIN)
REPLY = NXDOMAIN.to_wire()


def lines_of(mode: Mode, network: int | None, replies: list[tuple[float, bytes]]) -> list[dict[str, object]]:
    """What is logged of replies to these clients at these moments."""
    moment = 0.0
    tap: ClientTap = QueryLog(
        mode, network, lambda client, local: VIEW_OF(client, local).network, lambda: moment, lambda: 1000.0 + moment
    )
    with structlog.testing.capture_logs() as lines:
        for moment, client in replies:  # read by the two clocks above
            tap.client_query(b"", Ends(client, 4000, HERE, 53))
            tap.client_response(REPLY, Ends(client, 4000, HERE, 53), 1000.0 + moment - 0.0125)
    return [dict(line) for line in lines]


def test_a_line_says_who_asked_what_and_what_came_of_it() -> None:
    assert lines_of("all", None, [(0.0, ONE)]) == [
        {
            "event": "query",
            "log_level": "info",
            "name": "www.example.",
            "type": "AAAA",
            "rcode": "NXDOMAIN",
            "client": "192.0.2.1",
            "network": 24,
            "transport": "udp",
            "ms": pytest.approx(12.5),
            "octets": len(REPLY),
            "unlogged": 0,
        }
    ]


def test_the_queries_of_one_network_are_logged_and_no_others() -> None:
    lines = lines_of("all", 25, [(number / 100, (ONE, OTHER)[number % 2]) for number in range(10)])
    assert [line["network"] for line in lines] == [25] * 5
    assert [line["unlogged"] for line in lines] == [0] * 5


def test_some_are_logged_and_the_others_counted() -> None:
    lines = lines_of("sampled", None, [(number / 100, ONE) for number in range(25)])
    assert [line["unlogged"] for line in lines] == [0, 9, 9]


def test_even_all_are_bounded_in_a_second() -> None:
    assert len(lines_of("all", None, [(number / 10_000, ONE) for number in range(10_000)])) <= 1000


def test_a_reply_without_question_has_no_name() -> None:
    assert question_of(bytes(12)) == ("", "")


def test_whose_client_it_is_is_looked_for_only_where_that_is_told() -> None:
    looked_for: list[bytes] = []

    def network_of(client: bytes, local: bytes) -> int:
        looked_for.append(client)
        return 24

    tap = QueryLog("sampled", None, network_of, lambda: 0.0, lambda: 1000.0)
    with structlog.testing.capture_logs() as lines:
        for _ in range(100):
            tap.client_response(REPLY, Ends(ONE, 4000, HERE, 53), 1000.0)
    assert len(lines) == len(looked_for) == 1
