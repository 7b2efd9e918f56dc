"""What the log looks like: events with keys, as key=value for people and journals or as JSON for programs."""

import logging
from typing import Final, TextIO

import structlog
from structlog.typing import Processor

from resolver.observe.options import LogOptions

LEVELS: Final = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure_log(options: LogOptions, stream: TextIO) -> None:
    """Send every log event of at least the level to `stream`, one line each; a traceback in text takes more."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *_renderers(options, is_terminal=stream.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[options.level]),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,  # loggers are made when modules are imported, before this is called
    )


def _renderers(options: LogOptions, *, is_terminal: bool) -> list[Processor]:
    if options.format == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]
    # rich tracebacks take 10 ms each and show local variables, which may be a client's data
    return [
        structlog.dev.ConsoleRenderer(
            colors=is_terminal, pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
        )
    ]
