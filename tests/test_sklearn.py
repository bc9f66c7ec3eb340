"""The scikit-learn estimator: scikit-learn's own checks, real digits, and what surrounds it."""

import inspect
import pickle
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn")
import joblib
from markdown_it import MarkdownIt
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from inkdigits.preprocessing import PREPROCESSORS
from inkdigits.sklearn import InkClassifier

pytestmark = pytest.mark.extras

DOCUMENT = (Path(__file__).parents[1] / "docs/scikit-learn.md").read_text(encoding="utf-8")

# One check needs SCIPY_ARRAY_API when SciPy is imported.
RUN_CHECKS = """
import warnings
from sklearn.utils.estimator_checks import check_estimator
from inkdigits.sklearn import InkClassifier
warnings.simplefilter("ignore")
for result in check_estimator(InkClassifier(), on_skip=None, on_fail=None):
    print(result["status"], result["check_name"], result["exception"])
"""


@parametrize_with_checks(
    [
        InkClassifier(),
        InkClassifier(hidden_layer_sizes=(), schedule="constant", learning_rate=0.05),
        InkClassifier(hidden_layer_sizes=100, batch_size=16, dropout=0.1),
    ]
)
def test_every_check_of_scikit_learn_passes(estimator, check):
    check(estimator)


def test_no_check_of_scikit_learn_is_skipped_or_expected_to_fail():
    command = [sys.executable, "-c", RUN_CHECKS]
    environment = {"PYTHONPATH": ":".join(sys.path), "SCIPY_ARRAY_API": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    lines = done.stdout.splitlines()
    assert len(lines) > 50, done.stderr
    assert [line for line in lines if not line.startswith("passed ")] == []


@pytest.fixture(scope="module")
def small_digits():
    """scikit-learn's 8x8 digits: training pictures and labels, then those for testing."""
    x, y = load_digits(return_X_y=True)
    return train_test_split(x, y, test_size=0.3, stratify=y, random_state=0)


@pytest.fixture(scope="module")
def pictures(packaged_splits):
    """1,500 of MNIST's digits as rows, and their labels."""
    digits = packaged_splits[0].take(slice(1500))
    return digits.images.reshape(len(digits.images), -1), digits.labels


def short(**parameters):
    return InkClassifier(**({"epochs": 3, "random_state": 0} | parameters))


def test_digits_are_recognized(small_digits):
    x, unseen, y, unseen_y = small_digits
    classifier = InkClassifier(random_state=0).fit(x / 16, y)
    assert classifier.score(unseen / 16, unseen_y) > 0.95
    assert classifier.n_features_in_ == 64
    assert classifier.n_iter_ == len(classifier.loss_curve_) == 50
    assert classifier.loss_curve_[-1] < 0.1 < classifier.loss_curve_[0]
    assert classifier.validation_scores_ is classifier.best_validation_score_ is None


@pytest.mark.parametrize("names", ["abcdefghij", [-3, *range(1, 10)]], ids=["words", "numbers"])
def test_predictions_are_labels_of_the_callers_type(small_digits, names):
    x, unseen, y, _ = small_digits
    names = np.array(list(names))
    classifier = short().fit(x, names[y])
    np.testing.assert_array_equal(classifier.classes_, np.sort(names))
    predicted = classifier.predict(unseen)
    assert predicted.dtype == names.dtype
    by_number = short().fit(x, y).predict(unseen)
    np.testing.assert_array_equal(predicted, names[by_number])


def test_probabilities_are_in_the_order_of_the_classes(small_digits):
    x, unseen, y, _ = small_digits
    classifier = short().fit(x, y)
    probabilities = classifier.predict_proba(unseen)
    assert probabilities.shape == (len(unseen), 10)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    best = classifier.classes_[probabilities.argmax(axis=1)]
    np.testing.assert_array_equal(best, classifier.predict(unseen))


@pytest.mark.parametrize("sizes", [(), 12, (12,), [20, 10], np.array([20, 10])], ids=str)
def test_hidden_layers_have_the_given_sizes(small_digits, sizes):
    x, _, y, _ = small_digits
    shapes = short(hidden_layer_sizes=sizes, epochs=1).fit(x, y).network_.shapes
    widths = [64, *np.atleast_1d(sizes), 10]
    assert [shape for name, shape in shapes.items() if "weight" in name] == [*pairwise(widths)]


def test_random_state_determines_the_weights(small_digits):
    x, _, y, _ = small_digits
    first = short(dropout=0.2).fit(x, y).params_
    np.testing.assert_array_equal(short(dropout=0.2).fit(x, y).params_, first)
    assert (short(dropout=0.2, random_state=1).fit(x, y).params_ != first).any()
    generators = [np.random.RandomState(5) for _ in range(2)]
    one, other = (short(random_state=generator).fit(x, y).params_ for generator in generators)
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "parameters",
    [
        {"dropout": 0.2},
        {"schedule": "constant"},
        {"learning_rate": 0.01},
        {"weight_decay": 0.5},
        {"batch_size": 64},
        {"validation_fraction": 0.3},
    ],
    ids=str,
)
def test_each_parameter_changes_the_weights(small_digits, parameters):
    x, _, y, _ = small_digits
    default = short(early_stopping=True).fit(x, y)
    assert (short(early_stopping=True, **parameters).fit(x, y).params_ != default.params_).any()


