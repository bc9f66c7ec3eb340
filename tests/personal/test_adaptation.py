"""A personal model learns one person's odd digits, and forgets nobody else's."""

from dataclasses import replace

import numpy as np
import pytest
from odd_hand import Y_FOR_4, Z_FOR_7, answers, odd_samples, ordinary_samples
from profile_samples import base_model, made_samples
from untrained import untrained

from inkdigits import Recognizer
from inkdigits.nn.losses import one_hot, softmax
from inkdigits.personal import adaptation
from inkdigits.personal.adaptation import MAX_IMAGES, MAX_LOST, adapt, leave_one_out
from inkdigits.personal.head import Head
from inkdigits.personal.others import load_others

MODELS = ("cnn-small", "mlp", "classic")


@pytest.mark.parametrize(
    ("shape", "label", "before"), [(Z_FOR_7, 7, 2), (Y_FOR_4, 4, None)], ids=["wrong", "rejected"]
)
def test_one_correction_is_enough_for_an_odd_digit(shape, label, before):
    base = base_model("cnn-small")
    written_later = odd_samples(base, shape, label, 8, seed=9)
    assert answers(base, written_later) == [before] * 8
    recognizer = adapt(base, odd_samples(base, shape, label, 1)).recognizer(base)
    assert answers(recognizer, written_later) == [label] * 8
    assert answers(recognizer, ordinary_samples(base)) == list(range(10))


@pytest.mark.parametrize("name", MODELS)
def test_every_shipped_model_learns(name):
    base = base_model(name)
    samples = odd_samples(base, Z_FOR_7, 7, 5) + ordinary_samples(base)
    written_later = odd_samples(base, Z_FOR_7, 7, 8, seed=9)
    model = adapt(base, samples)
    learned = answers(model.recognizer(base), written_later).count(7)
    assert learned - answers(base, written_later).count(7) >= 6
    assert answers(model.recognizer(base), ordinary_samples(base)) == list(range(10))
    assert model.others_after >= model.others_before - MAX_LOST


def test_same_samples_give_the_same_model():
    base = base_model()
    first, second = (adapt(base, made_samples(4)).tensors for _ in range(2))
    assert first.keys() == second.keys()
    assert all((first[name] == second[name]).all() for name in first)


def test_without_samples_the_model_is_left_as_it_was():
    base = base_model()
    model = adapt(base, [])
    assert (model.recognizer(base).model.vector == base.model.vector).all()
    assert (model.strength, model.others_before) == (1, model.others_after)


def test_only_the_last_two_dense_layers_change():
    base = base_model("cnn-small")
    personal = adapt(base, ordinary_samples(base)).recognizer(base).model
    old = base.model.network.unflatten(base.model.vector)
    new = base.model.network.unflatten(personal.vector)
    changed = [name for name in old if (old[name] != new[name]).any()]
    assert changed == list(old)[-4:]


@pytest.fixture
def others():
    return load_others(base_model().digest)


@pytest.mark.parametrize(("lost", "strength"), [(0.0, 1.0), (2 * MAX_LOST, 0.5), (9.0, 0.0)])
def test_change_is_weakened_as_far_as_others_require(others, monkeypatch, lost, strength):
    base, samples = base_model(), ordinary_samples(base_model())
    start = Head.of(base).vector
    tensors = adapt(base, samples).tensors.values()
    whole = np.abs(np.concatenate([tensor.ravel() for tensor in tensors]) - start).max()

    def share(others, head, vector):
        return others.recognized / others.digits - lost * np.abs(vector - start).max() / whole

    monkeypatch.setattr(type(others), "share_recognized", share)
    model = adapt(base, samples)
    assert model.strength == strength
    assert model.others_after >= model.others_before - 1.01 * MAX_LOST
    assert bool(model.tensors) == (strength > 0)


