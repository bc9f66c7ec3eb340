"""The line network learns, the same from the same seed; its data are made the same anywhere."""

from itertools import islice

import numpy as np
import pytest

from inkdigits.data.number_strings import Hand
from inkdigits.numbers import training
from inkdigits.numbers.line_model import SYMBOLS, LineModel, load_line_model
from inkdigits.numbers.training import LineTraining, Source, line_network, make_lines, to_batch


@pytest.fixture(scope="module")
def source(packaged_splits):
    digits, _ = packaged_splits
    images = digits.images[:400]
    return Source([Hand(list(images), digits.labels[:400])], [], images[:0])


@pytest.fixture(scope="module")
def lines(source):
    return [line for chunk in make_lines(source, 60, seed=0) for line in chunk]


def test_lines_do_not_depend_on_the_number_of_processes(source, lines, monkeypatch):
    monkeypatch.setattr(training, "CHUNK", 20)
    again = [line for chunk in make_lines(source, 60, seed=0, workers=2) for line in chunk]
    assert [text for _, text in again] == [text for _, text in lines]
    for (picture, _), (other, _) in zip(again, lines, strict=True):
        np.testing.assert_array_equal(picture, other)


def test_lines_have_symbols_of_the_network_alone(lines):
    assert set("".join(text for _, text in lines)) <= set(SYMBOLS)
    assert {picture.shape[0] for picture, _ in lines} == {32}


def test_training_learns_a_few_lines_by_heart_and_repeats_itself(lines):
    few = [(picture, text) for picture, text in lines if 1 < len(text) < 6][:8]
    network = line_network((4, 8, 8, 8), 24)
    settings = LineTraining(epochs=30, batch_size=4, peak=0.01, average=0.8)
    run, repeated = (training.fit(network, few, settings, np.random.default_rng(0)) for _ in "12")
    epochs = list(run)
    losses = [loss for loss, _ in epochs]
    assert losses[-1] < 0.35 * losses[0]
    for (loss, vector), (same_loss, same_vector) in zip(epochs, islice(repeated, 3), strict=False):
        assert loss == same_loss
        np.testing.assert_array_equal(vector, same_vector)


def test_batch_holds_each_line_between_columns_without_ink(lines):
    pictures = [picture for picture, _ in lines[:5]]
    x, lengths = to_batch(pictures)
    for row, picture in zip(x, pictures, strict=True):
        width = picture.shape[1]
        np.testing.assert_allclose(row[:, 6 : 6 + width], picture / 255, rtol=1e-6)
        assert not row[:, :6].any()
        assert not row[:, 6 + width :].any()
    model = load_line_model()
    for picture, length in zip(pictures, lengths, strict=True):
        assert len(model.log_probabilities(picture)) == length


def test_line_in_a_batch_gives_the_same_output_as_alone(lines):
    network = line_network((4, 8, 8, 8), 24).inference_network
    vector = network.init(np.random.default_rng(0))
    model = LineModel(network, vector, load_line_model().calibration)
    pictures = [picture for picture, _ in lines[:4]]
    x, lengths = to_batch(pictures)
    together, _ = network.forward(network.layer_params(vector), x)
    for picture, logits, length in zip(pictures, together, lengths, strict=True):
        alone = model.log_probabilities(picture)
        # The last columns see ink beyond the end of a shorter line.
        np.testing.assert_allclose(
            np.exp(alone[: length - 4]),
            softmax(logits[: length - 4]),
            rtol=1e-4,
            atol=1e-6,
        )


def softmax(logits):
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def test_middle_of_each_output_is_where_the_network_looks():
    network = line_network((4, 8, 8, 8), 24).inference_network
    vector = network.init(np.random.default_rng(0))
    model = LineModel(network, vector, load_line_model().calibration)
    line = np.zeros((32, 200), np.uint8)
    empty = model.log_probabilities(line)
    line[6:26, 100:103] = 255
    changed = np.flatnonzero((model.log_probabilities(line) != empty).any(axis=1))
    seen = model.columns(len(empty))[changed]
    assert abs((seen[0] + seen[-1]) / 2 - 101) <= 1


def test_empty_columns_behind_a_line_change_nothing(lines):
    """As in a batch, where nearly all lines have them."""
    network = line_network((4, 8, 8, 8), 24).inference_network
    vector = network.init(np.random.default_rng(0))
    vector += np.random.default_rng(1).normal(0, 0.1, vector.shape).astype(np.float32)
    model = LineModel(network, vector, load_line_model().calibration)
    for picture, _ in lines[:3]:
        alone = model.log_probabilities(picture)
        followed = model.log_probabilities(np.pad(picture, ((0, 0), (0, 40))))
        np.testing.assert_allclose(followed[: len(alone)], alone, rtol=1e-4, atol=1e-4)
