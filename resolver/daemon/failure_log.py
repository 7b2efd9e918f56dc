"""Why do clients get SERVFAIL? One failure a second at most is logged: why, of what name, for whom, and who should have known."""

from collections.abc import Callable
from itertools import islice
from typing import Final

import structlog

from cache.answer import Answer
from cache.names import WireName, to_text
from resolver.daemon.parts import Parts
from resolver.observe.sampled import Sampled
from resolver.policy.server_rows import ServerRow, rows_of_zone
from resolver.service.fast import Asked
from resolver.wire.text import type_to_text

PAUSE: Final = 1.0  # s between two that are logged
MAX_SERVERS: Final = 8  # that one line names

log = structlog.get_logger()


class FailureLog:
    """The log of questions that could not be answered."""

    def __init__(self, parts: Callable[[], Parts]) -> None:
        self._parts = parts
        self._sampled = Sampled(PAUSE)

    def note(self, asked: Asked, answer: Answer) -> None:
        """A client gets SERVFAIL after its question had to be waited for."""
        parts = self._parts()
        unlogged = self._sampled.unlogged(parts.env.now())
        if unlogged is None:
            return
        query = asked.query
        zone, servers = "", list[str]()
        if not parts.special.is_ours(query.qname):
            zone, servers = _whom(parts, query.qname)
        log.info(
            "servfail",
            name=to_text(query.qname),
            type=type_to_text(query.qtype),
            network=asked.view.network,
            why="; ".join(f"{error.code} {error.text}".rstrip() for error in answer.errors),
            zone=zone,
            servers=servers,
            unlogged=unlogged,
        )


def _whom(parts: Parts, name: WireName) -> tuple[str, list[str]]:
    """The closest zone of which servers are known, and these with what they did last."""
    now = parts.env.now()
    delegation = parts.known.closest(name, now)
    rows = islice(rows_of_zone(delegation, parts.known, now), MAX_SERVERS)
    return to_text(delegation.zone), list(map(_text, rows))


def _text(row: ServerRow) -> str:
    if not row.server:
        return f"{row.name_server} (no address)"
    if row.held_for is not None:
        return f"{row.server} (held down)"
    return f"{row.server} (no reply {row.timeouts} times)" if row.timeouts else row.server
