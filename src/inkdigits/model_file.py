"""The model file: network, weights, preprocessing, calibration, provenance. Loading verifies.

A file carries its own network, so it loads whether or not its recipe is known here. It names the
revision of its preprocessing, so a model never sees images preprocessed another way.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from inkdigits import dataclass_json
from inkdigits.arrays import Array
from inkdigits.constants import DIGITS
from inkdigits.inference import may_overflow
from inkdigits.model_limits import NON_DIGIT_NAME, check_class_names, check_network
from inkdigits.nn.initializers import Initializer
from inkdigits.nn.layers import Layer
from inkdigits.nn.network import Network
from inkdigits.preprocessing import PREPROCESSORS
from inkdigits.recipes import INFERENCE_LAYERS, INITIALIZERS, INPUT_SHAPE, Recipe
from inkdigits.storage.files import FileError, invalid_file
from inkdigits.storage.tensors import read_tensors, write_tensors
from inkdigits.strict_json import canonical
from inkdigits.version import __version__

FORMAT = 3
MAX_NAME = 64  # characters of a name before a file, as in NAME=FILE
DEFAULT_MODEL = "cnn-small"
PRETRAINED = Path(__file__).parent / "pretrained"
TEMPERATURES = (1e-3, 1e3)  # allowed range, far wider than what calibration finds

_CHOICES: dataclass_json.Choices = {Layer: INFERENCE_LAYERS, Initializer: INITIALIZERS}


@dataclass(frozen=True, eq=False)
class Model:
    """What a model file holds.

    network              the inference network: no batch normalization
    vector               float32 (P,), its parameters
    preprocessing        "classic", "ink" or "plain", in the revision of this version of inkdigits
    tta                  whether images with an unsure prediction get test-time augmentation
    classes              the name of each class, without the one for non-digits
    recipe, summary      the name of the recipe it was trained with, and one sentence for people
    temperature          probabilities are softmax(logits / temperature)
    rejection_threshold  images with a higher rejection score are not digits; None for a network
                         that knows digits only
    metrics              measured in training: JSON values
    training             provenance: recipe, seed, SHA-256 of the data, versions; JSON values
    version              of the package that wrote it
    digest               SHA-256 of its file; empty until it is saved or loaded
    """

    network: Network
    vector: Array = field(repr=False)
    preprocessing: str
    tta: bool
    recipe: str
    summary: str = ""
    temperature: float = 1.0
    rejection_threshold: float | None = None
    metrics: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    version: str = __version__
    digest: str = ""
    classes: tuple[str, ...] = DIGITS

    @classmethod
    def from_recipe(
        cls,
        recipe: Recipe,
        vector: Array,
        temperature: float = 1.0,
        rejection_threshold: float | None = None,
        *,
        metrics: dict[str, Any] | None = None,
        training: dict[str, Any] | None = None,
    ) -> "Model":
        """Make a model from a trained recipe.

        vector   float32 (P,), as `training.inference_params` returns it
        """
        return cls(
            network=recipe.network.inference_network,
            vector=vector,
            preprocessing=recipe.preprocessing,
            tta=recipe.tta,
            classes=recipe.classes,
            recipe=recipe.name,
            summary=recipe.summary,
            temperature=temperature,
            rejection_threshold=rejection_threshold,
            metrics=metrics or {},
            training=training or {},
        )

    @property
    def class_names(self) -> tuple[str, ...]:
        """The class of each of the network's outputs."""
        rejects_non_digits = self.rejection_threshold is not None
        return (*self.classes, NON_DIGIT_NAME) if rejects_non_digits else self.classes


def save_model(path: str | Path, model: Model) -> Model:
    """Write a model file, atomically; the same model gives the same bytes.

    returns  the model, with the digest of its file
    raises   FileError if `load_model` would reject the file, which is then not written; TypeError
             or ValueError if the metadata are not JSON or the vector has another size; OSError
    """
    _check_network(path, model.network)
    document = to_document(model, path)
    tensors = model.network.unflatten(model.vector)
    from_document(path, tensors, document)
    return replace(model, digest=write_tensors(path, tensors, document))


def to_document(model: Model, path: str | Path = "the model") -> dict[str, Any]:
    """Return everything in a model but its parameters; raise FileError that names the path."""
    return {
        "format": FORMAT,
        "network": dataclass_json.to_json(model.network),
        "input_shape": list(INPUT_SHAPE),
        "class_names": list(model.class_names),
        "preprocessing": {
            "name": model.preprocessing,
            "revision": _revision(path, model.preprocessing),
        },
        "tta": model.tta,
        "recipe": model.recipe,
        "summary": model.summary,
        "calibration": {
            "temperature": model.temperature,
            "rejection_threshold": model.rejection_threshold,
        },
        "metrics": model.metrics,
        "training": model.training,
        "version": model.version,
    }


def load_model(path: str | Path) -> Model:
    """Read a model file and verify it: the file as a whole, then the network and its parameters.

    raises   FileError if anything differs from what `save_model` writes
    """
    return from_document(path, *read_tensors(path))