def test_gradient_holds_back_only_where_the_right_class_became_less_likely(others):
    head = Head.of(base_model())
    targets = one_hot(11)
    protection = adaptation._Protection(head, others, targets)
    features, labels = others.protected()
    logits = head.logits(features, head.vector)
    before = softmax(logits)
    rng = np.random.default_rng(0)
    moved = logits + rng.normal(0, 1, logits.shape).astype(np.float32)
    gradient = protection.gradient(moved)
    rows = np.arange(len(labels))
    is_less_likely = softmax(moved)[rows, labels] < before[rows, labels]
    assert 100 < is_less_likely.sum() < len(labels) - 100
    assert (gradient[~is_less_likely] == 0).all()
    # The derivative of the mean cross-entropy of those alone.
    row = np.flatnonzero(is_less_likely)[0]

    def loss(step):
        shifted = moved[row].astype(np.float64) + step * direction
        log_p = shifted - np.log(np.exp(shifted).sum())
        return -adaptation.OTHERS_WEIGHT * (before[row] * log_p).sum() / len(labels)

    direction = rng.normal(size=11)
    slope = (loss(1e-4) - loss(-1e-4)) / 2e-4
    assert gradient[row] @ direction == pytest.approx(slope, rel=1e-3)


def test_without_others_features_nothing_is_checked_and_the_pull_is_stronger():
    base = base_model("cnn-small")
    same = Recognizer(replace(base.model, digest="f" * 64), "mine")
    samples = odd_samples(base, Z_FOR_7, 7, 5)
    model, alone = adapt(base, samples), adapt(same, samples)
    assert (alone.others_before, alone.others_after, alone.strength) == (None, None, 1)
    assert answers(alone.recognizer(same), samples) == [7] * 5
    old = Head.of(base).tensors(Head.of(base).vector)
    changes = [sum(np.square(m.tensors[n] - old[n]).sum() for n in old) for m in (alone, model)]
    assert changes[0] < changes[1]


def test_a_step_uses_a_limited_number_of_many_samples(monkeypatch):
    head = Head.of(base_model())
    sizes = []
    forward = type(head.network).forward

    def counted(self, params, x, rng=None):
        sizes.append(len(x))
        return forward(self, params, x, rng)

    features = np.zeros((MAX_IMAGES + 50, 1, 128), np.float32)
    monkeypatch.setattr(type(head.network), "forward", counted)
    adaptation.fit(head, features, np.zeros(len(features), np.uint8), None)
    assert set(sizes) == {MAX_IMAGES}


@pytest.mark.parametrize("count", [1, 50, 51, 700])
def test_copies_of_samples_are_limited(count):
    head = Head.of(base_model())
    samples = made_samples(1) * count
    features, labels = adaptation._sample_features(head, samples)
    copies = features.shape[1]
    assert labels.shape == features.shape[:1] == (count,)
    assert copies == max(1, min(13, MAX_IMAGES // count))
    # The first one is the sample itself.
    assert np.allclose(features[0, 0], head.features_of(samples[0].seen[None])[0], atol=1e-5)


def test_each_sample_is_predicted_by_a_model_that_was_not_fitted_to_it(monkeypatch):
    base = base_model()
    samples = odd_samples(base, Z_FOR_7, 7, 3) + ordinary_samples(base)
    fitted_to = []
    fit = adaptation.fit

    def watched(head, features, labels, others):
        fitted_to.append(len(features))
        return fit(head, features, labels, others)

    monkeypatch.setattr(adaptation, "fit", watched)
    found = leave_one_out(base, samples)
    assert found == [7] * 3 + list(range(10))
    # In ten groups: three of two samples, seven of one.
    assert sorted(fitted_to) == [11] * 3 + [12] * 7
    # An odd one alone cannot be known from the others.
    assert leave_one_out(base, samples[2:])[0] == 2
    assert leave_one_out(base, samples[:1]) == [2]
    assert leave_one_out(base, []) == []


@pytest.mark.parametrize("function", [adapt, leave_one_out])
def test_models_of_other_classes_are_refused(function):
    model = untrained(classes=tuple("abcdefghij"))
    with pytest.raises(ValueError, match="does not recognize digits; choose one that does"):
        function(Recognizer(replace(model, digest="1"), "letters"), made_samples(2))