def test_refit_starts_anew(small_digits):
    x, _, y, _ = small_digits
    classifier = short().fit(x, y)
    first = classifier.params_
    assert len(classifier.fit(x, y).loss_curve_) == 3
    np.testing.assert_array_equal(classifier.params_, first)
    classifier.fit(x[:, :30], y == 3)
    assert classifier.n_features_in_ == 30
    np.testing.assert_array_equal(classifier.classes_, [False, True])


@pytest.mark.parametrize("copied", [lambda c: c, lambda c: pickle.loads(pickle.dumps(c))])
def test_partial_fit_of_everything_equals_an_epoch_of_fit(small_digits, copied):
    """The order, the optimizer and dropout continue, also after unpickling."""
    x, _, y, _ = small_digits
    whole = short(schedule="constant", dropout=0.2).fit(x, y)
    parts = short(dropout=0.2)
    for _ in range(3):
        parts = copied(parts.partial_fit(x, y, classes=np.unique(y)))
    np.testing.assert_array_equal(parts.params_, whole.params_)
    assert parts.loss_curve_ == whole.loss_curve_
    assert parts.n_iter_ == 3


def test_partial_fit_continues_after_fit_and_after_joblib(small_digits, tmp_path):
    x, _, y, _ = small_digits
    longer = short(schedule="constant", epochs=4).fit(x, y)
    fitted = short(schedule="constant").fit(x, y)
    joblib.dump(fitted, tmp_path / "fitted.joblib")
    loaded = joblib.load(tmp_path / "fitted.joblib")
    for classifier in (fitted, loaded):
        np.testing.assert_array_equal(classifier.partial_fit(x, y).params_, longer.params_)


def test_partial_fit_learns_from_parts(small_digits):
    x, unseen, y, unseen_y = small_digits
    classifier = short()
    for _ in range(20):
        for part in np.array_split(np.arange(len(x)), 7):
            classifier.partial_fit(x[part] / 16, y[part], classes=range(10))
    assert classifier.n_iter_ == 140
    assert classifier.score(unseen / 16, unseen_y) > 0.95


def test_partial_fit_takes_a_single_example_and_absent_classes(small_digits):
    x, _, y, _ = small_digits
    classifier = short().partial_fit(x[:1], y[:1], classes=range(10))
    assert classifier.predict_proba(x[:1]).shape == (1, 10)


def test_partial_fit_checks_the_classes(small_digits):
    x, _, y, _ = small_digits
    with pytest.raises(ValueError, match=r"classes must be passed on the first call"):
        short().partial_fit(x, y)
    with pytest.raises(ValueError, match=r"not among the classes: \[3 4 5 6 7\]$"):
        short().partial_fit(x, y, classes=[0, 1, 2])
    classifier = short().partial_fit(x, y, classes=range(10))
    with pytest.raises(ValueError, match=r"classes are \[0 1\], but they were \[0 1 2"):
        classifier.partial_fit(x, y, classes=[0, 1])


def test_early_stopping_keeps_the_best_epoch(small_digits):
    x, _, y, _ = small_digits
    parameters = {"early_stopping": True, "n_iter_no_change": 4, "schedule": "constant"}
    classifier = short(epochs=500, **parameters).fit(x, y)
    scores = classifier.validation_scores_
    assert classifier.n_iter_ == len(scores) == len(classifier.loss_curve_) < 500
    assert classifier.best_validation_score_ == max(scores)
    assert max(scores[-4:]) <= max(scores[:-4])
    held_out = train_test_split(x, y, test_size=0.1, stratify=y, random_state=classifier._seed)
    assert classifier.score(held_out[1], held_out[3]) == pytest.approx(max(scores))
    until_best = short(epochs=len(scores) - 4, **parameters).fit(x, y)
    np.testing.assert_array_equal(classifier.params_, until_best.params_)


