"""A sweep: many trials of a recipe with other settings, on a Ray cluster, in a folder.

sweep.json               the recipe, what is tried, seeds and data; the settings of each trial
trials/0001/recipe.toml  the recipe with the settings of trial 1
trials/0001/seed-0/      an ordinary run folder, which `inkdigits train --resume` continues
trials/0001/outcome.json how the trial has ended; missing while it goes on
best.toml                at the end, the recipe of the best trial
"""

import json
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from inkdigits import recipe_files
from inkdigits.checkpoints import read_metrics
from inkdigits.recipes import Recipe
from inkdigits.scale.cluster import import_ray
from inkdigits.scale.errors import ScaleError
from inkdigits.scale.search_space import Settings, Trial
from inkdigits.scale.sweep_files import Exchange, Files, read_copies, write_copies
from inkdigits.scale.sweep_results import ENDED, OUTCOMES, Outcome, Result
from inkdigits.scale.sweep_trial import data_key
from inkdigits.scale.versions import check_versions
from inkdigits.settings_comparison import first_difference
from inkdigits.storage.files import FileError, read_file, write_atomically
from inkdigits.strict_json import parse
from inkdigits.training_data import Sources
from inkdigits.training_environment import versions

FORMAT = 1  # of sweep.json
MAX_JSON_BYTES = 2**25
POLL_SECONDS = 0.3
STOP_SECONDS = 10.0  # in which Tune should have ended when it is asked to; then it is killed
REDUCTION = 3  # one in three of the trials that ASHA compares goes on


class EpochDone(NamedTuple):
    """All seeds of a trial have done an epoch."""

    trial: Trial
    epoch: int


class TrialEnded(NamedTuple):
    """A trial has ended; `cause` is a clause if it has failed."""

    trial: Trial
    outcome: Outcome
    cause: str


