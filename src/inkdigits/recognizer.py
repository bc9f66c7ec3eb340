"""From an image to a digit: the only inference path, for command line, service and tests."""

from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from contextlib import nullcontext
from dataclasses import dataclass, fields
from math import prod
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from inkdigits import inference, model_file
from inkdigits.arrays import Array, Pixels
from inkdigits.calibration import choose_candidates, rejection_scores
from inkdigits.constants import DIGITS
from inkdigits.imaging.decode import encode_png
from inkdigits.imaging.errors import ImageError
from inkdigits.imaging.inputs import ImageInput, to_ink, to_rgba
from inkdigits.imaging.limits import DEFAULT_LIMITS, Limits
from inkdigits.model_file import DEFAULT_MODEL, Model
from inkdigits.nn.losses import softmax
from inkdigits.preprocessing import PREPROCESSORS, network_input
from inkdigits.preprocessing_pool import choose_workers, preprocess_many
from inkdigits.recipes import INPUT_SHAPE
from inkdigits.storage.files import FileError
from inkdigits.threads import one_blas_thread

# Images from which on the network may use several threads. For fewer, they save little time on idle
# CPUs, and cost much on busy ones.
THREADS_FROM = 64

Reason: TypeAlias = Literal["blank", "not_a_digit"]


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a model predicts for one image.

    digit          0 to 9; None if the image is rejected, or the model's classes are not the digits
    label          the name of the class, such as "7" or "Sneaker"; None if the image is rejected
    reason         why it is rejected; None if it is not
    probabilities  of the classes, in order, also if rejected; all equal for a blank image
    confidence     probability of the most likely class
    seen           uint8 (28, 28), the preprocessed image: what the network saw
    """

    digit: int | None
    label: str | None
    reason: Reason | None
    probabilities: tuple[float, ...]
    confidence: float
    seen: Pixels

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Prediction) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[Any, ...]:
        """Return all fields as values that == and hash() accept, which arrays are not."""
        values = self.digit, self.label, self.reason, self.probabilities, self.confidence
        return *values, self.seen.shape, self.seen.tobytes()

    def seen_png(self) -> bytes:
        """Encode the preprocessed image as a PNG file."""
        return encode_png(self.seen)


@dataclass(frozen=True)
class BatchPrediction:
    """What a model predicts for a batch of images.

    probabilities     float64 (N, C), of the C classes; each row sums to 1
    rejection_scores  float64 (N,), log odds of "not a digit"; -infinity for a model that does not
                      reject non-digits
    rejected          bool (N,), whether each image is blank or has a score above the threshold
    """

    probabilities: Array
    rejection_scores: Array
    rejected: NDArray[np.bool_]


@dataclass(frozen=True)
class LayerDescription:
    """One layer: its type, the shape of an example after it, its parameters and its settings."""

    type: str
    output_shape: tuple[int, ...]
    parameters: int
    options: dict[str, int | float | bool]


@dataclass(frozen=True)
class ModelDescription:
    """What a model is, as data: for the service, the page and reports."""

    name: str
    digest: str
    recipe: str
    summary: str
    preprocessing: str
    preprocessing_revision: int
    input_shape: tuple[int, ...]
    class_names: tuple[str, ...]
    layers: tuple[LayerDescription, ...]
    parameters: int
    size_bytes: int
    rejects_non_digits: bool
    test_time_augmentation: bool
    metrics: dict[str, Any]
    training: dict[str, Any]
    version: str  # of the package that wrote the file


class Recognizer:
    """A model that is ready to predict. Its only state is the model, so any thread may use it."""

    def __init__(self, model: Model, name: str) -> None:
        self.model = model
        self.name = name
        self.temperature = model.temperature
        self.rejection_threshold = model.rejection_threshold
        self._threshold = np.inf if model.rejection_threshold is None else model.rejection_threshold
        self._preprocessor = PREPROCESSORS[model.preprocessing]
        self._params = model.network.layer_params(model.vector)

    @classmethod
    def load(cls, model: str | Path = DEFAULT_MODEL) -> "Recognizer":
        """Load and verify a model.

        model    a file, the name of a model that ships with inkdigits, or NAME=FILE for a file with
                 another name than its own
        raises   FileError if there is no such model, its file is damaged, or its name is not valid
                 UTF-8, so that responses could not contain it
        """
        path = model_file.locate(model)
        name = model_file.split_name(model)[0] or path.stem
        if name.encode(errors="ignore").decode() != name:
            raise FileError(f"The name of {str(path)!a} is not valid UTF-8; rename the file.")
        return cls(model_file.load_model(path), name)

    @property
    def digest(self) -> str:
        """SHA-256 of the model's file, to which each prediction can be traced."""
        return self.model.digest

    def describe(self) -> ModelDescription:
        """Describe the model as data."""
        network = self.model.network
        layers = tuple(
            LayerDescription(
                type=type(layer).__name__,
                output_shape=shape,
                parameters=sum(map(prod, layer.param_shapes().values())),
                options=_options(layer),
            )
            for layer, shape in zip(network.layers, network.output_shapes(INPUT_SHAPE), strict=True)
        )
        return ModelDescription(
            name=self.name,
            digest=self.digest,
            recipe=self.model.recipe,
            summary=self.model.summary,
            preprocessing=self.model.preprocessing,
            preprocessing_revision=self._preprocessor.revision,
            input_shape=INPUT_SHAPE,
            class_names=self.model.class_names,
            layers=layers,
            parameters=self.model.vector.size,
            size_bytes=self.model.vector.nbytes,
            rejects_non_digits=self.rejection_threshold is not None,
            test_time_augmentation=self.model.tta,
            metrics=self.model.metrics,
            training=self.model.training,
            version=self.model.version,
        )

    @one_blas_thread()
    def recognize(self, image: ImageInput, media_type: str | None = None) -> Prediction:
        """Recognize the digit in one image.

        image       a path; the content of an image file, as bytes or as a file that is open in
                    binary mode; a Pillow image; or a NumPy array (H, W), (H, W, 3) or (H, W, 4) of
                    uint8, of uint16 up to 65,535, of bool, in which True is white, or of float
                    from 0 to 1
        media_type  the type that the sender of a file declares, such as "image/png", if any
        raises      UnsupportedImage, ImageTooLarge or DamagedImage, all of them ImageError;
                    OSError if a file cannot be read
        """
        return self.predict_candidates([self.preprocess_image(image, media_type)])[0]

    def recognize_many(
        self,
        images: Iterable[ImageInput | OSError],
        workers: int | None = None,
        progress: Callable[[int], None] | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Iterator[Prediction | ImageError | OSError]:
        """Recognize the digits in any number of images, faster than one by one.

        Images are taken from the iterable, and predictions given, some at a time and in order.

        images    each as `recognize` takes it, or an OSError, which is then its result
        workers   processes that decode and preprocess; 1 is this process. Others start anew, as
                  with multiprocessing, so a script must only call this below
                  `if __name__ == "__main__":`. None chooses: one for each CPU, if there are
                  enough images for it to pay, that is, 64 or more for each process. It stays in
                  this process if the number of images is not known, as that of a generator, and
                  in a script without `if __name__ == "__main__":`
        progress  called with the number of images that are done, after each of them
        limits    on the size of each file; LARGE_FILES in `inkdigits.imaging.limits` are those of
                  the command line
        returns   for each image the prediction, or the error that `recognize` raises: the other
                  images are recognized all the same
        raises    WorkerDied, if a process is killed; ValueError if there is not at least one worker
        """
        if isinstance(images, (str, Path, bytes, bytearray)):
            raise TypeError("recognize_many takes a list of images; give a single one to recognize")
        if workers is None:
            workers = choose_workers(len(images)) if isinstance(images, Sized) else 1
        done = 0
        for preprocessed in preprocess_many(images, self.model.preprocessing, workers, limits):
            candidates = [image for image in preprocessed if isinstance(image, np.ndarray)]
            predictions = iter(self.predict_candidates(candidates))
            for image in preprocessed:
                done += 1
                if progress is not None:
                    progress(done)
                yield next(predictions) if isinstance(image, np.ndarray) else image

    @one_blas_thread()
    def recognize_ink(self, ink: NDArray[Any]) -> Prediction:
        """Recognize the digit in one image that is already segmented from its background.

        ink      (H, W), 0 is background: uint8, 255 is full ink; uint16, 65,535; bool, True; or
                 float, 1
        raises   UnsupportedImage, which is a ValueError, for any other array
        """
        return self.predict_candidates([self._preprocessor.candidates_from_ink(to_ink(ink))])[0]

    @one_blas_thread()
    def preprocess_image(self, image: ImageInput, media_type: str | None = None) -> Pixels:
        """Decode and preprocess one image: all of `recognize` before the network.

        image, media_type   as `recognize` takes them
        returns             uint8 (K, 28, 28), the candidates for what the network sees: the
                            likeliest first, in most cases the only one
        raises              as `recognize`
        """
        return self._preprocessor.candidates(to_rgba(image, media_type))

    @one_blas_thread()
    def preprocess_mnist(self, images: Pixels) -> Pixels:
        """Preprocess images in MNIST's form: 28x28, light ink on black.

        images   uint8 (N, 28, 28)
        returns  uint8 (N, 28, 28)
        raises   ValueError for any other array
        """
        return self._preprocessor.from_mnist(_checked_pictures(images))

    @one_blas_thread()
    def preprocess_ink(self, ink: NDArray[Any]) -> Pixels:
        """Preprocess one image that is already segmented from its background.

        ink      as `recognize_ink` takes it
        returns  uint8 (28, 28), as in training: a box around the digit is not left out
        """
        return self._preprocessor.from_ink(to_ink(ink))

    def predict_candidates(self, images: Sequence[Pixels]) -> list[Prediction]:
        """Predict a batch of images, each by the candidate that looks most like a digit.

        images   for each image its candidates, uint8 (K, 28, 28), the likeliest first
        returns  one prediction for each image, in order
        """
        if not images:
            return []
        seen = np.concatenate(images)
        batch = self.predict_batch(seen)
        counts = np.array([len(candidates) for candidates in images])
        places, scores = choose_candidates(batch.rejection_scores, counts)
        rejected = batch.rejected[places] | (scores > self._threshold)
        return [
            self._prediction(seen[place], batch.probabilities[place], bool(is_rejected))
            for place, is_rejected in zip(places, rejected, strict=True)
        ]

    def predict_batch(self, preprocessed: Pixels) -> BatchPrediction:
        """Predict a batch of preprocessed images.

        preprocessed  uint8 (N, 28, 28)
        raises        ValueError for any other array
        """
        x, model = network_input(_checked_pictures(preprocessed)), self.model
        with one_blas_thread() if len(x) < THREADS_FROM else nullcontext():
            logits = inference.predict_logits(model.network, self._params, x, model.tta)
        logits = logits.astype(np.float64)
        scores = np.full(len(logits), -np.inf)
        if self.rejection_threshold is not None:
            scores = rejection_scores(logits)
        blank = np.logical_not(preprocessed.any(axis=(1, 2)))
        return BatchPrediction(
            probabilities=softmax(logits[:, : len(self.model.classes)] / self.temperature),
            rejection_scores=scores,
            rejected=np.logical_or(blank, scores > self._threshold),
        )

    def _prediction(self, seen: Pixels, probabilities: Array, rejected: bool) -> Prediction:
        """Return the prediction for one preprocessed image, uint8 (28, 28)."""
        classes = self.model.classes
        blank = not seen.any()
        if blank:
            probabilities = np.full(len(classes), 1 / len(classes))
        best = int(probabilities.argmax())
        answered = not (blank or rejected)
        return Prediction(
            digit=best if answered and classes == DIGITS else None,
            label=classes[best] if answered else None,
            reason=None if answered else "blank" if blank else "not_a_digit",
            probabilities=tuple(probabilities.tolist()),
            confidence=float(probabilities[best]),
            seen=seen,
        )


def _checked_pictures(pictures: Pixels) -> Pixels:
    """Return pictures; raise ValueError if they are not uint8 (N, 28, 28)."""
    if pictures.dtype != np.uint8 or pictures.ndim != 3 or pictures.shape[1:] != INPUT_SHAPE:
        raise ValueError(f"expected uint8 (N, 28, 28), not {pictures.dtype} {pictures.shape}")
    return pictures


def _options(layer: Any) -> dict[str, int | float | bool]:
    """Return a layer's settings that are numbers or flags."""
    values = {field.name: getattr(layer, field.name) for field in fields(layer)}
    return {name: value for name, value in values.items() if isinstance(value, int | float)}
