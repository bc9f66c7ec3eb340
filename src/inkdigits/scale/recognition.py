"""Recognize the pictures of many parts on the workers of a cluster.

A worker takes a part, reads its pictures from where they are, recognizes them, and writes the rows
as one file. Only the names of pictures and the numbers of rows go through this process.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from inkdigits.scale.actor_pool import map_unordered
from inkdigits.scale.attempts import NOTED_PARTS, Attempt
from inkdigits.scale.cluster import Cluster, import_ray
from inkdigits.scale.results import Manifest, PartResult, Results, part_name
from inkdigits.scale.sources import Part
from inkdigits.scale.tasks import Task, count_outcomes
from inkdigits.scale.versions import check_versions, missing_package, versions
from inkdigits.worker_pool import use_one_thread


@dataclass
class Summary:
    """What became of a run.

    parts    all of them, also those that were done before
    before   parts that an earlier run had done
    counts   of rows by outcome: "recognized", "rejected" and "failed", also of those parts
    new_rows of the parts of this run
    seconds  that it took
    """

    parts: int = 0
    before: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    new_rows: int = 0
    seconds: float = 0.0

    def add(self, result: PartResult) -> None:
        """Count a part."""
        self.parts += 1
        self.before += not result.is_new
        self.new_rows += result.rows if result.is_new else 0
        self.counts.update(result.counts)


@dataclass(frozen=True)
class Job:
    """What all workers of a run need.

    run   the fingerprint of the run
    """

    task: Task
    results: Results
    run: str


class RecognitionWorker:
    """What an actor does: it recognizes parts, one after the other, with one thread.

    What it needs comes with each call, as a list of one reference to a `Job`: an actor that is
    started again has no call but the one that it repeats. (As an argument of the constructor, Ray
    warns of a reference; outside of a list, it would be resolved with each call.)
    """

    def __init__(self) -> None:
        use_one_thread()
        is_restarted = import_ray().get_runtime_context().was_current_actor_reconstructed
        self._parts_to_note = NOTED_PARTS if is_restarted else 0
        self._job: Job | None = None

    def ready(self, shared: list[Any]) -> dict[str, str]:
        """Return the versions of what is installed here, once results can be written."""
        installed = versions()
        job = self._get(shared)
        job.results.check(job.run)
        return installed

    def call(self, shared: list[Any], number: int, part: Part) -> PartResult:
        """Recognize a part, unless it is done."""
        is_noted = self._parts_to_note > 0
        result = recognize_part(self._get(shared), number, part, is_noted)
        self._parts_to_note -= is_noted
        return result

    def _get(self, shared: list[Any]) -> "Job":
        if self._job is None:
            job: Job = import_ray().get(shared[0])
            self._job = job
        return self._job


def recognize_part(job: Job, number: int, part: Part, is_noted: bool = False) -> PartResult:
    """Recognize a part and write its rows, unless they are there.

    is_noted  whether to note the attempt, because a worker died
    raises    ScaleError if the source has changed since; OSError if the rows cannot be written
    """
    done = job.results.find(number, job.run, part.fingerprint)
    if done is not None:
        return done
    pictures, attempt = part.read(), None
    if is_noted:
        attempt = Attempt(job.results.folder, part_name(number), part.fingerprint)
        pictures = attempt.watch(pictures)
    counts: Counter[str] = Counter()
    rows = count_outcomes(job.task, job.task.rows(pictures), counts)
    schema = job.task.schema()
    result = job.results.write(number, job.run, part.fingerprint, schema, rows, counts)
    if attempt is not None:
        attempt.end()
    return result


def recognize(
    cluster: Cluster,
    task: Task,
    parts: Iterable[Part],
    results: Results,
    on_progress: Callable[[Summary], None] = lambda summary: None,
    *,
    settings: Mapping[str, Any] | None = None,
    workers: int | None = None,
) -> Summary:
    """Recognize the pictures of all parts, and write a file of rows for each.

    Parts that an earlier run with the same settings has done are not recognized again.

    parts        taken as they are needed, so there may be any number of them
    on_progress  called after each part
    settings     what the parts depend on, as JSON, such as the names of the sources; the task's own
                 are added
    workers      how many parts are recognized at a time; None is one for each CPU of the cluster
    raises       ScaleError, if a worker has another version, the results are of other settings, or
                 the cluster is lost; OSError if results cannot be written
    """
    ray = import_ray()
    started = time.monotonic()
    run = results.begin(
        {
            "kind": task.kind,
            "task": task.settings(),
            "versions": versions(),
            **(settings or {}),
        }
    )
    worker = ray.remote(num_cpus=1, max_restarts=-1, max_task_retries=-1)(RecognitionWorker)
    try:
        shared = [ray.put(Job(task, results, run))]
    except ImportError as error:  # on the head node, of what Ray's client sends there
        raise missing_package(error) from None
    summary, manifest = Summary(), Manifest()
    found = map_unordered(
        worker.remote,
        ((shared, number, part) for number, part in enumerate(parts)),
        workers or max(1, cluster.cpus),
        ready=(shared,),
        check=lambda installed: check_versions(installed, versions()),
    )
    for result in found:
        summary.add(result)
        manifest.add(result)
        summary.seconds = time.monotonic() - started
        on_progress(summary)
    results.finish(run, manifest)
    summary.seconds = time.monotonic() - started
    return summary