@dataclass(frozen=True)
class Sweep:
    """The trials of a sweep and its folder.

    seeds         each trial is trained with all of them
    limit         as `inkdigits train --limit`
    sources_of    loads the data that a recipe needs
    grace         epochs before ASHA stops a trial; None to train all of them to the end
    at_once       most trials that run at the same time; 0 for one on each CPU
    """

    folder: Path
    recipe: Recipe
    trials: Sequence[Trial]
    seeds: Sequence[int]
    limit: int | None
    sources_of: Callable[[Recipe], Sources]
    grace: int | None = None
    at_once: int = 0

    def path(self, trial: Trial) -> Path:
        """Return the folder of a trial."""
        return self.folder / "trials" / trial.name

    def check_folder(self, resume: bool) -> None:
        """Make sure that the folder has a sweep to resume, or none; raise ScaleError if not."""
        exists = (self.folder / "sweep.json").exists()
        if exists and not resume:
            raise ScaleError(
                f"{self.folder} already has a sweep: continue it with --resume, or choose another "
                "folder with --sweep-dir."
            )
        if resume and not exists:
            raise ScaleError(
                f"{self.folder} has no sweep to resume: start it without --resume, or name its "
                "folder with --sweep-dir."
            )

    def begin(self, description: Mapping[str, Any], resume: bool) -> None:
        """Write what the sweep is, or check that the folder has the same one.

        description  what determines the trials, as JSON
        raises       ScaleError if it does not, or has one already
        """
        path = self.folder / "sweep.json"
        content = {
            "format": FORMAT,
            **description,
            "recipe": self.recipe.to_json(),
            "seeds": list(self.seeds),
            "limit": self.limit,
            "grace": self.grace,
            "trials": [_as_json(trial.settings) for trial in self.trials],
        }
        self.check_folder(resume)
        if not resume:
            for trial in self.trials:
                self.path(trial).mkdir(parents=True, exist_ok=True)
                text = recipe_files.to_toml(trial.recipe)
                write_atomically(self.path(trial) / "recipe.toml", text.encode())
            write_atomically(path, (json.dumps(content, indent=2) + "\n").encode())
            return
        if difference := first_difference(_read_json(path), content):
            name, was, now = difference
            raise ScaleError(
                f"{self.folder} was started with {name} {was}, not {now}: resume it with the same "
                "arguments, or choose another folder with --sweep-dir."
            )

    def results(self) -> list[Result]:
        """Read what is known of each trial.

        raises   FileError if a file is damaged
        """
        return [self.result(trial) for trial in self.trials]

    def result(self, trial: Trial) -> Result:
        """Read what is known of a trial; raise FileError if a file is damaged."""
        paths = [self.path(trial) / f"seed-{seed}" / "metrics.jsonl" for seed in self.seeds]
        runs = tuple(tuple(read_metrics(path)) if path.exists() else () for path in paths)
        path = self.path(trial) / "outcome.json"
        if not path.exists():
            return Result(trial, None, "", runs)
        match _read_json(path):
            case {"outcome": str() as outcome, "cause": str() as cause} if outcome in OUTCOMES:
                return Result(trial, OUTCOMES[outcome], cause, runs)
        raise FileError(f"{path} is damaged: remove it, so that --resume tries the trial again.")

    def run(
        self, on_wait: Callable[[], None] = lambda: None
    ) -> Generator[EpochDone | TrialEnded, None, None]:
        """Run the trials that have not ended, on the cluster that this process is connected to.

        What is yielded is on disk. Ends when all trials have ended; if it is closed before, the
        trials stop, and a new call goes on from what is on disk.

        on_wait  called several times a second; what it raises stops the sweep. A signal handler
                 must not raise while Ray's functions run: they would end in a SystemError
        raises   ScaleError if the part of the cluster is lost that runs the sweep, or a node has
                 other versions; OSError if a file cannot be written; DataError if data are missing
        """
        from inkdigits.scale.sweep_tune import Job, TrialRunner, prepare_images

        ray = import_ray()
        results = self.results()
        going_on = [result.trial for result in results if result.outcome not in ENDED]
        if not going_on:
            return
        sources, settings = self._sources(going_on, ray)
        job = Job(
            trials=going_on,
            seeds=self.seeds,
            sources=sources,
            data=_shared_images(going_on, self.seeds, sources, prepare_images),
            settings=settings,
            past=[
                (result.trial.number, epoch, accuracy)
                for result in results
                if result.outcome in ENDED
                for epoch, accuracy in enumerate(result.curve, 1)
            ],
            epochs=max(trial.recipe.epochs for trial in self.trials),
            grace=self.grace,
            reduction=REDUCTION,
            versions=versions(),
            at_once=self.at_once,
        )
        exchange = ray.remote(num_cpus=0)(Exchange).remote(self._files(going_on))
        runner = ray.remote(num_cpus=0)(TrialRunner).remote()
        task = runner.run.remote(job, exchange)
        try:
            yield from self._follow(task, exchange, ray, on_wait)
        except ray.exceptions.RayError as error:
            cause = str(error).strip().splitlines()[-1][:200]
            raise ScaleError(
                f"The sweep in {self.folder} was interrupted ({cause}): continue it with --resume."
            ) from None
        finally:
            exchange.stop.remote()
            ray.wait([task], timeout=STOP_SECONDS)
            # This ends trials that still run, but Ray reserves their CPUs until this process exits.
            ray.kill(runner)
            ray.kill(exchange)

    def _sources(
        self, trials: Sequence[Trial], ray: Any
    ) -> tuple[dict[int, Any], dict[int, dict[str, Any]]]:
        """Load the data sets, and send each selection of them to the cluster once.

        returns  by the number of the trial, an object reference, and what its runs have in common
        """
        loaded: dict[tuple[bool, ...], tuple[Any, dict[str, Any]]] = {}
        sources, settings = {}, {}
        for trial in trials:
            recipe = trial.recipe
            counts = recipe.pendigits_images, recipe.unipen_images, recipe.semeion_copies
            key = tuple(map(bool, counts))
            if key not in loaded:
                content = self.sources_of(recipe)
                common = {"limit": self.limit, "data": content.hashes}
                loaded[key] = ray.put(content), common
            sources[trial.number], settings[trial.number] = loaded[key]
        return sources, settings

    def _files(self, trials: Sequence[Trial]) -> dict[str, Files]:
        """Read the runs that go on."""
        folders = [f"{trial.name}/seed-{seed}" for trial in trials for seed in self.seeds]
        return {name: read_copies(self.folder / "trials" / name) for name in folders}

    def _follow(
        self, task: Any, exchange: Any, ray: Any, on_wait: Callable[[], None]
    ) -> Iterator[EpochDone | TrialEnded]:
        """Write what the trials send, until the last one has ended."""
        by_number = {trial.number: trial for trial in self.trials}
        ended: set[int] = set()
        is_done = False
        while not is_done:
            on_wait()
            is_done = bool(ray.wait([task], timeout=POLL_SECONDS)[0])
            if is_done:
                ray.get(task)
            for kind, *values in ray.get(exchange.take.remote()):
                if kind == "files":
                    name, written, removed = values
                    write_copies(self.folder / "trials" / name, written, removed)
                    continue
                if kind == "mismatch":
                    check_versions(values[1], versions())
                    continue
                trial = by_number[values[0]]
                if kind == "epoch":
                    yield EpochDone(trial, values[1])
                elif trial.number not in ended:
                    ended.add(trial.number)
                    self._write_outcome(trial, kind, values[1])
                    for seed in self.seeds:
                        exchange.forget.remote(f"{trial.name}/seed-{seed}")
                    yield TrialEnded(trial, kind, values[1])

    def _write_outcome(self, trial: Trial, outcome: str, cause: str) -> None:
        content = json.dumps({"outcome": outcome, "cause": cause}) + "\n"
        write_atomically(self.path(trial) / "outcome.json", content.encode())


def _shared_images(
    trials: Sequence[Trial], seeds: Sequence[int], sources: Mapping[int, Any], prepare: Any
) -> dict[int, dict[int, Any]]:
    """Prepare images on the cluster that several trials share.

    returns  by the number of the trial and the seed, object references; a trial whose images no
             other trial has is not in it
    """
    keys = {trial.number: data_key(trial) for trial in trials}
    prepared: dict[tuple[Any, ...], dict[int, Any]] = {}
    for trial in trials:
        key = keys[trial.number]
        if key not in prepared and list(keys.values()).count(key) > 1:
            prepared[key] = {
                seed: prepare.remote(trial, sources[trial.number], seed) for seed in seeds
            }
    return {number: prepared[key] for number, key in keys.items() if key in prepared}


def _as_json(settings: Settings) -> dict[str, Any]:
    return {n: list(v) if isinstance(v, tuple) else v for n, v in settings.items()}


def _read_json(path: Path) -> Any:
    try:
        return parse(read_file(path, MAX_JSON_BYTES))
    except ValueError as error:
        raise FileError(
            f"{path} is damaged ({ascii(str(error))[1:-1][:120]}): start another sweep."
        ) from None
