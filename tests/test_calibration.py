"""Calibration: temperature, rejection scores and rejection threshold."""

from dataclasses import replace

import numpy as np
import pytest
from foreign import ForeignArray
from untrained import untrained

from inkdigits import calibration
from inkdigits.calibration import (
    DIGITS_OF_WRITER,
    MAX_REJECTED,
    MAX_REJECTED_OF_WRITER,
    Calibration,
    HeldOut,
    calibrate,
    choose_candidates,
    fit_rejection_threshold,
    fit_temperature,
    rejection_scores,
)
from inkdigits.constants import CLASSES
from inkdigits.inference import predict_logits
from inkdigits.model_file import TEMPERATURES
from inkdigits.nn.losses import one_hot, softmax, softmax_cross_entropy
from inkdigits.recipes import CLASSIC, MLP, NON_DIGIT


def held_out_of(seed, count=50, writers=None):
    """Return random images with random labels."""
    rng = np.random.default_rng(seed)
    x, labels = rng.random((count, 28, 28), np.float32), rng.integers(CLASSES, size=count)
    return HeldOut(x, labels, writers)


@pytest.fixture(scope="module")
def held_out():
    """Digits of two sources, with 100 by one writer."""
    return {"one": held_out_of(0), "other": held_out_of(1, 100, np.full(100, "ced/a"))}


# calibrate


@pytest.mark.parametrize("tta", [False, True])
def test_calibration_uses_the_logits_that_the_recognizer_uses(held_out, tta):
    recipe, model = replace(MLP, tta=tta), untrained("mlp")
    params = model.network.layer_params(model.vector)

    def expected(tta):
        sources = held_out.values()
        logits = [predict_logits(model.network, params, source.x, tta) for source in sources]
        temperature = fit_temperature(
            [z[:, :CLASSES] for z in logits], [source.labels for source in sources]
        )
        thresholds = [
            fit_rejection_threshold(rejection_scores(z), source.writers)
            for z, source in zip(logits, sources, strict=True)
        ]
        return temperature, max(thresholds)

    assert calibrate(recipe, model.vector, held_out) == expected(tta)
    assert expected(tta) != expected(not tta)


def test_every_source_counts(held_out):
    model = untrained("mlp")
    params = model.network.layer_params(model.vector)
    # All of one source's predictions are right.
    logits = predict_logits(model.network, params, held_out["one"].x, MLP.tta)
    right = held_out["one"]._replace(labels=logits[:, :CLASSES].argmax(axis=1))
    sources = {"one": right, "other": held_out["other"]}
    one, other = (calibrate(MLP, model.vector, {name: sources[name]}) for name in sources)
    both = calibrate(MLP, model.vector, sources)
    assert min(one.temperature, other.temperature) < both.temperature
    assert both.temperature < max(one.temperature, other.temperature)
    # No source's digits are rejected more often than its own threshold would.
    assert both.rejection_threshold == max(one.rejection_threshold, other.rejection_threshold)


def test_without_digits_that_are_held_out_nothing_is_calibrated():
    assert calibrate(CLASSIC, untrained("classic").vector, {}) == Calibration(1.0, None)
    assert calibrate(MLP, untrained("mlp").vector, {}) == Calibration(1.0, 0.0)


def test_digits_only_network_gets_no_threshold(held_out):
    temperature, threshold = calibrate(CLASSIC, untrained("classic").vector, held_out)
    assert temperature != 1
    assert threshold is None


def test_arrays_of_another_library_give_the_same_calibration(held_out):
    recipe, vector = replace(MLP, tta=False), untrained("mlp").vector
    foreign = {
        name: HeldOut(ForeignArray(source.x), ForeignArray(source.labels), source.writers)
        for name, source in held_out.items()
    }
    calibration = calibrate(recipe, ForeignArray(vector), foreign)
    assert calibration == calibrate(recipe, vector, held_out)
    assert [type(value) for value in calibration] == [float, float]


def test_each_digit_is_calibrated_by_its_best_candidate(held_out, monkeypatch):
    recipe, model = replace(MLP, tta=False), untrained("mlp")
    digits = held_out["one"].x
    params = model.network.layer_params(model.vector)
    scores = rejection_scores(predict_logits(model.network, params, digits, tta=False))
    likely, unlikely = digits[scores.argmin()], digits[scores.argmax()]
    penalty = float(np.ptp(scores)) / 3
    monkeypatch.setattr(calibration, "ALTERNATIVE_PENALTY", penalty)
    labels = np.array([1, 2, 3, 4])
    # A second candidate that is better, a third, no other, and a worse one.
    x = np.stack([unlikely, likely, unlikely, unlikely, likely, unlikely, likely, unlikely])
    counts = np.array([2, 3, 1, 2])
    best = np.stack([likely, likely, unlikely, likely])
    chosen = calibrate(recipe, model.vector, {"": HeldOut(x, labels, None, counts)})
    expected = calibrate(recipe, model.vector, {"": HeldOut(best, labels, None)})
    assert chosen.temperature == pytest.approx(expected.temperature, rel=1e-3)
    assert chosen.rejection_threshold == pytest.approx(scores.max(), abs=1e-4)
    only = HeldOut(x[:5], labels[:2], None, counts[:2])
    threshold = calibrate(recipe, model.vector, {"": only}).rejection_threshold
    assert threshold == pytest.approx(scores.min() + penalty, abs=1e-4)


