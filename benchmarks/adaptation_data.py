"""The writers to whose digits models are adapted: none that the model was trained on."""

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from evaluation_data import MNIST, PENDIGITS, mnist_digits
from others_features import validation_writers
from results_store import fingerprint

from inkdigits import Recognizer, inference
from inkdigits.arrays import Array, Labels, Pixels
from inkdigits.calibration import choose_candidates, rejection_scores
from inkdigits.data import development, outliers, pendigits
from inkdigits.data.mnist import Digits
from inkdigits.data.traces import Traces
from inkdigits.nn.losses import softmax
from inkdigits.nn.network import Network, NetworkParams
from inkdigits.preprocessing import PREPROCESSORS, network_input
from inkdigits.threads import one_blas_thread

MIN_DIGITS = 30  # of a writer
NON_DIGITS = 2000
NON_DIGITS_SEED = 1  # of those to train on it is the recipe's, 0
ALL_PENDIGITS = "Pendigits, all 30 writers"
MNIST_WRITERS = f"{MNIST} validation"


class Images:
    """Preprocessed images, with what a base model computes for them.

    Personal models have all but the last few layers in common with their base, so the input of the
    first layer that differs is computed once for all of them.

    candidates  for each of N images its candidates, uint8 (K, 28, 28), the likeliest first
    """

    def __init__(self, candidates: Sequence[Pixels]) -> None:
        self.candidates = candidates
        self.counts = np.array([len(found) for found in candidates])
        self.pixels: Pixels = np.concatenate(candidates)
        self._hidden: dict[int, Array] = {}

    def __len__(self) -> int:
        return len(self.candidates)

    @cached_property
    def x(self) -> Array:
        """All candidates, float32 (M, 28, 28), ink in [0, 1]."""
        return network_input(self.pixels)

    def hidden(self, network: Network, params: NetworkParams, layer: int) -> Array:
        """Return the input of a layer of the base model, float32 (M, ...)."""
        if layer not in self._hidden:
            first = Network(network.layers[:layer])
            self._hidden = {layer: inference.forward_batches(first, params[:layer], self.x)}
        return self._hidden[layer]


@dataclass(frozen=True, eq=False)
class Writer:
    """One person's digits.

    group   whose they are: the name of the data set
    labels  uint8 (N,)
    """

    group: str
    name: str
    images: Images
    labels: Labels


def writers_for(recognizer: Recognizer, cache: Path | None = None) -> list[Writer]:
    """Return everyone with enough digits on whom the model was not trained, in a fixed order.

    For a model that was trained without Pendigits, these are all writers of Pendigits.

    cache   folder to keep the drawn digits
    """
    preprocessing = recognizer.model.preprocessing
    writers = []
    for group, traces in _traces(recognizer).items():
        digits, candidates = _drawn(group, traces, preprocessing, cache)
        writers += _by_writer(group, digits, candidates)
    held_out, candidates = mnist_validation(recognizer)
    return writers + _by_writer(MNIST_WRITERS, held_out, candidates)


def mnist_validation(recognizer: Recognizer) -> tuple[Digits, list[Pixels]]:
    """Return MNIST's digits that were held out of the model's training, and their candidates.

    The writers with whose digits personal models are checked are left out.
    """
    digits = mnist_digits("validation", recognizer)
    checked_writers, _ = validation_writers()
    digits = digits.take(~np.isin(np.asarray(digits.writers), checked_writers))
    return digits, list(recognizer.preprocess_mnist(digits.images)[:, None])


def non_digits(recognizer: Recognizer, count: int = NON_DIGITS) -> Images:
    """Draw non-digits as for training, but other ones; they are always the same."""
    digits, candidates = mnist_validation(recognizer)
    pictures = np.concatenate(candidates)
    return Images(list(outliers.make(count, NON_DIGITS_SEED, pictures, digits.labels)[:, None]))


