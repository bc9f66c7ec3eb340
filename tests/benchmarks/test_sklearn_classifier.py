"""The compared classifiers differ only as described; ratios are formed seed by seed."""

import numpy as np
import pytest

pytest.importorskip("sklearn")
from sklearn_classifier import PEER, compare, make_classifiers, small_digits, summarize

pytestmark = pytest.mark.extras


def test_classifiers_have_the_same_sizes_epochs_and_seed():
    ours, same_rate, peer = make_classifiers(epochs=7, seed=3).values()
    for classifier in (ours, same_rate):
        assert classifier.hidden_layer_sizes == peer.hidden_layer_sizes
        assert classifier.batch_size == peer.batch_size
        assert classifier.epochs == peer.max_iter == peer.n_iter_no_change == 7
        assert classifier.random_state == peer.random_state == 3
    assert same_rate.learning_rate == peer.learning_rate_init


def test_test_digits_are_others_with_each_seed_and_never_trained_on():
    x, test_x, y, test_y = small_digits(0)
    assert (len(x), len(test_x), len(y), len(test_y)) == (1257, 540, 1257, 540)
    assert x.dtype == np.float32
    assert (x.min(), x.max()) == (0, 1)
    assert not {row.tobytes() for row in test_x} & {row.tobytes() for row in x}
    assert (small_digits(1)[1] != test_x).any()


def test_summary_of_known_figures():
    def run(accuracy, ours_s, peer_s):
        figures = {"accuracy": accuracy, "predict_cpu_s": 1.0}
        return {"ours": figures | {"fit_cpu_s": ours_s}, PEER: figures | {"fit_cpu_s": peer_s}}

    summary = dict(summarize([run(0.9, 1.0, 2.0), run(0.8, 30.0, 10.0), run(1.0, 3.0, 4.0)]))
    assert summary["ours"]["relative_fit_time"] == 0.75
    assert summary["ours"]["fit_cpu_s"] == 3
    assert summary["ours"]["accuracy_mean"] == pytest.approx(0.9)
    assert summary["ours"]["accuracy_std"] == pytest.approx(0.1)
    assert summary[PEER]["relative_fit_time"] == summary[PEER]["relative_predict_time"] == 1


def test_every_classifier_is_measured_with_every_seed():
    figures = compare("8x8 digits", seeds=2, epochs=10)
    assert (figures["seeds"], figures["epochs"], figures["test_digits"]) == (2, 10, 540)
    assert len(figures["classifiers"]) == 3
    for of in figures["classifiers"].values():
        assert len(of["accuracies"]) == 2
        assert of["accuracy_mean"] > 0.8