def test_digits_only_network_is_calibrated_by_the_likeliest_candidates(held_out):
    source, vector = held_out["one"], untrained("classic").vector
    count = len(source.labels)
    x = np.stack([source.x, source.x[::-1]], axis=1).reshape(-1, 28, 28)
    alternatives = source._replace(x=x, counts=np.full(count, 2))
    expected = calibrate(CLASSIC, vector, {"": source})
    assert calibrate(CLASSIC, vector, {"": alternatives}) == expected


def test_first_of_equal_candidates_is_chosen():
    scores = np.array([-1.0, -1.0, -3.0, 2.0, -9.0, -9.0, -4.0, -np.inf, -np.inf])
    places, chosen = choose_candidates(scores, np.array([2, 1, 3, 1, 2]))
    assert places.tolist() == [0, 2, 4, 6, 7]
    assert chosen.tolist() == [-1, -3, -9 + calibration.ALTERNATIVE_PENALTY, -4, -np.inf]


# Temperature


@pytest.mark.parametrize("temperature", [0.25, 1.0, 1.7, 6.0])
def test_fit_recovers_the_temperature_of_sampled_labels(temperature):
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 4, (20_000, 10)).astype(np.float32)
    # Gumbel's trick draws a class with the softmax's probabilities.
    labels = (logits / temperature + rng.gumbel(size=logits.shape)).argmax(axis=1)
    assert fit_temperature([logits], [labels]) == pytest.approx(temperature, rel=0.03)


def test_temperature_minimizes_the_loss():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 4, (500, 10)).astype(np.float32)
    labels = (logits / 2 + rng.gumbel(size=logits.shape)).argmax(axis=1)
    best = fit_temperature([logits], [labels])

    def loss(temperature):
        return softmax_cross_entropy(logits / np.float32(temperature), one_hot(10)[labels])[0]

    assert loss(best) < min(loss(best * 1.02), loss(best / 1.02))
    confidence = softmax(logits / np.float32(best)).max(axis=1).mean()
    assert confidence == pytest.approx(np.mean(logits.argmax(axis=1) == labels), abs=0.05)


def test_sources_have_the_same_weight_for_the_temperature():
    """A source of twenty times as many digits does not outvote another."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 4, (4000, 10)).astype(np.float32)
    labels = [
        (logits / temperature + rng.gumbel(size=logits.shape)).argmax(axis=1)
        for temperature in (0.5, 4)
    ]
    once = fit_temperature([logits, logits], labels)
    many = [np.tile(logits, (20, 1)), logits]
    assert fit_temperature(many, [np.tile(labels[0], 20), labels[1]]) == pytest.approx(
        once, rel=1e-3
    )
    assert 0.6 < once < 4


def test_temperature_stays_within_what_a_model_file_allows():
    """If all predictions are right, or all wrong, the best temperature is unbounded."""
    labels = np.arange(10).repeat(10)
    lowest = fit_temperature([one_hot(10)[labels]], [labels])
    highest = fit_temperature([one_hot(10)[9 - labels]], [labels])
    assert TEMPERATURES[0] < 0.05 <= lowest < 0.06
    assert 19 < highest <= 20 < TEMPERATURES[1]


# Rejection


def test_rejection_score_is_the_log_odds_of_a_non_digit():
    logits = np.random.default_rng(0).normal(0, 5, (100, 11))
    probability = softmax(logits)[:, NON_DIGIT]
    np.testing.assert_allclose(
        rejection_scores(logits), np.log(probability / (1 - probability)), rtol=1e-9
    )


def test_rejection_score_does_not_overflow():
    logits = np.full((2, 11), 1000.0)
    logits[1, NON_DIGIT] = 3000
    np.testing.assert_allclose(rejection_scores(logits), [-np.log(10), 2000 - np.log(10)])


def scores_of(count):
    return np.random.default_rng(0).permutation(np.linspace(-30, 5, count))


@pytest.mark.parametrize("count", [1, 7, 199, 200, 201, 10_000])
def test_threshold_is_the_lowest_that_rejects_few_enough_of_a_source(count):
    scores = scores_of(count)
    threshold = fit_rejection_threshold(scores)
    assert np.mean(scores > threshold) <= MAX_REJECTED
    lower = scores[scores < threshold]
    assert not lower.size or np.mean(scores > lower.max()) > MAX_REJECTED


def test_writer_of_many_digits_may_be_rejected_a_little_more_often_than_the_source():
    scores = scores_of(2000)
    writers = np.arange(2000) % 20
    # One writer writes what looks least like digits.
    writers[scores > 3] = 20
    theirs = scores[writers == 20]
    assert len(theirs) >= DIGITS_OF_WRITER
    threshold = fit_rejection_threshold(scores, writers)
    assert 0 < np.mean(theirs > threshold) <= MAX_REJECTED_OF_WRITER
    assert threshold > fit_rejection_threshold(scores)


def test_writers_do_not_matter_if_the_source_is_stricter():
    scores = scores_of(10_000)
    writers = np.array(["ced/a", "ced/b"]).repeat(5000)
    assert fit_rejection_threshold(scores, writers) == fit_rejection_threshold(scores)


@pytest.mark.parametrize("digits", [DIGITS_OF_WRITER - 1, DIGITS_OF_WRITER])
def test_writers_of_few_digits_count_only_in_their_source(digits):
    """One scrawl in ten would be too many, but for chance."""
    scores = np.full(10_000, -5.0)
    writers = np.zeros(10_000, int)
    scores[:digits:10] = np.linspace(1, 2, len(scores[:digits:10]))
    writers[:digits] = 1
    raised = fit_rejection_threshold(scores, writers) > fit_rejection_threshold(scores)
    assert raised == (digits == DIGITS_OF_WRITER)
