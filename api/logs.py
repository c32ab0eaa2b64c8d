"""Logs: one JSON object a line on standard error, without contents or tokens."""

import logging
import sys
from contextlib import suppress
from io import StringIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from api.core.failures import places

LEVELS = {"pypdf": logging.ERROR}  # it complains of every page of a broken document


class Spoken(StringIO):
    """Standard error output. What cannot be written is lost: a full disk must not stop what is logged."""

    def write(self, text: str) -> int:
        with suppress(OSError):
            sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stderr.flush()


def configure(level: int = logging.INFO) -> None:
    """Called once by the command line. JSON escapes control characters, so that a line stays a line."""
    spoken = Spoken()
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_words,
    ]
    rendered = structlog.processors.JSONRenderer(ensure_ascii=True)
    structlog.configure(
        processors=[*before, rendered],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(spoken),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(spoken)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=before, processors=[_bare, rendered])
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    for name, least in LEVELS.items():
        logging.getLogger(name).setLevel(least)


def without_words(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """An exception as its type and its places: what it says may hold what people wrote."""
    found = event.pop("exc_info", None)
    if isinstance(found, tuple):
        found = found[1]
    if found is True:
        found = sys.exc_info()[1]
    if isinstance(found, BaseException):
        event["error"] = type(found).__name__
        event["at"] = places(found)
    return event


def _bare(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {name: value for name, value in event.items() if not name.startswith("_")}
