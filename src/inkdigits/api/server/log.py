"""The log of the server: one JSON object per line, to standard output."""

import logging
import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog


class _TolerantStream:
    """A stream whose write errors are ignored: a full disk must not stop the server."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with suppress(OSError):
            self._stream.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


def configure_log(level: str) -> None:
    """Log JSON at this level and above."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper("iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        # One write per line. If unbuffered, print() writes a line and its end separately, and
        # another process could write between them.
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, _TolerantStream(sys.stdout))),
        cache_logger_on_first_use=True,
    )
