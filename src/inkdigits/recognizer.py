"""From a picture to a digit: the only path of inference, for command line, API and tests alike."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from inkdigits import inference, model_file
from inkdigits.arrays import Array, Pixels
from inkdigits.imaging.decode import decode, encode_png
from inkdigits.imaging.errors import DamagedImage, ImageError, ImageTooLarge, UnsupportedImage
from inkdigits.model_file import DEFAULT_MODEL, ArtifactError, Model, locate
from inkdigits.nn.losses import softmax
from inkdigits.preprocessing import PREPROCESSORS
from inkdigits.recipes import CLASSES, RECIPES, rejection_scores

__all__ = [
    "ArtifactError",
    "DEFAULT_MODEL",
    "DamagedImage",
    "ImageError",
    "ImageTooLarge",
    "Prediction",
    "Reason",
    "Recognizer",
    "UnsupportedImage",
    "locate",
]

Reason: TypeAlias = Literal["blank", "not_a_digit"]


@dataclass(frozen=True)
class Prediction:
    """What the network makes of one picture.

    digit          0 to 9, or None if there is no digit
    reason         why there is none; None if there is one
    probabilities  of the ten digits, in order, whatever is seen; each 0.1 if the sheet is blank
    confidence     probability of the likeliest digit
    seen           uint8 (28, 28), the picture after the clean-up: what the network looked at
    """

    digit: int | None
    reason: Reason | None
    probabilities: tuple[float, ...]
    confidence: float
    seen: Pixels

    def seen_png(self) -> bytes:
        """Encode what the network looked at as a PNG file."""
        return encode_png(self.seen)


class Recognizer:
    """A model that is ready to read. It holds no state but the model: any thread may use it."""

    def __init__(self, model: Model, name: str) -> None:
        self.recipe = recipe = RECIPES[model.recipe]
        self.model = model
        self.name = name
        self._preprocessor = PREPROCESSORS[recipe.preprocessing]
        self._params = recipe.network.inference_network.layer_params(model.vector)
        self.temperature = model.temperature
        self.rejection_threshold = model.rejection_threshold

    @classmethod
    def load(cls, model: str | Path = DEFAULT_MODEL) -> "Recognizer":
        """Load a model and verify it.

        model    a file, or the name of a model that ships with inkdigits
        raises   ArtifactError if there is no such model, its file is damaged, or its name is not
                 UTF-8: answers and their readers could not name the model
        """
        path = model_file.locate(model)
        if path.stem.encode(errors="ignore").decode() != path.stem:
            raise ArtifactError(f"The name of {str(path)!a} is not UTF-8; rename the file.")
        return cls(model_file.load_model(path), path.stem)

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
        return self._predict(self._preprocessor.from_image(decode(data, media_type)))

    def recognize_ink(self, strength: Pixels) -> Prediction:
        """Read one picture whose ink is told from its sheet already.

        strength  uint8 (H, W), how much each pixel stands out from the sheet
        """
        return self._predict(self._preprocessor.from_ink(strength))

    def _predict(self, seen: Pixels) -> Prediction:
        """Read one picture after the clean-up, uint8 (28, 28)."""
        if not seen.any():
            return Prediction(None, "blank", (1 / CLASSES,) * CLASSES, 1 / CLASSES, seen)
        logits = self._logits(seen[None])
        probabilities = self._calibrated(logits)[0].tolist()
        refused = (
            self.rejection_threshold is not None
            and float(rejection_scores(logits)[0]) > self.rejection_threshold
        )
        return Prediction(
            digit=None if refused else int(np.argmax(probabilities)),
            reason="not_a_digit" if refused else None,
            probabilities=tuple(probabilities),
            confidence=max(probabilities),
            seen=seen,
        )

    def preprocess_mnist(self, pictures: Pixels) -> Pixels:
        """Clean many pictures of MNIST's kind: 28x28, light ink on black.

        pictures  uint8 (N, 28, 28)
        returns   uint8 (N, 28, 28)
        """
        return self._preprocessor.from_mnist(pictures)

    def preprocess_ink(self, strength: Pixels) -> Pixels:
        """Clean one picture whose ink is told from its sheet already.

        strength  uint8 (H, W), how much each pixel stands out from the sheet
        returns   uint8 (28, 28)
        """
        return self._preprocessor.from_ink(strength)

    def read(self, pictures: Pixels) -> Array:
        """Read many pictures of MNIST's kind: 28x28, light ink on black.

        pictures  uint8 (N, 28, 28)
        returns   float64 (N, 10), probabilities
        """
        return self.probabilities(self.preprocess_mnist(pictures))

    def probabilities(self, cleaned: Pixels) -> Array:
        """Send pictures that are cleaned already through the network.

        cleaned  uint8 (N, 28, 28)
        returns  float64 (N, 10), rows of sum 1
        """
        return self._calibrated(self._logits(cleaned))

    def rejection_scores(self, cleaned: Pixels) -> Array:
        """Say how much each picture that is cleaned already looks like no digit.

        cleaned  uint8 (N, 28, 28)
        returns  float64 (N,), refused above `threshold`; all -infinity if the model refuses nothing
        """
        if self.rejection_threshold is None:
            return np.full(len(cleaned), -np.inf)
        return rejection_scores(self._logits(cleaned))

    def refused(self, cleaned: Pixels) -> NDArray[np.bool_]:
        """Say which pictures that are cleaned already are refused as no digit, or as blank.

        cleaned  uint8 (N, 28, 28)
        returns  bool (N,)
        """
        blank = np.logical_not(cleaned.any(axis=(1, 2)))
        if self.rejection_threshold is None:
            return blank
        return np.logical_or(blank, self.rejection_scores(cleaned) > self.rejection_threshold)

    def _logits(self, cleaned: Pixels) -> Array:
        logits = inference.predict_logits(self.recipe, self._params, cleaned / np.float32(255))
        return logits.astype(np.float64)

    def _calibrated(self, logits: Array) -> Array:
        return softmax(logits[:, :CLASSES] / self.temperature)