def from_document(
    path: str | Path, tensors: Mapping[str, Array], document: Mapping[str, Any], digest: str = ""
) -> Model:
    """Make a model from its document and its parameters, and verify it.

    path     named in an error
    tensors  finite float32 parameters by name
    digest   SHA-256 of the file, if there is one
    raises   FileError if anything differs from what `to_document` writes
    """
    version = document.get("format")
    if type(version) is not int:
        raise FileError(f"{path} is not a model; name a model file, not a checkpoint.")
    if version != FORMAT:
        raise FileError(
            f"{path} is a model file of format {version}, and this version of inkdigits reads "
            f"format {FORMAT}: use the version that wrote it, or train the model again."
        )
    match document:
        case {
            "network": network_json,
            "input_shape": input_shape,
            "class_names": list() as class_names,
            "preprocessing": {
                "name": str() as preprocessing,
                "revision": int() as revision,
                **more,
            },
            "tta": bool() as tta,
            "recipe": str() as recipe,
            "summary": str() as summary,
            "calibration": {
                "temperature": float() as temperature,
                "rejection_threshold": float() | None as threshold,
                **others,
            },
            "metrics": dict() as metrics,
            "training": dict() as training,
            "version": str() as package_version,
        } if not more and not others and len(document) == 12:
            pass
        case _:
            raise invalid_file(
                path, "a field of its document is missing, unknown or of a wrong type"
            )
    if type(revision) is not int or revision != _revision(path, preprocessing):
        raise FileError(
            f"{path} needs revision {revision} of the preprocessing {preprocessing}, which this "
            f"version of inkdigits does not have: use inkdigits {package_version[:40]!a}, which "
            "wrote it, or train the model again."
        )
    try:
        network: Network = dataclass_json.from_json(network_json, Network, _CHOICES)
    except ValueError as error:
        raise invalid_file(path, f"its network is malformed ({error})") from None
    _check_network(path, network)
    if canonical(input_shape) != canonical(INPUT_SHAPE):
        raise invalid_file(path, "its input shape is not 28x28")
    classes = _check_classes(path, network, class_names, threshold)
    if {name: tensor.shape for name, tensor in tensors.items()} != network.shapes:
        raise invalid_file(path, "its tensors are not the parameters of its network")
    if not TEMPERATURES[0] <= temperature <= TEMPERATURES[1]:
        raise invalid_file(path, "its temperature is not between {} and {}".format(*TEMPERATURES))
    vector = np.concatenate([tensors[name].ravel() for name in network.shapes])
    if may_overflow(network, vector):
        raise invalid_file(path, "its weights are so large that some image would overflow float32")
    vector.setflags(write=False)  # many threads share one vector
    return Model(
        network=network,
        vector=vector,
        preprocessing=preprocessing,
        tta=tta,
        classes=classes,
        recipe=recipe,
        summary=summary,
        temperature=temperature,
        rejection_threshold=threshold,
        metrics=metrics,
        training=training,
        version=package_version,
        digest=digest,
    )


def _revision(path: str | Path, preprocessing: str) -> int:
    if preprocessing not in PREPROCESSORS:
        known = ", ".join(PREPROCESSORS)
        raise invalid_file(path, f"its preprocessing {preprocessing[:40]!a} is not one of {known}")
    return PREPROCESSORS[preprocessing].revision


def _check_classes(
    path: str | Path, network: Network, names: list[Any], threshold: float | None
) -> tuple[str, ...]:
    """Check the names of the network's outputs; return those of the classes alone."""
    outputs = network.output_shapes(INPUT_SHAPE)[-1]
    if outputs != (len(names),):
        raise invalid_file(path, f"its class names do not fit its network's {outputs} outputs")
    rejects_non_digits = names[-1:] == [NON_DIGIT_NAME]
    if (threshold is None) == rejects_non_digits:
        raise invalid_file(path, "its rejection threshold does not fit its class names")
    classes = names[:-1] if rejects_non_digits else names
    try:
        return check_class_names(classes)
    except ValueError as error:
        raise invalid_file(path, f"its class names are not valid: {error}") from None


def _check_network(path: str | Path, network: Network) -> None:
    """Check layers, sizes and cost without allocating anything of that size."""
    try:
        check_network(network)
    except ValueError as error:
        raise invalid_file(path, str(error)) from None


def shipped_models() -> dict[str, Path]:
    """Return the model files that come with the package, by name."""
    # Some installers install files as links, which `read_file` rejects.
    return {path.stem: path.resolve() for path in sorted(PRETRAINED.glob("*.safetensors"))}


def split_name(model: str | Path) -> tuple[str | None, str | Path]:
    """Split NAME=FILE, which gives a model another name than its file has; else the name is None.

    A file whose path has this form is meant as it is.
    """
    named = re.fullmatch(rf"([\w.-]{{1,{MAX_NAME}}})=(.+)", str(model), re.ASCII)
    return (None, model) if named is None or os.path.lexists(model) else (named[1], named[2])


def locate(model: str | Path) -> Path:
    """Find a model's file.

    model    the name of a shipped model, or else a path, or NAME=FILE; write "./mlp" for a file
             that has the name of a shipped model
    raises   FileError, with the names of the shipped models, if it is neither
    """
    shipped = shipped_models()
    source = split_name(model)[1]
    if isinstance(source, str) and source in shipped:
        return shipped[source]
    if os.path.isdir(source):
        raise FileError(_not_a_folder(Path(source)))
    if os.path.lexists(source):
        return Path(source)
    _, equals, file = str(model).partition("=")
    if equals and os.path.lexists(file):
        raise FileError(
            f"{model} does not name a model: the name before the = must be 1 to {MAX_NAME} "
            "letters, digits, '-', '_' or '.'."
        )
    raise FileError(
        f"{model} is neither a file nor a shipped model: name a file or one of "
        f"{', '.join(shipped) or '(none is shipped)'}."
    )


def models_in(folder: Path) -> list[Path]:
    """Return the model files in a folder by name; a run's folder has checkpoints, too."""
    paths = sorted(folder.glob("*.safetensors"))
    return [path for path in paths if not path.match("checkpoint-*")]


def _not_a_folder(folder: Path) -> str:
    """Say that a model is a file, and which one a run's folder has."""
    found = models_in(folder)
    if len(found) == 1:
        return f"{folder} is a folder; name the model in it: {found[0]}."
    return f"{folder} is a folder; name a model file, such as {folder / 'mlp.safetensors'}."
