"""Ray Tune runs the trials of a sweep. This module imports Ray: import it inside functions only."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

# Before Tune is imported: it would warn about, or print, what a command says in its own words.
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")

import ray
from ray import tune
from ray.tune import Callback, FailureConfig, RunConfig, Stopper, TuneConfig, Tuner
from ray.tune.schedulers import ASHAScheduler, FIFOScheduler, TrialScheduler

from inkdigits.scale.search_space import Trial
from inkdigits.scale.sweep_files import Files
from inkdigits.scale.sweep_trial import prepare, run_trial
from inkdigits.training import DivergenceError
from inkdigits.training_environment import versions

ATTEMPTS = 3  # after the first, of a trial whose worker or node was lost
METRIC = "accuracy"


@dataclass(frozen=True)
class Job:
    """What the cluster needs to run a sweep.

    trials     that have not ended
    seeds      each trial is trained with all of them
    sources    object references of the data sets, by the number of the trial
    data       object references of prepared images, by the number of the trial and the seed; a
               trial that is not in it prepares its own
    settings   that the runs of a trial have in common, by its number
    past       (trial, epoch, accuracy) of all trials that have ended, which ASHA compares with
    epochs     of the longest trial
    grace      epochs before ASHA stops a trial; None to stop none
    reduction  each of ASHA's comparisons divides the number of trials by it
    versions   of what determines the weights, which must be the same on all nodes
    at_once    most trials that run at the same time; 0 for one on each CPU
    """

    trials: Sequence[Trial]
    seeds: Sequence[int]
    sources: Mapping[int, Any]
    data: Mapping[int, Mapping[int, Any]]
    settings: Mapping[int, Mapping[str, Any]]
    past: Sequence[tuple[int, int, float]]
    epochs: int
    grace: int | None
    reduction: int
    versions: Mapping[str, str]
    at_once: int


class Stopping(ASHAScheduler):  # type: ignore[misc]
    """ASHA, which also tells which trials it stops."""

    def __init__(self, job: Job, exchange: Any) -> None:
        super().__init__(
            time_attr="epoch",
            metric=METRIC,
            mode="max",
            max_t=job.epochs,
            grace_period=job.grace,
            reduction_factor=job.reduction,
        )
        self._exchange = exchange
        ended = {number: SimpleNamespace(trial_id=f"ended-{number}") for number, _, _ in job.past}
        for trial in ended.values():
            self.on_trial_add(None, trial)
        for number, epoch, accuracy in job.past:
            super().on_trial_result(None, ended[number], {"epoch": epoch, METRIC: accuracy})

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """Decide whether a trial goes on; one that has done its last epoch has not been stopped."""
        action: str = super().on_trial_result(tune_controller, trial, result)
        if action == TrialScheduler.STOP and not result.get("is_last"):
            # Waiting for it: a message on its way when the last trial has ended would be lost.
            ray.get(self._exchange.tell.remote(("stopped", trial.config["trial"], "")))
        return action


class Failures(Callback):  # type: ignore[misc]
    """Tells which trials have failed for good."""

    def __init__(self, exchange: Any) -> None:
        self._exchange = exchange

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Tell the last line of the error."""
        lines = str(trial.get_error() or "").strip().splitlines()
        cause = lines[-1][:300] if lines else "its worker was lost"
        ray.get(self._exchange.tell.remote(("failed", trial.config["trial"], cause)))


class Stop(Stopper):  # type: ignore[misc]
    """Ends all trials when the exchange is asked to stop."""

    def __init__(self, exchange: Any) -> None:
        self._exchange = exchange

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Leave each trial to the scheduler."""
        return False

    def stop_all(self) -> bool:
        """Return whether all trials should end; called several times a second."""
        return bool(ray.get(self._exchange.is_stopping.remote()))


@ray.remote(num_cpus=1)  # type: ignore[untyped-decorator]
def prepare_images(trial: Trial, sources: Any, seed: int) -> Any:
    """Prepare the images that many trials share, as one object of Ray's store."""
    return prepare(trial, sources, seed)


class TrialRunner:
    """Runs all trials of a job.

    An actor: its death ends the trials, which belong to it. The process of a task would go on, and
    with it any trial that Tune has lost sight of.
    """

    def run(self, job: Job, exchange: Any) -> None:
        """Run the trials; return when the last one has ended, or all have been stopped."""
        scheduler = FIFOScheduler() if job.grace is None else Stopping(job, exchange)
        with TemporaryDirectory(prefix="inkdigits-tune-") as scratch:
            tuner = Tuner(
                tune.with_resources(
                    tune.with_parameters(train_trial, job=job, exchange=exchange), {"cpu": 1}
                ),
                param_space={"trial": tune.grid_search([trial.number for trial in job.trials])},
                tune_config=TuneConfig(
                    scheduler=scheduler,
                    max_concurrent_trials=job.at_once or None,
                    reuse_actors=True,
                ),
                run_config=RunConfig(
                    storage_path=scratch,
                    name="trials",
                    verbose=0,
                    stop=Stop(exchange),
                    callbacks=[Failures(exchange)],
                    failure_config=FailureConfig(max_failures=ATTEMPTS),
                ),
            )
            tuner.fit()


def train_trial(config: dict[str, Any], job: Job, exchange: Any) -> None:
    """Train one trial on a worker."""
    number = config["trial"]
    trial = next(trial for trial in job.trials if trial.number == number)
    here = versions()
    if here != job.versions:
        ray.get(exchange.tell.remote(("mismatch", number, here)))
        return

    def send(folder: str, written: Files, removed: list[str]) -> None:
        if written or removed:
            ray.get(exchange.update.remote(folder, written, removed))

    def report(epoch: int, accuracy: float) -> None:
        is_last = epoch == trial.recipe.epochs
        ray.get(exchange.tell.remote(("epoch", number, epoch)))
        if is_last:
            ray.get(exchange.tell.remote(("finished", number, "")))
        tune.report({"epoch": epoch, METRIC: accuracy, "is_last": is_last})

    try:
        run_trial(
            *(trial, _images(job, trial), job.settings[number]),
            lambda folder: ray.get(exchange.files_of.remote(folder)),
            *(send, report),
        )
    except DivergenceError as error:
        ray.get(exchange.tell.remote(("diverged", number, str(error))))
    except ray.exceptions.RayError:
        raise  # what the trial needs is lost: another attempt may succeed
    except Exception as error:  # another attempt would fail the same way
        cause = f"{type(error).__name__}: {error}".splitlines()[0][:300]
        ray.get(exchange.tell.remote(("failed", number, cause)))


def _images(job: Job, trial: Trial) -> dict[int, Any]:
    """Return the images of a trial for each seed: shared ones, or prepared here."""
    if trial.number in job.data:
        shared = job.data[trial.number]
        return dict(zip(job.seeds, ray.get([shared[seed] for seed in job.seeds]), strict=True))
    sources = ray.get(job.sources[trial.number])
    return {seed: prepare(trial, sources, seed) for seed in job.seeds}
