"""Logs: one JSON object a line on standard error, without contents or tokens."""

import logging
import sys

import structlog


def configure(level: int = logging.INFO) -> None:
    """Called once by the command line. JSON escapes control characters, so that a line stays a line."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.getLogger("pypdf").setLevel(logging.ERROR)  # it complains of every page of a broken document
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s", stream=sys.stderr)