def _traces(recognizer: Recognizer) -> Mapping[str, Traces]:
    """Load the pen traces of writers whom the model was not trained on, by group."""
    sources = development.load()
    recipe = recognizer.describe().training.get("recipe", {})
    if recipe.get("pendigits_images") == 0:
        del sources[PENDIGITS]
        return {ALL_PENDIGITS: pendigits.load(), **sources}
    return sources


def _drawn(
    group: str, traces: Traces, preprocessing: str, folder: Path | None
) -> tuple[Digits, list[Pixels]]:
    """Draw each digit once, with one pen, or read what the same code has drawn before."""
    preprocess = PREPROCESSORS[preprocessing].candidates_from_ink
    if folder is None:
        return development.render_candidates(traces, preprocess)
    key = fingerprint("data", "preprocessing", "imaging", settings=f"{group} {preprocessing}")
    path = folder / f"writers-{key}.pickle"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps(development.render_candidates(traces, preprocess)))
    drawn: tuple[Digits, list[Pixels]] = pickle.loads(path.read_bytes())
    return drawn


def _by_writer(group: str, digits: Digits, candidates: Sequence[Pixels]) -> list[Writer]:
    assert digits.writers is not None
    writers = []
    for name in np.unique(digits.writers):
        places = np.flatnonzero(digits.writers == name)
        if len(places) >= MIN_DIGITS:
            images = Images([candidates[place] for place in places.tolist()])
            writers.append(Writer(group, str(name), images, digits.labels[places]))
    return writers


UNRECOGNIZED = -1  # in place of a digit


def answers(base: Recognizer, recognizer: Recognizer, images: Images) -> Labels:
    """Predict the digits as `predict` does, without the confidences."""
    return predict(base, recognizer, images)[0]


@one_blas_thread()
def predict(base: Recognizer, recognizer: Recognizer, images: Images) -> tuple[Labels, Array]:
    """Predict images as `Recognizer.predict_candidates` does, but faster for a personal model.

    base        what the recognizer was adapted from
    recognizer  with the base's preprocessing
    returns     int8 (N,), the digits, UNRECOGNIZED for a rejected image; and float (N,), the
                confidences
    """
    layer = _first_changed(base, recognizer)
    model = recognizer.model
    if layer is None:
        predictions = recognizer.predict_candidates(images.candidates)
        answered = [UNRECOGNIZED if p.digit is None else p.digit for p in predictions]
        return np.array(answered, np.int8), np.array([p.confidence for p in predictions])
    network, params = model.network, model.network.layer_params(model.vector)
    hidden = images.hidden(network, params, layer)
    last = Network(network.layers[layer:])
    logits = inference.forward_batches(last, params[layer:], hidden)
    if model.tta:
        unsure = inference.are_unsure(logits)
        if unsure.any():
            logits[unsure] = inference.predict_logits(network, params, images.x[unsure], True)
    logits = logits.astype(np.float64)
    threshold = recognizer.rejection_threshold
    scores = np.full(len(logits), -np.inf) if threshold is None else rejection_scores(logits)
    places, scores = choose_candidates(scores, images.counts)
    blank = ~images.pixels[places].any(axis=(1, 2))
    logits = logits[places, : len(model.classes)]
    rejected = blank | (scores > (np.inf if threshold is None else threshold))
    digits: Labels = np.where(rejected, UNRECOGNIZED, logits.argmax(axis=1)).astype(np.int8)
    return digits, softmax(logits / recognizer.temperature).max(axis=1)


def _first_changed(base: Recognizer, recognizer: Recognizer) -> int | None:
    """Return the first layer that differs, the last one if none does.

    returns  None if the recognizer computes more than its network does
    """
    if type(recognizer).predict_batch is not Recognizer.predict_batch:
        return None
    ours, theirs = recognizer.model, base.model
    layers = zip(
        ours.network.layers,
        theirs.network.layers,
        ours.network.layer_params(ours.vector),
        theirs.network.layer_params(theirs.vector),
        strict=False,  # the personal network may be longer
    )
    number = 0
    for number, (layer, other, params, others) in enumerate(layers):
        if layer != other or any((params[name] != others[name]).any() for name in params):
            return number
    return number
