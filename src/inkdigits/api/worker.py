"""One process of the server: what Granian loads, once in each worker."""

import atexit
import logging
import os
import sys
from pathlib import Path

import structlog

from inkdigits.api import metrics
from inkdigits.api.app import create_app
from inkdigits.api.gate import Gate
from inkdigits.api.settings import Settings
from inkdigits.api.shelf import Shelf

DRAINING = "draining"  # the file by which the server tells its workers that it is about to end


def create() -> Gate:
    """Create the application of this worker, from the settings in the environment."""
    atexit.register(_leave)
    settings = Settings()
    configure_log(settings.log_level)
    shelf = Shelf(settings.models)
    metrics.forget_the_dead()
    metrics.show_models([], _digests(shelf))
    draining = Path(os.environ[metrics.FOLDER]) / DRAINING
    app = create_app(shelf, settings, draining.exists)

    def look() -> None:
        before = _digests(shelf)
        shelf.look()
        metrics.show_models(before, _digests(shelf))

    return Gate(app.wsgi_app, settings, look)


def _digests(shelf: Shelf) -> list[tuple[str, str]]:
    return [(recognizer.name, recognizer.digest) for recognizer in shelf]


def configure_log(level: str) -> None:
    """Log a JSON object a line, to standard output."""
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
        # Each line in one write: print() makes two of it where Python does not buffer, and then a
        # line of another process can come between a line and its end.
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )


def _leave() -> None:
    """End the process as it stands: a thread of Granian's would fail in what Python tidies up."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
