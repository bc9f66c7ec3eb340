"""One trial of a sweep on a worker: the same settings with each seed, epoch by epoch."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

from inkdigits import training, training_data
from inkdigits.model_file import save_model
from inkdigits.runs import Run, RunError
from inkdigits.scale.search_space import Trial
from inkdigits.scale.sweep_files import Copied, Files
from inkdigits.trained_model import measured_model
from inkdigits.training import Record
from inkdigits.training_data import Sources, TrainingData
from inkdigits.training_environment import keep_freed_memory, machine, versions
from inkdigits.worker_pool import use_one_thread

# Of a recipe: how its images are prepared, for a seed.
DATA_FIELDS = (
    *("preprocessing", "validation", "classes", "restroked", "pendigits_images"),
    *("unipen_images", "semeion_copies", "made_digits", "outliers"),
)
# Sends the files of a run, by the name of its folder: what was written, and what was removed.
Send: TypeAlias = Callable[[str, Files, list[str]], None]
# Called after each epoch of all seeds: its number, and the mean accuracy on the validation images.
Report: TypeAlias = Callable[[int, float], None]


def prepare(trial: Trial, sources: Sources, seed: int) -> TrainingData:
    """Prepare the images of a trial, in this process and with one thread."""
    use_one_thread()
    return training_data.prepare(trial.recipe, sources, seed)


def data_key(trial: Trial) -> tuple[Any, ...]:
    """What the prepared images of a trial depend on, besides the seed."""
    return tuple(getattr(trial.recipe, name) for name in DATA_FIELDS)


@dataclass
class _SeedRun:
    """The run of one seed; `epochs` trains it on, an epoch at a time."""

    name: str
    run: Run
    copied: Copied
    data: TrainingData
    records: list[Record]
    state: training.TrainState
    settings: dict[str, Any]
    epochs: Iterator[Record] = field(default=iter(()))


def run_trial(
    trial: Trial,
    data: Mapping[int, TrainingData],
    settings: Mapping[str, Any],
    files_of: Callable[[str], Files],
    send: Send,
    report: Report,
) -> None:
    """Train a trial with each seed, from where its files say, and make the model of each.

    All seeds do an epoch before the next one, so that each report is the mean over all of them.
    The last epoch is reported when the models have been sent.

    data      of each seed, in order
    settings  that the runs have in common: "limit" and "data", as `inkdigits train` records them
    files_of  returns the files that an earlier attempt has sent, by the name of the run's folder
    raises    DivergenceError; RunError if the files are of another training
    """
    use_one_thread()
    keep_freed_memory()
    with TemporaryDirectory(prefix="inkdigits-trial-") as scratch, ExitStack() as locks:
        runs = []
        for seed, prepared in data.items():
            name = f"{trial.name}/seed-{seed}"
            run = Run(Path(scratch) / f"seed-{seed}")
            locks.enter_context(run.locked())
            runs.append(_begin(trial, seed, name, run, prepared, settings, files_of(name)))
        for one in runs:
            send(one.name, *one.copied.changes())
        last = trial.recipe.epochs
        for epoch in range(1, last + 1):
            for one in runs:
                if len(one.records) < epoch:
                    one.records.append(next(one.epochs))
                    one.run.save(one.state, one.records)
                    send(one.name, *one.copied.changes())
            if epoch == last:
                for one in runs:
                    _save_model(trial, one)
                    send(one.name, *one.copied.changes())
            report(epoch, mean_accuracy([one.records[epoch - 1] for one in runs]))


def _begin(
    trial: Trial,
    seed: int,
    name: str,
    run: Run,
    prepared: TrainingData,
    common: Mapping[str, Any],
    files: Files,
) -> _SeedRun:
    """Begin the run of a seed, or go on from its files, as `inkdigits train` does."""
    recipe = trial.recipe
    # Trials share the images, which depend on none of these three.
    batches = replace(
        prepared.batches,
        size=recipe.batch_size,
        shuffle=recipe.shuffle,
        augment=recipe.augment,
    )
    data = replace(prepared, batches=batches)
    settings = {"recipe": recipe.to_json(), "seed": seed, **common}
    copied = Copied(run.folder)
    copied.unpack(files)
    checkpoint = None
    if run.checkpoints():
        run.check_settings(settings)
        checkpoint = run.latest(lambda warning: None)
    else:
        run.begin(settings | {"versions": versions(), "machine": machine("cpu")})
    state, records = checkpoint or (training.init_state(recipe, seed), [])
    if checkpoint:
        run.check_state(state, records, recipe, len(data.batches))
        if run.changes:
            raise RunError(
                f"{name} was changed by another command: remove its folder, or start another sweep."
            )
    else:
        run.save(state, records)
    one = _SeedRun(name, run, copied, data, records, state, settings)
    one.epochs = training.fit(recipe, data.batches, state, data.validation)
    return one


def _save_model(trial: Trial, one: _SeedRun) -> None:
    """Make the model at the end of a run, as `inkdigits train` does."""
    vector = training.inference_params(trial.recipe, one.data.batches, one.state)
    provenance = one.settings | {"versions": versions()}
    model = measured_model(trial.recipe, vector, one.data, one.records, provenance)
    save_model(one.run.folder / f"{trial.recipe.name}.safetensors", model)


def mean_accuracy(records: Sequence[Record]) -> float:
    """Return the mean accuracy on the validation images of one epoch with each seed."""
    return sum(record.validation_accuracy or 0.0 for record in records) / len(records)
