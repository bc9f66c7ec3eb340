"""Export a model as a folder for the Hugging Face Hub, and load such a folder."""

import json
import re
from pathlib import Path
from typing import Any

from inkdigits.data import mnist
from inkdigits.escaping import printable
from inkdigits.interchange.card import ORIGINS, intended_use, training_files
from inkdigits.model_file import (
    Model,
    load_model,
    save_model,
    shipped_models,
    to_document,
)
from inkdigits.storage.files import FileError, write_atomically

WEIGHTS, CONFIG, CARD = "model.safetensors", "config.json", "README.md"
CARD_MARK = "library_name: inkdigits"  # without it, a README.md is somebody else's
_SOURCE = "https://github.com/inkdigits/inkdigits"


def export_huggingface(model: Model, folder: Path, name: str) -> Model:
    """Write a folder with a card, the weights and a configuration; other files stay.

    The weights are a model file of inkdigits, in which everything else is too: config.json only
    repeats it for other tools.

    name     of the model, for the card
    returns  the model, with the digest of its file
    raises   FileError if the folder has a README.md that is not of a model of inkdigits; OSError
    """
    card = folder / CARD
    if card.exists() and CARD_MARK not in card.read_text(encoding="utf-8", errors="replace"):
        raise FileError(f"{card} is not the card of an inkdigits model; choose another folder.")
    folder.mkdir(parents=True, exist_ok=True)
    # A model that was loaded keeps its digest: the same model gives the same bytes.
    model = save_model(folder / WEIGHTS, model)
    config = json.dumps(_config(model), indent=2) + "\n"
    write_atomically(folder / CONFIG, config.encode())
    write_atomically(card, _card(model, name).encode())
    return model


def load_huggingface(folder: Path) -> Model:
    """Load a folder that `export_huggingface` wrote, also one that was downloaded from the Hub.

    raises   FileError if it has no such model, or the model file is damaged or invalid
    """
    weights = folder / WEIGHTS
    if not weights.is_file():
        raise FileError(f"{folder} has no {WEIGHTS}; name the folder of an exported model.")
    # The Hub's cache has links to its files, and a model file is never a link.
    return load_model(weights.resolve())


def _config(model: Model) -> dict[str, Any]:
    """Return the document of the model file with what other tools look for."""
    labels = {str(number): name for number, name in enumerate(model.class_names)}
    return {
        "model_type": "inkdigits",
        "id2label": labels,
        "label2id": {name: int(number) for number, name in labels.items()},
        "num_parameters": model.network.size,
        "sha256": model.digest,
    } | to_document(model)


def _card(model: Model, name: str) -> str:
    """Write the card: metadata in YAML, in which every value is JSON, then Markdown."""
    files = training_files(model)
    is_shipped = model.digest in {load_model(path).digest for path in shipped_models().values()}
    metadata: dict[str, Any] = {
        **({"license": "mit"} if is_shipped else {}),
        "pipeline_tag": "image-classification",
        "tags": ["inkdigits", "handwriting", "numpy"],
        **({"datasets": ["ylecun/mnist"]} if mnist.TRAIN_IMAGES in files else {}),
        "metrics": ["accuracy"],
        **_model_index(model, name),
    }
    threshold = model.rejection_threshold
    rows = {
        "recipe": _escaped(model.recipe),
        "parameters": f"{model.network.size:,}",
        "input": "float32 (N, 28, 28): preprocessed pictures, ink in [0, 1]",
        "classes": ", ".join(map(_escaped, model.classes)),
        "preprocessing": model.preprocessing,
        "test-time augmentation": "for unsure predictions" if model.tta else "none",
        "temperature": f"{model.temperature:.4f}",
        "rejection threshold": "none: only blank images are rejected"
        if threshold is None
        else f"{threshold:.4f}",
        "SHA-256 of `model.safetensors`": f"`{model.digest}`",
        "written by": f"inkdigits {_escaped(model.version)}",
    }
    lines = [
        "---",
        CARD_MARK,
        *(f"{key}: {json.dumps(value)}" for key, value in metadata.items()),
        "---",
        "",
        f"# {_escaped(name)}",
        "",
        _escaped(model.summary),
        "",
        "| | |",
        "|---|---|",
        *(f"| {key} | {value} |" for key, value in rows.items()),
        "",
        "## How to use it",
        "",
        "```python",
        "from pathlib import Path",
        "",
        "from huggingface_hub import hf_hub_download",
        "from inkdigits import Recognizer",
        "",
        'file = Path(hf_hub_download("USER/NAME", "model.safetensors")).resolve()',
        'prediction = Recognizer.load(file).recognize("picture.png")',
        "print(prediction.label, prediction.confidence)",
        "```",
        "",
        f"`pip install inkdigits` installs [inkdigits]({_SOURCE}), which also preprocesses the "
        "picture. `config.json` repeats the settings for other tools.",
        "",
        "## Intended use and limitations",
        "",
        intended_use(model),
        "",
    ]
    if files:
        lines += ["## Training data", "", "| file | SHA-256 | source |", "|---|---|---|"]
        lines += [
            f"| {_escaped(file)} | {_escaped(digest)} | {ORIGINS.get(file, '')} |"
            for file, digest in files.items()
        ]
        lines += [""]
    return "\n".join(lines)


def _model_index(model: Model, name: str) -> dict[str, Any]:
    """Return the accuracy on held-out writers in the Hub's form, if the file states it."""
    accuracy = model.metrics.get("validation_accuracy")
    if not isinstance(accuracy, float) or mnist.TRAIN_IMAGES not in training_files(model):
        return {}
    result = {
        "task": {"type": "image-classification"},
        "dataset": {"type": "ylecun/mnist", "name": "MNIST, writers held out from training"},
        "metrics": [{"type": "accuracy", "value": accuracy}],
    }
    return {"model-index": [{"name": name, "results": [result]}]}


def _escaped(text: str) -> str:
    """Escape text from a model file for one line of Markdown."""
    return re.sub(r"([\\`*_{}\[\]<>()#!|~&]|^[-+=])", r"\\\1", printable(text))
