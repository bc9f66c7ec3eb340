"""Activations, contributions, saliency and occlusion say what their definitions say."""

import numpy as np
import pytest
from explained import SEVEN, ink_of

from inkdigits import Recognizer
from inkdigits.explain import explain_ink
from inkdigits.explain.passes import Pass, one_hot_like
from inkdigits.preprocessing import network_input


def pass_for(recognizer, seen, dtype=np.float32):
    model = recognizer.model
    return Pass(model.network, model.vector.astype(dtype), network_input(seen[None]).astype(dtype))


@pytest.mark.parametrize("name", ["cnn-small", "mlp", "classic"])
def test_logits_are_those_of_the_forward_pass(name):
    recognizer = Recognizer.load(name)
    explanation = explain_ink(ink_of(SEVEN), recognizer, parts=["layers"])
    model = recognizer.model
    x = network_input(explanation.prediction.seen[None])
    logits, _ = model.network.forward(model.network.layer_params(model.vector), x)
    np.testing.assert_array_equal(logits[0], np.array(explanation.logits, np.float32))
    np.testing.assert_array_equal(explanation.layers[-1].activation, logits[0])
    assert [layer.output_shape for layer in explanation.layers] == [
        layer.output_shape for layer in recognizer.describe().layers
    ]
    assert explanation.target_name == "7"
    last = explanation.layers[-1].contribution
    assert last[explanation.target] == logits[0, explanation.target]
    assert np.count_nonzero(last) == 1


@pytest.mark.parametrize("name", ["cnn-small", "mlp"])
@pytest.mark.parametrize("target", ["7", "3", "non-digit"])
def test_contributions_of_a_relu_network_add_up_to_the_logit(name, target):
    recognizer = Recognizer.load(name)
    explanation = explain_ink(ink_of(SEVEN), recognizer, parts=["layers"], target=target)
    forward = pass_for(recognizer, explanation.prediction.seen)
    gradients = forward.gradients(one_hot_like(forward.logits, (explanation.target,)))
    # What each layer's biases contribute: each times the gradient where it is added.
    biases = [
        float((gradient * params["bias"]).sum()) if "bias" in params else 0.0
        for params, gradient in zip(forward.params, gradients[1:], strict=True)
    ]
    assert any(abs(bias) > 0.01 for bias in biases)
    for layer in explanation.layers:
        total = float(layer.contribution.sum()) + sum(biases[layer.index + 1 :])
        assert total == pytest.approx(explanation.logits[explanation.target], abs=1e-4)
    pixels = float((forward.arrays[0][0] * gradients[0]).sum())
    assert pixels + sum(biases) == pytest.approx(explanation.logits[explanation.target], abs=1e-4)


@pytest.mark.parametrize("name", ["cnn-small", "mlp", "classic"])
def test_saliency_is_the_gradient_at_the_pixels(name):
    recognizer = Recognizer.load(name)
    # No pixel is like another: of equal values, pooling sends the gradient to one alone.
    noise = np.random.default_rng(0).permutation(784).reshape(28, 28) / 1000
    explanation = explain_ink(noise, recognizer, parts=["saliency"], target="2", preprocess=False)
    model, seen = recognizer.model, explanation.prediction.seen
    x = network_input(seen[None]).astype(np.float64)
    params = model.network.layer_params(model.vector.astype(np.float64))
    for row, column in [(14, 14), (6, 10), (20, 15), (0, 0)]:
        step = np.zeros_like(x)
        step[0, row, column] = 1e-6
        above, below = (model.network.forward(params, x + sign * step)[0] for sign in (1, -1))
        slope = (above - below)[0, 2] / 2e-6
        assert explanation.saliency[row, column] == pytest.approx(slope, abs=1e-3)


def test_occlusion_is_the_fall_of_the_logit():
    recognizer = Recognizer.load()
    explanation = explain_ink(ink_of(SEVEN), recognizer, parts=["occlusion"])
    seen, target = explanation.prediction.seen, explanation.target
    for row, column in [(14, 14), (5, 10), (4, 18), (12, 15), (27, 27), (0, 13)]:
        blank = seen.copy()
        blank[max(0, row - 2) : row + 3, max(0, column - 2) : column + 3] = 0
        fall = explanation.logits[target] - pass_for(recognizer, blank).logits[target]
        assert explanation.occlusion[row, column] == pytest.approx(fall, abs=1e-4)
    assert explanation.occlusion.max() > 1
    assert explanation.occlusion[27, 27] == 0
