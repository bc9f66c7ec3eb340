"""Rewrites the shipped model files of format 2 in format 3, with the same weights; run once.

What format 2 said of the training, in Python's repr, becomes the recipe as typed JSON: the named
recipe of today, after every value that the file states was compared with it.
"""

import ast
import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np

from inkdigits.model_file import PRETRAINED, Model, load_model, save_model
from inkdigits.recipes import RECIPES
from inkdigits.storage.tensors import read_tensors

RENAMED = {
    "averaging": "ema_decay",
    "clean_up": "preprocessing",
    "nondigits": "outliers",
    "pen_copies": "pendigits_copies",
    "redrawn": "restroked",
}
SAME = ("batch_size", "epochs", "shuffle", "validation", *RENAMED)
NAMES = {"mean_decay": "beta1", "square_decay": "beta2", "Channel": "AddChannel"}
SIDES = {"Conv2D": "kernel_size", "MaxPool2D": "pool_size"}


def same_as_repr(value, text):
    """Compare a dataclass of today with the repr of yesterday, field by field."""
    call = ast.parse(text, mode="eval").body
    if isinstance(call, ast.Constant):
        return call.value == value
    name = NAMES.get(call.func.id, call.func.id)
    stated = {}
    for keyword in call.keywords:
        field = NAMES.get(keyword.arg, keyword.arg)
        field = SIDES[name] if field == "side" else field
        is_function = isinstance(keyword.value, ast.Name)
        stated[field] = keyword.value.id if is_function else ast.literal_eval(keyword.value)
    ours = {field.name: getattr(value, field.name) for field in fields(value)}
    ours = {field: item.__name__ if callable(item) else item for field, item in ours.items()}
    return type(value).__name__ == name and ours == stated


def recipe_of(training):
    """Return today's recipe, which must be all that the file says."""
    recipe = RECIPES[training["recipe"]]
    for old in SAME:
        new = RENAMED.get(old, old)
        if old in training:
            recipe = replace(recipe, **{new: training[old]})
    assert recipe == RECIPES[training["recipe"]], training["recipe"]
    layers = ast.parse(training["network"], mode="eval").body.elts
    for layer, node in zip(recipe.network.layers, layers, strict=True):
        assert same_as_repr(layer, ast.unparse(node)), (layer, ast.unparse(node))
    for part in ("optimizer", "schedule", "augment"):
        assert same_as_repr(getattr(recipe, part), training[part]), training[part]
    np.testing.assert_array_equal(recipe.target_table[0], np.float32(training["targets"]))
    return recipe


def main():
    digests = {}
    for path in sorted(PRETRAINED.glob("*.safetensors")):
        tensors, document, old_digest = read_tensors(path)
        training = document["training"]
        recipe = recipe_of(training)
        vector = np.concatenate(
            [tensors[name].ravel() for name in recipe.network.inference_network.shapes]
        )
        model = Model.from_recipe(
            recipe,
            vector,
            document["calibration"]["temperature"],
            document["calibration"]["threshold"],
            metrics=document["metrics"],
            training={
                "recipe": recipe.to_json(),
                **{name: training[name] for name in ("seed", "limit", "data", "versions")},
            },
        )
        model = replace(model, version=document["version"])
        digests[old_digest] = save_model(path, model).digest
        assert (load_model(path).vector == vector).all()
    for path in [*Path("benchmarks/results").glob("*.json"), *Path("docs").rglob("*.md")]:
        text = path.read_text(encoding="utf-8")
        for old, new in digests.items():
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")
    print(json.dumps(digests, indent=2))


if __name__ == "__main__":
    main()