def test_grid_search_over_a_pipeline_in_two_processes(small_digits):
    x, unseen, y, unseen_y = small_digits
    pipeline = make_pipeline(MinMaxScaler(), InkClassifier(epochs=20, random_state=0))
    grid = {
        "inkclassifier__hidden_layer_sizes": [(), (32,)],
        "inkclassifier__learning_rate": [1e-7, 0.01],
    }
    search = GridSearchCV(pipeline, grid, cv=2, n_jobs=2).fit(x, y)
    assert search.best_params_["inkclassifier__learning_rate"] == 0.01
    assert search.score(unseen, unseen_y) > 0.9


def test_cross_validation_of_a_clone(small_digits):
    x, _, y, _ = small_digits
    classifier = InkClassifier(hidden_layer_sizes=(32,), epochs=20, learning_rate=0.01)
    copy = clone(classifier)
    assert copy.get_params() == classifier.get_params()
    assert cross_val_score(copy, x / 16, y, cv=3).mean() > 0.9


@pytest.mark.parametrize("kind", ["pickle", "joblib"])
def test_saved_estimator_predicts_the_same(small_digits, tmp_path, kind):
    x, unseen, y, _ = small_digits
    classifier = short().fit(x, y)
    path = tmp_path / "classifier"
    if kind == "pickle":
        path.write_bytes(pickle.dumps(classifier))
        loaded = pickle.loads(path.read_bytes())
    else:
        joblib.dump(classifier, path)
        loaded = joblib.load(path, mmap_mode="r")
    np.testing.assert_array_equal(loaded.predict_proba(unseen), classifier.predict_proba(unseen))


def test_names_of_features_are_kept_and_checked(small_digits):
    pandas = pytest.importorskip("pandas")
    x, _, y, _ = small_digits
    frame = pandas.DataFrame(x, columns=[f"pixel{n}" for n in range(64)])
    classifier = short(epochs=1).fit(frame, pandas.Series(y))
    assert list(classifier.feature_names_in_) == list(frame.columns)
    with pytest.raises(ValueError, match="feature names should match"):
        classifier.predict(frame.rename(columns={"pixel3": "other"}))


