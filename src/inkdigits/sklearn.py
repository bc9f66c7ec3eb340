"""The network as a scikit-learn estimator: InkClassifier().fit(X, y).predict(X)."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import inf, isqrt
from typing import Any, Literal, Self

import numpy as np

from inkdigits import training
from inkdigits.arrays import Array, Labels
from inkdigits.constants import IMAGE_SIDE
from inkdigits.data.batches import Batches
from inkdigits.inference import forward_batches
from inkdigits.nn.layers import Dense, Dropout, Layer, ReLU
from inkdigits.nn.losses import one_hot, softmax
from inkdigits.nn.network import Network
from inkdigits.nn.optimizers import AdamW
from inkdigits.nn.schedules import Constant, OneCycle, Schedule
from inkdigits.preprocessing import PREPROCESSORS, network_input

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.model_selection import train_test_split
    from sklearn.utils import check_random_state
    from sklearn.utils.multiclass import check_classification_targets, unique_labels
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise ImportError(
        f"InkClassifier needs scikit-learn 1.6 or later: pip install 'inkdigits[sklearn]' ({error})"
    ) from error

SCHEDULES = {"one_cycle": OneCycle, "constant": Constant}
SEEDS = 2**31
COUNTS = ("epochs", "batch_size", "n_iter_no_change")
SHARES = ("dropout", "validation_fraction")
RATES = ("learning_rate", "weight_decay", "pixel_max")
# The brightest pixel of the training pictures must exceed this share of `pixel_max`.
# Otherwise it was probably left at 255 for pixels up to 1 or 16, which would look blank.
BRIGHTEST_SHARE = 0.5


@dataclass(frozen=True)
class Settings:
    """What training needs: a network for any number of features and classes."""

    network: Network
    optimizer: AdamW
    schedule: Schedule
    epochs: int
    classes: tuple[str, ...]
    ema_decay: float = 0.0

    @cached_property
    def target_table(self) -> Array:
        """One-hot targets, float32 (C, C)."""
        return one_hot(len(self.classes))


@dataclass(frozen=True)
class LaterEpoch:
    """One epoch of batches that comes after the steps of all calls of `partial_fit` before.

    batches       of this call
    steps_before  number of steps before, so that the optimizer continues from them
    number        of the epoch, from 0, so that each call has an order of its own
    """

    batches: Batches
    steps_before: int
    number: int

    def __len__(self) -> int:
        """Return the number of steps, with those before."""
        return self.steps_before + len(self.batches)

    def epoch(self, number: int, first_step: int = 0) -> Iterator[tuple[Array, Labels]]:
        """Yield the batches from `first_step` on, counted with the steps before."""
        return self.batches.epoch(self.number + number, first_step - self.steps_before)

    def sample(self, count: int) -> Iterator[Array]:
        """Yield the features of `count` batches."""
        return self.batches.sample(count)


class InkClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn has no types
    """A classifier with dense layers and ReLU, trained by AdamW.

    It takes any number of features and any labels. As in scikit-learn's other networks, features
    should have a similar scale: put a StandardScaler or MinMaxScaler before it in a pipeline.

    hidden_layer_sizes   outputs of each hidden layer; a number for a single one
    epochs               passes over the training examples
    batch_size           examples per optimizer step
    learning_rate        the highest rate of the schedule; the rate of `partial_fit`
    schedule             "one_cycle": the rate rises in the first quarter of the steps, then falls
                         to almost zero; or "constant"
    weight_decay         decoupled weight decay of AdamW
    dropout              share of each hidden layer's outputs that are zero in a step
    early_stopping       whether to hold out examples for validation, stop `fit` when they do not
                         improve, and keep the weights of the best epoch
    validation_fraction  share of the examples that early stopping holds out, stratified by class
    n_iter_no_change     epochs without an improvement after which `fit` stops
    preprocessing        None, or "ink", "classic" or "plain": each row is then a square picture,
                         row by row, and the network gets the 28x28 picture that the models of
                         inkdigits would get. All but plain need light ink on a dark background
    pixel_max            value of a pixel of full ink, for preprocessing; background is 0
    random_state         an integer for the same result each time; a RandomState; or None

    After fitting:

    classes_                the labels, sorted
    n_features_in_          number of features
    feature_names_in_       their names, if X was a data frame with names
    network_, params_       the inkdigits Network and its parameters, float32 (P,)
    n_iter_                 number of epochs that were trained
    loss_curve_             mean loss of the training examples in each epoch
    validation_scores_      validation accuracy after each epoch; None without early stopping
    best_validation_score_  the highest of them; None without early stopping
    """

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (128, 64),
        *,
        epochs: int = 50,
        batch_size: int = 128,
        learning_rate: float = 0.004,
        schedule: Literal["one_cycle", "constant"] = "one_cycle",
        weight_decay: float = 0.01,
        dropout: float = 0.0,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        preprocessing: Literal["ink", "classic", "plain"] | None = None,
        pixel_max: float = 255.0,
        random_state: Any = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.preprocessing = preprocessing
        self.pixel_max = pixel_max
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Train a new network.

        X        (N, F) numbers
        y        (N,) labels: numbers or strings
        returns  the estimator itself
        raises   ValueError if X, y or a parameter is not valid, or if training diverges
        """
        self._check_parameters()
        features, y = validate_data(self, X, y, dtype=np.float32)
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        x = self._network_input(features, is_training=True)
        network, state = self._init(x.shape[1])
        validation = None
        if self.early_stopping:
            options = {"test_size": self.validation_fraction, "stratify": labels}
            parts = train_test_split(x, labels, **options, random_state=self._seed)
            x, labels, validation = parts[0], parts[2], (parts[1], parts[3])
        schedule = SCHEDULES[self.schedule](float(self.learning_rate))
        settings = self._settings(network, schedule, int(self.epochs))
        batches = Batches(x, labels, int(self.batch_size), self._seed)
        self._train(settings, batches, state, validation)
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> Self:
        """Train for one epoch on these examples, from the present weights, at a constant rate.

        X, y     as for `fit`
        classes  (C,) the labels of all calls; required in the first one
        returns  the estimator itself
        raises   ValueError as `fit`, and for labels that are not among the classes
        """
        self._check_parameters()
        is_first = not hasattr(self, "params_")
        if is_first and classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        if classes is not None:
            classes = unique_labels(classes)
            if not is_first and not np.array_equal(classes, self.classes_):
                raise ValueError(f"classes are {classes}, but they were {self.classes_} before")
        known = classes if is_first else self.classes_
        features, y = validate_data(self, X, y, dtype=np.float32, reset=is_first)
        check_classification_targets(y)
        unknown = np.setdiff1d(y, known)
        if len(unknown):
            raise ValueError(f"y has labels that are not among the classes: {unknown[:5]}")
        x = self._network_input(features, is_training=is_first)
        if is_first:
            self.classes_ = known
            network, state = self._init(x.shape[1])
        else:
            network, state = self.network_, self._copy_state()
        settings = self._settings(network, Constant(float(self.learning_rate)), epochs=1)
        labels = np.searchsorted(self.classes_, y)
        batches = Batches(x, labels, int(self.batch_size), self._seed)
        self._train(settings, LaterEpoch(batches, state.step, self.n_iter_), state)
        return self

    def predict(self, X: Any) -> Any:
        """Return the most probable label of each row: (N,), of the labels' type."""
        logits = self._logits(X)
        return self.classes_[logits.argmax(axis=1)]

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class, (N, C): float64 if the network's input is."""
        return softmax(self._logits(X))

    def _logits(self, X: Any) -> Array:
        check_is_fitted(self, "params_")
        # In float64 if X is: in float32, the last digits of a row depend on the rows beside it.
        features = validate_data(self, X, dtype=[np.float32, np.float64], reset=False)
        x = self._network_input(features)
        params = self.network_.layer_params(self.params_.astype(x.dtype, copy=False))
        with np.errstate(over="ignore", invalid="ignore"):  # the next check reports it
            logits = forward_batches(self.network_, params, x)
        if not np.isfinite(logits).all():
            raise ValueError("X has values so large that the network's outputs overflow")
        return logits

    def _check_parameters(self) -> None:
        """Raise ValueError for the first parameter that is not valid."""
        counts = [("hidden_layer_sizes", size) for size in np.atleast_1d(self.hidden_layer_sizes)]
        counts += [(name, getattr(self, name)) for name in COUNTS]
        for name, value in counts:
            if not (isinstance(value, (int, np.integer)) and value >= 1):
                raise ValueError(f"{name} must be a whole number of at least 1, not {value!r}")
        for name in (*SHARES, *RATES):
            value, limit = getattr(self, name), 1 if name in SHARES else inf
            is_number = isinstance(value, (int, float, np.integer, np.floating))
            if not (is_number and 0 <= value < limit):
                raise ValueError(f"{name} must be at least 0 and below {limit}, not {value!r}")
        for name, choices in (
            ("schedule", tuple(SCHEDULES)),
            ("preprocessing", (None, *PREPROCESSORS)),
        ):
            if getattr(self, name) not in choices:
                listed = ", ".join(map(repr, choices))
                raise ValueError(f"{name} must be one of {listed}, not {getattr(self, name)!r}")

    def _network_input(self, features: Array, is_training: bool = False) -> Array:
        """Preprocess the rows, if asked.

        returns  float32 (N, F), or (N, 784)
        raises   ValueError if the rows are not square pictures, or not in the range of pixel_max
        """
        if self.preprocessing is None:
            return features
        side = isqrt(features.shape[1])
        if side**2 != features.shape[1]:
            raise ValueError(
                f"preprocessing={self.preprocessing!r} takes rows that are square pictures, but "
                f"{features.shape[1]} is not a square number"
            )
        low, high = float(features.min()), float(features.max())
        too_dark = is_training and high <= BRIGHTEST_SHARE * self.pixel_max
        if low < 0 or high > self.pixel_max or too_dark:
            raise ValueError(
                f"the pixels are between {low:g} and {high:g}, but should be between 0 for "
                f"background and {self.pixel_max:g} for full ink: set pixel_max"
            )
        scaled = np.rint(features * np.float32(255 / self.pixel_max)).astype(np.uint8)
        pictures = scaled.reshape(-1, side, side)
        preprocessor = PREPROCESSORS[self.preprocessing]
        if side == IMAGE_SIDE:
            preprocessed = preprocessor.from_mnist(pictures)
        else:
            preprocessed = np.stack([preprocessor.from_ink(picture) for picture in pictures])
        return network_input(preprocessed).reshape(len(pictures), -1)

    def _init(self, inputs: int) -> tuple[Network, training.TrainState]:
        """Make a network, and draw its parameters and the seed of everything else."""
        if hasattr(self, "params_"):
            del self.params_  # not fitted any more, should this training fail
        self._seed = int(check_random_state(self.random_state).randint(SEEDS))
        sizes = (inputs, *map(int, np.atleast_1d(self.hidden_layer_sizes)))
        layers: list[Layer] = []
        for before, after in pairwise(sizes):
            layers += [Dense(before, after), ReLU()]
            if self.dropout:
                layers.append(Dropout(float(self.dropout)))
        network = Network((*layers, Dense(sizes[-1], len(self.classes_))))
        state = training.init_state(self._settings(network, Constant(0.0), 0), self._seed)
        self.loss_curve_: list[float] = []
        self.validation_scores_: list[float] | None = None
        self.best_validation_score_: float | None = None
        self.n_iter_ = 0
        return network, state

    def _settings(self, network: Network, schedule: Schedule, epochs: int) -> Settings:
        optimizer = AdamW(weight_decay=float(self.weight_decay))
        return Settings(network, optimizer, schedule, epochs, tuple(map(str, self.classes_)))

    def _copy_state(self) -> training.TrainState:
        """Return the state at the end of the last training, to continue from."""
        params, optimizer_state = self.params_.copy(), self._optimizer_state.copy()
        rng = copy.deepcopy(self._rng)
        return training.TrainState(params, optimizer_state, params, rng, self._step)

    def _train(
        self,
        settings: Settings,
        batches: training.Batches,
        state: training.TrainState,
        validation: tuple[Array, Labels] | None = None,
    ) -> None:
        """Train, and keep the result if training does not diverge."""
        losses: list[float] = []
        scores: list[float] = []
        best, best_epoch, best_params = (-inf, -inf), 0, state.params
        try:
            for record in training.fit(settings, batches, state, validation):
                losses.append(record.loss)
                if record.validation_loss is None or record.validation_accuracy is None:
                    continue
                scores.append(record.validation_accuracy)
                score = (record.validation_accuracy, -record.validation_loss)
                if score > best:
                    best, best_epoch, best_params = score, record.epoch, state.params.copy()
                elif record.epoch - best_epoch >= self.n_iter_no_change:
                    break
            if validation is None:
                best_params = training.inference_params(settings, batches, state)
        except training.DivergenceError as error:
            raise ValueError(
                f"training diverges ({error}): scale the features, for example with "
                "StandardScaler, or choose a lower learning_rate"
            ) from None
        self.network_, self.params_ = settings.network, best_params
        # Not the TrainState: it refers to the parameters twice, of which joblib makes two copies.
        self._optimizer_state, self._rng, self._step = state.optimizer_state, state.rng, state.step
        self.loss_curve_ = [*self.loss_curve_, *losses]
        self.n_iter_ += len(losses)
        if validation is not None:
            self.validation_scores_, self.best_validation_score_ = scores, max(scores)
