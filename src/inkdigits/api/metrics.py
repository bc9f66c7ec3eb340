"""What the service counts of itself, in Prometheus's form; of all workers together."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, values
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# The folder where the workers of one server count together; the name is the library's.
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
METHODS = {"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT"}
# Enough for every combination of labels that there can be. The files are written in full before
# they are mapped into memory: where the disk is full later, a write would end the worker (SIGBUS).
FILE_BYTES = {"counter": 2**20, "histogram": 2**17}


class Metrics:
    """The counters of one worker.

    place    its number among the workers that count together, in a folder that `prepare` made and
             FOLDER names; None if it counts for itself
    """

    def __init__(self, place: int | None = None) -> None:
        self._is_shared = place is not None
        # The library takes one kind of value for all metrics of a process.
        values.ValueClass = (
            values.MultiProcessValue(lambda: place)  # type: ignore[no-untyped-call]
            if self._is_shared
            else values.MutexValue
        )
        self._registry = registry = CollectorRegistry()
        self.requests = Counter(
            "inkdigits_requests",
            "Requests answered.",
            ["route", "method", "status"],
            registry=registry,
        )
        self.latency = Histogram(
            "inkdigits_request_duration_seconds",
            "From a request's arrival to its answer, with its waiting.",
            ["route"],
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
            registry=registry,
        )
        self.rejections = Counter(
            "inkdigits_rejections", "Requests rejected, by reason.", ["reason"], registry=registry
        )
        self.predictions = Counter(
            "inkdigits_predictions",
            "Drawings recognized, by the digit, blank or not_a_digit.",
            ["model", "digit"],
            registry=registry,
        )

    def count(self, route: str, method: str, status: int) -> None:
        """Count one request, by the pattern of its address."""
        # Known methods alone, so that nobody can make up labels.
        self.requests.labels(route, method if method in METHODS else "other", int(status)).inc()

    def observe(self, environ: dict[str, Any], method: str, status: int, seconds: float) -> None:
        """Count one request, and what was recognized in it.

        environ  as the application leaves it: see app.create_app
        """
        route = environ.get("inkdigits.route", "none")
        self.count(route, method, status)
        self.latency.labels(route).observe(seconds)
        for model, prediction in environ.get("inkdigits.predictions", ()):
            digit = prediction.reason if prediction.digit is None else prediction.digit
            self.predictions.labels(model, digit).inc()

    def value(self, name: str, **labels: str) -> float:
        """Give the value of one sample of this worker; 0 if there is none yet."""
        return self._registry.get_sample_value(name, labels) or 0.0

    def text(self, models: Iterable[tuple[str, str]]) -> bytes:
        """Write down all that is counted, by all workers if there are several.

        models   name and digest of each model in service
        """
        registry = self._registry
        if self._is_shared:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry) + generate_latest(_only(_Models(models)))


class _Models(Collector):
    def __init__(self, models: Iterable[tuple[str, str]]) -> None:
        self._models = models

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily(
            "inkdigits_model_info", "1 for each model in service.", labels=["model", "digest"]
        )
        for labels in self._models:
            family.add_metric(labels, 1)
        yield family


def _only(collector: Collector) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(collector)
    return registry


def prepare(folder: Path, workers: int) -> None:
    """Make the files in which workers count together, at their full size.

    raises   OSError if there is no room for them
    """
    for kind, size in FILE_BYTES.items():
        for place in range(workers):
            (folder / f"{kind}_{place}.db").write_bytes(bytes(size))
    os.environ[FOLDER] = str(folder)
