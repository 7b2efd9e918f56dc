"""What the log looks like: events with keys, as key=value for people and journals or as JSON for programs."""

import logging
from collections.abc import Callable
from typing import Final

import structlog
from structlog.processors import TimeStamper, add_log_level
from structlog.typing import Processor

from resolver.observe.options import LogOptions

LEVELS: Final = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

Put = Callable[[str], object]  # takes a whole line, its end included


def configure_log(
    options: LogOptions,
    put: Put,
    *,
    is_terminal: bool = False,
    is_journal: bool = False,
    note_lost: Callable[[], None] = lambda: None,
) -> None:
    """Hand every log event of at least the level to `put`, one line each; a traceback in text takes more.

    is_journal: the lines go to systemd's journal, which has a time of its own and takes the priority from `<N>` before each.

    Who logs meets no failure of the log: an event that cannot be rendered or put is lost, and `note_lost` is told.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            *(() if is_journal and options.format == "text" else (add_log_level, TimeStamper(fmt="iso", utc=True))),
            *_renderers(options, is_terminal=is_terminal),
        ],
        wrapper_class=_forgiving(structlog.make_filtering_bound_logger(LEVELS[options.level]), note_lost),
        logger_factory=lambda *_: _JournalLogger(put) if is_journal else _LineLogger(put),
        cache_logger_on_first_use=False,  # loggers are made when modules are imported, before this is called
    )


class _LineLogger:
    """Where structlog's last processor hands its line."""

    def __init__(self, put: Put) -> None:
        self._put = put

    def msg(self, message: str) -> None:
        self._put(message + "\n")

    debug = info = warn = warning = error = critical = fatal = exception = log = msg


class _JournalLogger:
    """The same with sd-daemon(3)'s priority before each line, those of a traceback included."""

    def __init__(self, put: Put) -> None:
        self._put = put

    def debug(self, message: str) -> None:
        self._put_as(7, message)

    def info(self, message: str) -> None:
        self._put_as(6, message)

    def warning(self, message: str) -> None:
        self._put_as(4, message)

    def error(self, message: str) -> None:
        self._put_as(3, message)

    def critical(self, message: str) -> None:
        self._put_as(2, message)

    msg = log = info
    warn = warning
    exception = error
    fatal = critical

    def _put_as(self, priority: int, message: str) -> None:
        self._put("".join(f"<{priority}>{line}\n" for line in message.splitlines()))


def _forgiving(logger: type, note_lost: Callable[[], None]) -> type:
    """The same kind of logger, but that it raises nothing: without memory, or of a value whose text cannot be made."""

    class Forgiving(logger):  # type: ignore[misc]  # structlog makes the class for a level while it runs
        def _proxy_to_logger(self, *args: object, **keys: object) -> object:
            try:
                return super()._proxy_to_logger(*args, **keys)
            except Exception:
                note_lost()
                return None

    return Forgiving


def _renderers(options: LogOptions, *, is_terminal: bool) -> list[Processor]:
    if options.format == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]
    # rich tracebacks take 10 ms each and show local variables, which may be a client's data
    return [
        structlog.dev.ConsoleRenderer(
            colors=is_terminal, pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
        )
    ]
