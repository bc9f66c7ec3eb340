"""The service's Prometheus metrics, summed over all workers."""

import os
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    values,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# The environment variable that tells prometheus_client which folder the workers share.
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
METHODS = {"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT"}
# Enough for every combination of labels. The files are written in full before they are mapped into
# memory, because a write to a mapped hole on a full disk kills the process (SIGBUS).
FILE_BYTES = {"counter": 2**22, "histogram": 2**18, "gauge_sum": 2**12}
# The values of the label `queue` of inkdigits_queue_depth.
PREDICTIONS, PROFILES, ACCURACY = "predictions", "profiles", "accuracy"


class Metrics:
    """The metrics of one worker.

    worker_index  which files in the shared folder are this worker's (see `create_files`); None to
                  count in this process only
    """

    def __init__(self, worker_index: int | None = None) -> None:
        self._is_shared = worker_index is not None
        # prometheus_client uses one value class for all metrics of a process.
        values.ValueClass = (
            values.MultiProcessValue(lambda: worker_index)  # type: ignore[no-untyped-call]
            if self._is_shared
            else values.MutexValue
        )
        self._registry = registry = CollectorRegistry()
        self.requests = Counter(
            "inkdigits_requests",
            "Responses sent.",
            ["route", "method", "status"],
            registry=registry,
        )
        self.duration = Histogram(
            "inkdigits_request_duration_seconds",
            "Time from the first byte of a request to its response, including the queue.",
            ["route"],
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
            registry=registry,
        )
        self.rejections = Counter(
            "inkdigits_rejections",
            "Requests and connections that got no response from the application.",
            ["reason"],
            registry=registry,
        )
        self.predictions = Counter(
            "inkdigits_predictions",
            "Predictions made, by digit (or the name of the class), blank or not_a_digit.",
            ["model", "digit"],
            registry=registry,
        )
        self.numbers = Counter(
            "inkdigits_numbers",
            "Numbers of several digits, by outcome: recognized, blank or not_a_number.",
            ["model", "outcome"],
            registry=registry,
        )
        self.explanations = Counter(
            "inkdigits_explanations",
            "Explanations of predictions made.",
            ["model"],
            registry=registry,
        )
        self.profile_failures = Counter(
            "inkdigits_profile_failures",
            "Requests for which the database of profiles could not be used, by cause.",
            ["cause"],
            registry=registry,
        )
        self.queue_depth = Gauge(
            "inkdigits_queue_depth",
            "Requests that wait for their turn or are being processed, by queue.",
            ["queue"],
            registry=registry,
            multiprocess_mode="sum",
        )
        for queue in (PREDICTIONS, PROFILES, ACCURACY):
            # A worker that was killed may have left another value in its file.
            self.queue_depth.labels(queue).set(0)

    def count_request(self, route: str, method: str, status: int) -> None:
        """Count one request.

        route  the URL rule, or "none"
        """
        # Unknown methods share one label, so that clients cannot create labels.
        method = method if method in METHODS else "other"
        _child(self.requests, route, method, int(status)).inc()

    def observe_request(
        self, environ: dict[str, Any], method: str, status: int, seconds: float
    ) -> None:
        """Count one request with its duration and its predictions.

        environ  as the application leaves it: see app.create_app
        """
        route = environ.get("inkdigits.route", "none")
        self.count_request(route, method, status)
        _child(self.duration, route).observe(seconds)
        for model, prediction in environ.get("inkdigits.predictions", ()):
            _child(self.predictions, model, prediction.label or prediction.reason).inc()
        for model, outcome in environ.get("inkdigits.numbers", ()):
            _child(self.numbers, model, outcome).inc()
        for model in environ.get("inkdigits.explanations", ()):
            _child(self.explanations, model).inc()
        if "inkdigits.profile_failure" in environ:
            _child(self.profile_failures, environ["inkdigits.profile_failure"]).inc()

    def value(self, name: str, **labels: str) -> float:
        """Return one sample of this worker's metrics; 0 if there is none yet."""
        return self._registry.get_sample_value(name, labels) or 0.0

    def text(self, models: Iterable[tuple[str, str]]) -> bytes:
        """Return all metrics in the text format, summed over the workers that share a folder.

        models   name and digest of each model being served
        """
        registry = self._registry
        if self._is_shared:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        models_registry = CollectorRegistry()
        models_registry.register(_ModelInfo(models))
        return generate_latest(registry) + generate_latest(models_registry)


@lru_cache(maxsize=1024)
def _child(metric: Any, *labels: object) -> Any:
    """Return a metric with these labels; looking it up takes longer than counting."""
    return metric.labels(*labels)


class _ModelInfo(Collector):
    def __init__(self, models: Iterable[tuple[str, str]]) -> None:
        self._models = models

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily(
            "inkdigits_model_info", "1 for each model being served.", labels=["model", "digest"]
        )
        for labels in self._models:
            family.add_metric(labels, 1)
        yield family


def forget_gauges(folder: Path, worker_index: int) -> None:
    """Reset the gauges of a worker that has died: what it was processing is gone.

    The file is overwritten, not removed: see `FILE_BYTES`.

    raises   OSError if it cannot be written
    """
    with (folder / f"gauge_sum_{worker_index}.db").open("r+b") as file:
        file.write(bytes(FILE_BYTES["gauge_sum"]))


def create_files(folder: Path, workers: int) -> None:
    """Create the files through which workers share their metrics, at their full size.

    raises   OSError if the disk has no room for them
    """
    for kind, size in FILE_BYTES.items():
        for index in range(workers):
            (folder / f"{kind}_{index}.db").write_bytes(bytes(size))
    os.environ[FOLDER_VARIABLE] = str(folder)
