"""What is logged at run time beyond what the config says, and until when: another level, or clients' queries."""

from collections.abc import Callable
from typing import assert_never

import msgspec
import structlog

from resolver.daemon.running import Running
from resolver.observe.options import LogOptions
from resolver.observe.query_log import QueryLog
from resolver.service.control_protocol import LogLevel, LogQueries, LogRequest, LogRow, LogShow

log = structlog.get_logger()


class LogSwitch:
    """Turned by an operator; turns itself back."""

    def __init__(self, running: Running, relog: Callable[[LogOptions], None]) -> None:
        """relog: has the log look like this."""
        self._running = running
        self._relog = relog
        self._level: LogLevel | None = None  # another than the config's
        self._level_until = 0.0  # monotonic seconds, as those below
        self._queries: QueryLog | None = None
        self._queries_until = 0.0

    def change(self, request: LogRequest) -> LogRow:
        """Do so; what is logged then."""
        now = self._running.parts.env.now()
        match request:
            case LogShow():
                self._end_what_is_over(now)
            case LogLevel(level="", seconds=_):
                self._set_level(None, now)
            case LogLevel(seconds=seconds):
                self._set_level(request, now + seconds)
            case LogQueries(mode="off"):
                self._set_queries(None, now)
            case LogQueries(mode=mode, network=network, seconds=seconds):
                parts = self._running.parts
                queries = QueryLog(mode, network, self._network_of, parts.env.now, parts.env.wall)
                self._set_queries(queries, now + seconds)
            case _:
                assert_never(request)
        return self._row(now)

    def go_by(self, options: LogOptions) -> None:
        """The config says this now; what an operator wanted beyond it goes with what it was before."""
        self._level = None
        self._relog(options)
        if self._queries is not None:
            self._set_queries(None, 0.0)

    def look(self) -> None:
        """End what is over."""
        self._end_what_is_over(self._running.parts.env.now())

    def _network_of(self, client: bytes, local: bytes) -> int | None:
        return self._running.parts.handler.view_of(client, local).network

    def _end_what_is_over(self, now: float) -> None:
        if self._level is not None and now >= self._level_until:
            self._set_level(None, now)
        if self._queries is not None and now >= self._queries_until:
            self._set_queries(None, now)

    def _set_level(self, wanted: LogLevel | None, until: float) -> None:
        options = self._running.parts.options.log
        self._level, self._level_until = wanted, until
        self._relog(options if wanted is None else msgspec.structs.replace(options, level=wanted.level))
        log.warning("log_level", now=options.level if wanted is None else wanted.level)

    def _set_queries(self, queries: QueryLog | None, until: float) -> None:
        self._queries, self._queries_until = queries, until
        self._running.parts.handler.log_queries(queries)
        log.warning("query_log", mode="off" if queries is None else queries.mode, network=queries and queries.network)

    def _row(self, now: float) -> LogRow:
        level, queries = self._level, self._queries
        return LogRow(
            level=(level and level.level) or self._running.parts.options.log.level,
            level_for=None if level is None else self._level_until - now,
            queries="off" if queries is None else queries.mode,
            network=None if queries is None else queries.network,
            queries_for=None if queries is None else self._queries_until - now,
        )
