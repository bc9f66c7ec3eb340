"""The model at the end of training: calibrated, and measured on the held-out images."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from inkdigits.arrays import Array, to_host
from inkdigits.calibration import calibrate
from inkdigits.evaluation import measure_held_out, summarize
from inkdigits.model_file import Model
from inkdigits.recipes import Recipe
from inkdigits.recognizer import Recognizer
from inkdigits.training import Record
from inkdigits.training_data import TrainingData


def measured_model(
    recipe: Recipe,
    vector: Array,
    data: TrainingData,
    records: Sequence[Record],
    provenance: dict[str, Any],
) -> Model:
    """Calibrate the trained network, and measure it on the held-out digits.

    vector      float32 (P,), as `training.inference_params` returns it
    records     of each epoch that has ended
    provenance  what the model's file records of its training, as JSON values
    """
    model = Model.from_recipe(
        recipe,
        to_host(vector),
        *calibrate(recipe, vector, data.held_out),
        metrics=_last_epoch(records),
        training=provenance,
    )
    if not data.held_out:
        return model
    recognizer = Recognizer(model, recipe.name)
    measured = {name: measure_held_out(recognizer, part) for name, part in data.held_out.items()}
    return replace(model, metrics=model.metrics | {"development": summarize(measured)})


def _last_epoch(records: Sequence[Record]) -> dict[str, float]:
    """Return the last epoch's losses and accuracies; its times are not a property of the model."""
    if not records:
        return {}
    record = asdict(records[-1])
    names = ("loss", "accuracy", "validation_loss", "validation_accuracy")
    return {name: record[name] for name in names if record[name] is not None}
