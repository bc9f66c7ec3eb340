"""What the service counts of itself, in Prometheus's form; of all workers together."""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Where the workers of one server count together; the name is the library's.
FOLDER = "PROMETHEUS_MULTIPROC_DIR"

REQUESTS = Counter("inkdigits_requests", "Requests answered.", ["route", "method", "status"])
LATENCY = Histogram(
    "inkdigits_request_duration_seconds",
    "From a request's arrival to its answer, its body's and its turn's waiting included.",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
REJECTIONS = Counter("inkdigits_rejections", "Requests refused, by reason.", ["reason"])
PREDICTIONS = Counter(
    "inkdigits_predictions",
    "Drawings read, by the digit, blank or not_a_digit.",
    ["model", "digit"],
)
MODEL = Gauge(
    "inkdigits_model_info",
    "1 for each model in service.",
    ["model", "digest"],
    multiprocess_mode="livemax",
)


def observe(environ: dict[str, Any], method: str, status: int, seconds: float) -> None:
    """Count one request, and what was read in it.

    environ  as the application leaves it: see app.create_app
    """
    # Patterns and known methods alone, so that nobody can make up labels.
    route = environ.get("inkdigits.route", "none")
    REQUESTS.labels(route, method if method in METHODS else "other", status).inc()
    LATENCY.labels(route).observe(seconds)
    for model, prediction in environ.get("inkdigits.predictions", ()):
        digit = prediction.reason if prediction.digit is None else prediction.digit
        PREDICTIONS.labels(model, digit).inc()


METHODS = {"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT"}


def show_models(before: Iterable[tuple[str, str]], now: Iterable[tuple[str, str]]) -> None:
    """Show which models are in service, by name and digest, in place of those before."""
    for name, digest in before:
        MODEL.labels(name, digest).set(0)
    for name, digest in now:
        MODEL.labels(name, digest).set(1)


def text() -> bytes:
    """Give all that is counted, by all workers if there are several."""
    if FOLDER not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def forget_the_dead() -> None:
    """Leave out what workers that are no more said of their present state."""
    folder = Path(os.environ[FOLDER])
    pids = {int(found[1]) for found in map(_PID.fullmatch, os.listdir(folder)) if found}
    for pid in pids:
        try:
            os.kill(pid, 0)  # only asks whether it is there
        except ProcessLookupError:
            multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]


_PID = re.compile(r"gauge_live\w*_(\d+)\.db")