@pytest.mark.parametrize("kind", ["ink", "classic", "plain"])
def test_pictures_are_preprocessed_as_for_our_models(pictures, kind):
    x, y = pictures
    x = np.concatenate([x, x[:100] // 3])  # and faint ones
    y = np.concatenate([y, y[:100]])
    classifier = short(preprocessing=kind).fit(x, y)
    preprocessed = PREPROCESSORS[kind].from_mnist(x.reshape(-1, 28, 28)).reshape(-1, 784)
    plain = short().fit(preprocessed / np.float32(255), y)
    np.testing.assert_array_equal(classifier.params_, plain.params_)
    assert classifier.n_features_in_ == 784
    if kind == "plain":
        return
    # The others center the digit, so it can be moved by two blank rows.
    x = x[~x[:, -2 * 28 :].any(axis=1)]
    moved = np.roll(x, 2 * 28, axis=1)
    np.testing.assert_array_equal(classifier.predict_proba(moved), classifier.predict_proba(x))
    assert (plain.predict(moved / 255) != plain.predict(x / 255)).any()


def test_pictures_of_any_size_and_range_are_preprocessed(small_digits, pictures):
    x, unseen, y, unseen_y = small_digits
    classifier = short(epochs=20, preprocessing="ink", pixel_max=16).fit(x, y)
    assert classifier.n_features_in_ == 64
    assert dict(classifier.network_.shapes)["0.weight"] == (784, 128)
    assert classifier.score(unseen, unseen_y) > 0.9
    x, y = pictures
    bytes_, shares = short(preprocessing="ink"), short(preprocessing="ink", pixel_max=1)
    np.testing.assert_array_equal(bytes_.fit(x, y).params_, shares.fit(x / 255, y).params_)


def test_a_blank_or_faint_picture_is_predicted_after_training(pictures):
    x, y = pictures
    classifier = short(preprocessing="ink").fit(x, y)
    assert classifier.predict(np.stack([0 * x[0], x[0] // 4])).shape == (2,)


@pytest.mark.parametrize(
    ("factor", "parameters", "message"),
    [
        (1, {}, r"between 0 and 16, but should be between 0 for background and 255 for full ink"),
        (1, {"pixel_max": 10}, r"between 0 and 16, but should .* 10 for full ink: set pixel_max$"),
        (-1, {"pixel_max": 16}, r"^the pixels are between -16 and -?0"),
    ],
)
def test_pixels_out_of_range_are_refused(small_digits, factor, parameters, message):
    x, _, y, _ = small_digits
    with pytest.raises(ValueError, match=message):
        short(preprocessing="ink", **parameters).fit(factor * x, y)


def test_rows_that_are_not_square_pictures_are_refused(small_digits):
    x, _, y, _ = small_digits
    with pytest.raises(ValueError, match=r"rows that are square pictures, but 63 is not a square"):
        short(preprocessing="classic").fit(x[:, 1:], y)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"epochs": 0}, "epochs must be a whole number of at least 1, not 0"),
        ({"batch_size": 2.5}, "batch_size must be a whole number of at least 1, not 2.5"),
        ({"n_iter_no_change": -1}, "n_iter_no_change must be a whole number of at least 1"),
        ({"hidden_layer_sizes": (8, 0)}, "hidden_layer_sizes must be a whole number of at least 1"),
        ({"hidden_layer_sizes": "8"}, "hidden_layer_sizes must be a whole number of at least 1"),
        ({"learning_rate": -0.1}, "learning_rate must be at least 0 and below inf, not -0.1"),
        ({"learning_rate": float("nan")}, "learning_rate must be at least 0 and below inf"),
        ({"learning_rate": "adaptive"}, "learning_rate must be at least 0 and below inf, not 'ada"),
        ({"dropout": 1.0}, "dropout must be at least 0 and below 1, not 1.0"),
        ({"validation_fraction": 1}, "validation_fraction must be at least 0 and below 1, not 1"),
        ({"schedule": "cosine"}, "schedule must be one of 'one_cycle', 'constant', not 'cosine'"),
        (
            {"preprocessing": "x"},
            "preprocessing must be one of None, 'classic', 'ink', 'plain', not 'x'",
        ),
    ],
)
def test_invalid_parameters_are_named(small_digits, parameters, message):
    x, _, y, _ = small_digits
    for train in (short(**parameters).fit, short(**parameters).partial_fit):
        with pytest.raises(ValueError, match=message):
            train(x, y)


def test_divergence_is_told_and_leaves_no_weights(small_digits):
    x, _, y, _ = small_digits
    classifier = short().fit(x, y)
    with pytest.raises(ValueError, match=r"^training diverges \(.*\): scale the features, for ex"):
        classifier.set_params(learning_rate=1e30).fit(x, y)
    with pytest.raises(ValueError, match="not fitted yet"):
        classifier.predict(x)


def test_diverging_partial_fit_keeps_the_weights(small_digits):
    x, _, y, _ = small_digits
    classifier = short().fit(x, y)
    before = classifier.predict_proba(x)
    with pytest.raises(ValueError, match="training diverges"):
        classifier.set_params(learning_rate=1e30).partial_fit(x, y)
    np.testing.assert_array_equal(classifier.predict_proba(x), before)
    classifier.set_params(learning_rate=0.001).partial_fit(x, y)


def test_predictions_have_the_type_of_the_features(small_digits):
    x, _, y, _ = small_digits
    classifier = short().fit(x, y)
    for dtype, expected in (("float64", "float64"), ("float32", "float32"), ("uint8", "float32")):
        assert classifier.predict_proba(x.astype(dtype)).dtype == expected
    single, double = (classifier.predict_proba(x.astype(dtype)) for dtype in "fd")
    np.testing.assert_allclose(single, double, atol=1e-5)


def test_features_that_overflow_the_network_are_refused(small_digits):
    x, _, y, _ = small_digits
    classifier = short().fit(x, y)
    with pytest.raises(ValueError, match=r"^X has values so large that the network's outputs over"):
        classifier.predict((1e37 * x).astype(np.float32))


def test_without_scikit_learn_the_import_says_what_to_install():
    code = "import sys; sys.modules['sklearn'] = None; import inkdigits; import inkdigits.sklearn"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    message = done.stderr.splitlines()[-1]
    assert "InkClassifier needs scikit-learn" in message
    assert "pip install 'inkdigits[sklearn]'" in message


def test_examples_of_the_document_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    blocks = [
        token.content
        for token in MarkdownIt().parse(DOCUMENT)
        if token.type == "fence" and token.info == "python"
    ]
    assert len(blocks) == 3
    names = {}
    for block in blocks:
        exec(compile(block, "docs/scikit-learn.md", "exec"), names)
    grid, ink, _ = capsys.readouterr().out.split("\n", 2)
    assert float(grid.split()[-1]) > 0.95
    assert float(ink) > 0.95


def test_every_parameter_is_documented_with_its_default():
    rows = re.findall(r"^\| `(\w+)` \| `(.*?)` \| \S", DOCUMENT, re.MULTILINE)
    parameters = inspect.signature(InkClassifier).parameters
    assert rows == [(name, repr(value.default)) for name, value in parameters.items()]
    docstring = inspect.getdoc(InkClassifier)
    assert all(re.search(rf"^{name} +\S", docstring, re.MULTILINE) for name in parameters)
