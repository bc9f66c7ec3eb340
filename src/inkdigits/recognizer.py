"""From a picture to a digit: the only path of inference, for command line, API and tests alike."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inkdigits import artifacts
from inkdigits.arrays import Array, Pixels
from inkdigits.artifacts import DEFAULT_MODEL, Model
from inkdigits.imaging import CLEAN_UPS
from inkdigits.imaging.decode import decode
from inkdigits.imaging.formats import DamagedImage, ImageError, ImageTooLarge, UnsupportedImage
from inkdigits.models import CLASSES, RECIPES
from inkdigits.nn.losses import softmax

__all__ = [
    "DamagedImage",
    "ImageError",
    "ImageTooLarge",
    "Prediction",
    "Recognizer",
    "UnsupportedImage",
]

CHUNK = 1000  # pictures that go through the network together: a few megabytes of activations


@dataclass(frozen=True)
class Prediction:
    """What the network makes of one picture.

    digit          0 to 9, or None if there is no digit
    probabilities  of the ten digits, in order; each 0.1 if the sheet is blank
    confidence     probability of the likeliest digit
    seen           uint8 (28, 28), the picture after the clean-up: what the network looked at
    """

    digit: int | None
    probabilities: tuple[float, ...]
    confidence: float
    seen: Pixels


class Recognizer:
    """A model that is ready to read. It holds no state but the model: any thread may use it."""

    def __init__(self, model: Model, name: str) -> None:
        recipe = RECIPES[model.recipe]
        self.model = model
        self.name = name
        self._clean_up = CLEAN_UPS[recipe.clean_up]
        self._network = recipe.network
        self._params = recipe.network.views(model.vector)

    @classmethod
    def load(cls, model: str | Path = DEFAULT_MODEL) -> "Recognizer":
        """Load a model and verify it.

        model    a file, or the name of a model that ships with inkdigits
        raises   ArtifactError if there is no such model, or its file is damaged
        """
        path = artifacts.locate(model)
        return cls(artifacts.load_model(path), path.stem)

    @property
    def digest(self) -> str:
        """SHA-256 of the model's file, which each answer can be traced to."""
        return self.model.digest

    def recognize(self, data: bytes, media_type: str | None = None) -> Prediction:
        """Read one image file.

        data        the bytes of a PNG, JPEG, WebP, GIF or BMP file
        media_type  what its sender says it is, such as "image/png", if anything
        raises      UnsupportedImage, ImageTooLarge or DamagedImage, all of them ImageError
        """
        seen = self._clean_up.clean(decode(data, media_type))
        probabilities = self.probabilities(seen[None])[0].tolist()
        blank = not seen.any()
        return Prediction(
            digit=None if blank else int(np.argmax(probabilities)),
            probabilities=(1 / CLASSES,) * CLASSES if blank else tuple(probabilities),
            confidence=1 / CLASSES if blank else max(probabilities),
            seen=seen,
        )

    def read(self, pictures: Pixels) -> Array:
        """Read many pictures of MNIST's kind: 28x28, light ink on black.

        pictures  uint8 (N, 28, 28)
        returns   float64 (N, 10), probabilities
        """
        return self.probabilities(self._clean_up.clean_batch(pictures))

    def probabilities(self, cleaned: Pixels) -> Array:
        """Send pictures that are cleaned already through the network.

        cleaned  uint8 (N, 28, 28)
        returns  float64 (N, 10), rows of sum 1
        """
        temperature = self.model.calibration["temperature"]
        probabilities = np.empty((len(cleaned), CLASSES))
        for start in range(0, len(cleaned), CHUNK):
            x = cleaned[start : start + CHUNK] / np.float32(255)
            logits, _ = self._network.forward(self._params, x)
            probabilities[start : start + CHUNK] = softmax(logits.astype(np.float64) / temperature)
        return probabilities
